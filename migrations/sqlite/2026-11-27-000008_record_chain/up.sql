-- What an agency keeps beside its events (declared values, reviews, snapshots and what was done to them), chained by
-- hash in the order of recording: one link a row. By agency; rows are only ever added.
CREATE TABLE records (
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

-- Append-only.
CREATE TRIGGER records_no_update BEFORE UPDATE ON records
    BEGIN SELECT RAISE(ABORT, 'history is append-only: UPDATE on records is refused'); END;
CREATE TRIGGER records_no_delete BEFORE DELETE ON records
    BEGIN SELECT RAISE(ABORT, 'history is append-only: DELETE on records is refused'); END;
-- INSERT OR REPLACE deletes without firing the triggers above.
CREATE TRIGGER records_no_replace BEFORE INSERT ON records
    WHEN EXISTS (SELECT 1 FROM records WHERE agency_id = NEW.agency_id AND seq = NEW.seq)
        OR EXISTS (SELECT 1 FROM records WHERE agency_id = NEW.agency_id AND kind = NEW.kind AND subject = NEW.subject)
    BEGIN SELECT RAISE(ABORT, 'history is append-only: the row of records is there'); END;
