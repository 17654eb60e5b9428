-- Keys under which personal values lie sealed: their ids, never the keys. The newest one seals; `searched` is the one
-- whose blind index is complete. `secret` is the database's own, sealed under the key.
CREATE TABLE data_keys (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    added_at BIGINT NOT NULL,
    searched BOOLEAN NOT NULL,
    secret BYTEA NOT NULL
);

-- A row not sealed yet has the empty key; the program seals it at its next start. Hexadecimal salt, then the JSON text.
DROP TRIGGER personal_no_update ON personal;
ALTER TABLE personal RENAME TO personal_before;
ALTER TABLE personal_before DROP CONSTRAINT personal_pkey;
ALTER TABLE personal_before DROP CONSTRAINT personal_agency_id_dossier_id_fkey;
CREATE TABLE personal (
    agency_id TEXT COLLATE "C" NOT NULL,
    dossier_id UUID NOT NULL,
    n INTEGER NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (agency_id, dossier_id, n),
    FOREIGN KEY (agency_id, dossier_id) REFERENCES dossiers (agency_id, id)
);
INSERT INTO personal (agency_id, dossier_id, n, key_id, sealed)
    SELECT agency_id, dossier_id, n, '', convert_to(encode(salt, 'hex') || body, 'UTF8') FROM personal_before;
DROP TABLE personal_before;

-- Who can be found by whom: digests of numbers, from when to when an applicant was known by them.
CREATE TABLE personal_index (
    agency_id TEXT COLLATE "C" NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    digest BYTEA NOT NULL,
    dossier_id UUID NOT NULL,
    n INTEGER NOT NULL,
    known_from BIGINT NOT NULL,
    known_to BIGINT NOT NULL,
    PRIMARY KEY (agency_id, key_id, digest, dossier_id, n),
    FOREIGN KEY (agency_id, dossier_id, n) REFERENCES personal (agency_id, dossier_id, n) ON DELETE CASCADE
);
CREATE INDEX personal_index_by_dossier ON personal_index (agency_id, dossier_id, n);

-- Who saw what of whom, when, why.
CREATE TABLE access_log (
    agency_id TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    dossier_id UUID,
    purpose TEXT NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (agency_id, id)
);
CREATE INDEX access_log_by_time ON access_log (agency_id, at, id);

-- A row may be erased, or sealed anew under another key at its place; what it says is bound by the chain.
CREATE FUNCTION motcua_sealed_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.key_id = OLD.key_id OR NEW.key_id = '' OR NEW.agency_id <> OLD.agency_id
        OR NEW.dossier_id <> OLD.dossier_id OR NEW.n <> OLD.n THEN
        RAISE EXCEPTION 'history is append-only: % on % is refused', TG_OP, TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER personal_no_update BEFORE UPDATE ON personal
    FOR EACH ROW EXECUTE FUNCTION motcua_sealed_anew();
CREATE TRIGGER access_log_no_change BEFORE UPDATE OR DELETE ON access_log
    FOR EACH ROW EXECUTE FUNCTION motcua_append_only();
CREATE TRIGGER access_log_no_truncate BEFORE TRUNCATE ON access_log
    FOR EACH STATEMENT EXECUTE FUNCTION motcua_append_only();
