-- Goes back only while no row of the access log is chained: a chain without some of its links is none.
CREATE TABLE records_before (
    agency_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('declaration', 'declaration_review', 'snapshot', 'snapshot_act')),
    subject TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (agency_id, seq),
    UNIQUE (agency_id, kind, subject)
);
INSERT INTO records_before (agency_id, seq, kind, subject, recorded_at, prev_hash, hash)
    SELECT agency_id, seq, kind, subject, recorded_at, prev_hash, hash FROM records;
DROP TABLE records;
ALTER TABLE records_before RENAME TO records;

CREATE TRIGGER records_no_update BEFORE UPDATE ON records
    BEGIN SELECT RAISE(ABORT, 'history is append-only: UPDATE on records is refused'); END;
CREATE TRIGGER records_no_delete BEFORE DELETE ON records
    BEGIN SELECT RAISE(ABORT, 'history is append-only: DELETE on records is refused'); END;
CREATE TRIGGER records_no_replace BEFORE INSERT ON records
    WHEN EXISTS (SELECT 1 FROM records WHERE agency_id = NEW.agency_id AND seq = NEW.seq)
        OR EXISTS (SELECT 1 FROM records WHERE agency_id = NEW.agency_id AND kind = NEW.kind AND subject = NEW.subject)
    BEGIN SELECT RAISE(ABORT, 'history is append-only: the row of records is there'); END;
