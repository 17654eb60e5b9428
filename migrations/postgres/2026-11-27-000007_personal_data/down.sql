DROP TABLE access_log;
DROP TABLE personal_index;
DROP TRIGGER personal_no_update ON personal;
DROP FUNCTION motcua_sealed_anew();
ALTER TABLE personal RENAME TO personal_sealed;
ALTER TABLE personal_sealed DROP CONSTRAINT personal_pkey;
ALTER TABLE personal_sealed DROP CONSTRAINT personal_agency_id_dossier_id_fkey;
CREATE TABLE personal (
    agency_id TEXT COLLATE "C" NOT NULL,
    dossier_id UUID NOT NULL,
    n INTEGER NOT NULL,
    salt BYTEA NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (agency_id, dossier_id, n),
    FOREIGN KEY (agency_id, dossier_id) REFERENCES dossiers (agency_id, id)
);
-- What is sealed cannot be opened here: such a row makes this fail, on purpose.
INSERT INTO personal (agency_id, dossier_id, n, salt, body)
    SELECT agency_id, dossier_id, n,
        CASE WHEN key_id = '' THEN decode(split_part(convert_from(sealed, 'UTF8'), '{', 1), 'hex') END,
        substr(convert_from(sealed, 'UTF8'), strpos(convert_from(sealed, 'UTF8'), '{'))
    FROM personal_sealed;
DROP TABLE personal_sealed;
DROP TABLE data_keys;
CREATE TRIGGER personal_no_update BEFORE UPDATE ON personal
    FOR EACH ROW EXECUTE FUNCTION motcua_append_only();
