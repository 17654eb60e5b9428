-- Periods frozen: reports with their content and hashes, and what was done to them. Both are only ever added to.
CREATE TABLE snapshots (
    agency_id TEXT NOT NULL,
    id BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    basis TEXT NOT NULL CHECK (basis IN ('computed', 'declared')),
    label TEXT NOT NULL,
    report TEXT NOT NULL,
    period_from TEXT NOT NULL,
    period_to TEXT NOT NULL,
    known_at INTEGER NOT NULL,
    content TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    PRIMARY KEY (agency_id, id)
);
CREATE INDEX snapshots_by_id ON snapshots (id);
CREATE TABLE snapshot_acts (
    agency_id TEXT NOT NULL,
    snapshot_id BLOB NOT NULL,
    n INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('sealed', 'verified')),
    recorded_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (agency_id, snapshot_id, n),
    FOREIGN KEY (agency_id, snapshot_id) REFERENCES snapshots (agency_id, id)
);

CREATE TRIGGER snapshots_no_update BEFORE UPDATE ON snapshots
    BEGIN SELECT RAISE(ABORT, 'history is append-only: UPDATE on snapshots is refused'); END;
CREATE TRIGGER snapshots_no_delete BEFORE DELETE ON snapshots
    BEGIN SELECT RAISE(ABORT, 'history is append-only: DELETE on snapshots is refused'); END;
CREATE TRIGGER snapshots_no_replace BEFORE INSERT ON snapshots
    WHEN EXISTS (SELECT 1 FROM snapshots WHERE agency_id = NEW.agency_id AND id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'history is append-only: REPLACE on snapshots is refused'); END;
CREATE TRIGGER snapshot_acts_no_update BEFORE UPDATE ON snapshot_acts
    BEGIN SELECT RAISE(ABORT, 'history is append-only: UPDATE on snapshot_acts is refused'); END;
CREATE TRIGGER snapshot_acts_no_delete BEFORE DELETE ON snapshot_acts
    BEGIN SELECT RAISE(ABORT, 'history is append-only: DELETE on snapshot_acts is refused'); END;
CREATE TRIGGER snapshot_acts_no_replace BEFORE INSERT ON snapshot_acts
    WHEN EXISTS (SELECT 1 FROM snapshot_acts WHERE agency_id = NEW.agency_id AND snapshot_id = NEW.snapshot_id AND n = NEW.n)
    BEGIN SELECT RAISE(ABORT, 'history is append-only: REPLACE on snapshot_acts is refused'); END;
