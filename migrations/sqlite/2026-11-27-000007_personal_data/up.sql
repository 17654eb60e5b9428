-- Keys under which personal values lie sealed: their ids, never the keys. The newest one seals; `searched` is the one
-- whose blind index is complete. `secret` is the database's own, sealed under the key.
CREATE TABLE data_keys (
    id TEXT NOT NULL PRIMARY KEY,
    added_at INTEGER NOT NULL,
    searched INTEGER NOT NULL,
    secret BLOB NOT NULL
);

-- A row not sealed yet has the empty key; the program seals it at its next start. Hexadecimal salt, then the JSON text.
CREATE TABLE personal_sealed (
    agency_id TEXT NOT NULL,
    dossier_id BLOB NOT NULL,
    n INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (agency_id, dossier_id, n),
    FOREIGN KEY (agency_id, dossier_id) REFERENCES dossiers (agency_id, id)
);
INSERT INTO personal_sealed (agency_id, dossier_id, n, key_id, sealed)
    SELECT agency_id, dossier_id, n, '', CAST(lower(hex(salt)) || body AS BLOB) FROM personal;
DROP TABLE personal;
ALTER TABLE personal_sealed RENAME TO personal;

-- Who can be found by whom: digests of numbers, from when to when an applicant was known by them.
CREATE TABLE personal_index (
    agency_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    digest BLOB NOT NULL,
    dossier_id BLOB NOT NULL,
    n INTEGER NOT NULL,
    known_from INTEGER NOT NULL,
    known_to INTEGER NOT NULL,
    PRIMARY KEY (agency_id, key_id, digest, dossier_id, n),
    FOREIGN KEY (agency_id, dossier_id, n) REFERENCES personal (agency_id, dossier_id, n) ON DELETE CASCADE
);
CREATE INDEX personal_index_by_dossier ON personal_index (agency_id, dossier_id, n);

-- Who saw what of whom, when, why.
CREATE TABLE access_log (
    agency_id TEXT NOT NULL,
    id BLOB NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    dossier_id BLOB,
    purpose TEXT NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (agency_id, id)
);
CREATE INDEX access_log_by_time ON access_log (agency_id, at, id);

-- A row may be erased, or sealed anew under another key at its place; what it says is bound by the chain.
CREATE TRIGGER personal_no_update BEFORE UPDATE ON personal
    WHEN NEW.key_id = OLD.key_id OR NEW.key_id = '' OR NEW.agency_id <> OLD.agency_id
        OR NEW.dossier_id <> OLD.dossier_id OR NEW.n <> OLD.n
    BEGIN SELECT RAISE(ABORT, 'history is append-only: UPDATE on personal is refused'); END;
CREATE TRIGGER personal_no_replace BEFORE INSERT ON personal
    WHEN EXISTS (SELECT 1 FROM personal WHERE agency_id = NEW.agency_id AND dossier_id = NEW.dossier_id AND n = NEW.n)
    BEGIN SELECT RAISE(ABORT, 'history is append-only: REPLACE on personal is refused'); END;
-- Also for who does not ask SQLite to mind foreign keys.
CREATE TRIGGER personal_erased AFTER DELETE ON personal
    BEGIN DELETE FROM personal_index WHERE agency_id = OLD.agency_id AND dossier_id = OLD.dossier_id AND n = OLD.n; END;
CREATE TRIGGER access_log_no_update BEFORE UPDATE ON access_log
    BEGIN SELECT RAISE(ABORT, 'history is append-only: UPDATE on access_log is refused'); END;
CREATE TRIGGER access_log_no_delete BEFORE DELETE ON access_log
    BEGIN SELECT RAISE(ABORT, 'history is append-only: DELETE on access_log is refused'); END;
CREATE TRIGGER access_log_no_replace BEFORE INSERT ON access_log
    WHEN EXISTS (SELECT 1 FROM access_log WHERE agency_id = NEW.agency_id AND id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'history is append-only: REPLACE on access_log is refused'); END;
