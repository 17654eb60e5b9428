-- Rows of the access log are links of their agency's chain of records too: nobody takes one out, or adds one, unseen. The
-- program chains the rows of before at its next start.
CREATE TABLE records_next (
    agency_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('declaration', 'declaration_review', 'snapshot', 'snapshot_act', 'access')),
    subject TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (agency_id, seq),
    UNIQUE (agency_id, kind, subject)
);
INSERT INTO records_next (agency_id, seq, kind, subject, recorded_at, prev_hash, hash)
    SELECT agency_id, seq, kind, subject, recorded_at, prev_hash, hash FROM records;
DROP TABLE records;
ALTER TABLE records_next RENAME TO records;

CREATE TRIGGER records_no_update BEFORE UPDATE ON records
    BEGIN SELECT RAISE(ABORT, 'history is append-only: UPDATE on records is refused'); END;
CREATE TRIGGER records_no_delete BEFORE DELETE ON records
    BEGIN SELECT RAISE(ABORT, 'history is append-only: DELETE on records is refused'); END;
CREATE TRIGGER records_no_replace BEFORE INSERT ON records
    WHEN EXISTS (SELECT 1 FROM records WHERE agency_id = NEW.agency_id AND seq = NEW.seq)
        OR EXISTS (SELECT 1 FROM records WHERE agency_id = NEW.agency_id AND kind = NEW.kind AND subject = NEW.subject)
    BEGIN SELECT RAISE(ABORT, 'history is append-only: the row of records is there'); END;
