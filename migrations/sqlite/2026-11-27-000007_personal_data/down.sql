-- What is sealed cannot be opened here: such a row makes this fail, on purpose.
CREATE TABLE personal_plain (
    agency_id TEXT NOT NULL,
    dossier_id BLOB NOT NULL,
    n INTEGER NOT NULL,
    salt BLOB NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (agency_id, dossier_id, n),
    FOREIGN KEY (agency_id, dossier_id) REFERENCES dossiers (agency_id, id)
);
INSERT INTO personal_plain (agency_id, dossier_id, n, salt, body)
    SELECT agency_id, dossier_id, n,
        CASE WHEN key_id = '' THEN unhex(substr(CAST(sealed AS TEXT), 1, instr(CAST(sealed AS TEXT), '{') - 1)) END,
        substr(CAST(sealed AS TEXT), instr(CAST(sealed AS TEXT), '{'))
    FROM personal;
DROP TABLE access_log;
DROP TABLE personal_index;
DROP TABLE personal;
ALTER TABLE personal_plain RENAME TO personal;
DROP TABLE data_keys;
CREATE TRIGGER personal_no_update BEFORE UPDATE ON personal
    BEGIN SELECT RAISE(ABORT, 'history is append-only: UPDATE on personal is refused'); END;
CREATE TRIGGER personal_no_replace BEFORE INSERT ON personal
    WHEN EXISTS (SELECT 1 FROM personal WHERE agency_id = NEW.agency_id AND dossier_id = NEW.dossier_id AND n = NEW.n)
    BEGIN SELECT RAISE(ABORT, 'history is append-only: REPLACE on personal is refused'); END;
