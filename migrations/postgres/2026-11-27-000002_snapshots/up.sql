-- Periods frozen: reports with their content and hashes, and what was done to them. Both are only ever added to.
CREATE TABLE snapshots (
    agency_id TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    recorded_at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    basis TEXT COLLATE "C" NOT NULL CHECK (basis IN ('computed', 'declared')),
    label TEXT COLLATE "C" NOT NULL,
    report TEXT COLLATE "C" NOT NULL,
    period_from TEXT COLLATE "C" NOT NULL,
    period_to TEXT COLLATE "C" NOT NULL,
    known_at BIGINT NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    content_hash TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (agency_id, id)
);
CREATE INDEX snapshots_by_id ON snapshots (id);
CREATE TABLE snapshot_acts (
    agency_id TEXT COLLATE "C" NOT NULL,
    snapshot_id UUID NOT NULL,
    n INTEGER NOT NULL,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('sealed', 'verified')),
    recorded_at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (agency_id, snapshot_id, n),
    FOREIGN KEY (agency_id, snapshot_id) REFERENCES snapshots (agency_id, id)
);

CREATE TRIGGER snapshots_append_only BEFORE UPDATE OR DELETE ON snapshots
    FOR EACH ROW EXECUTE FUNCTION motcua_append_only();
CREATE TRIGGER snapshots_no_truncate BEFORE TRUNCATE ON snapshots
    FOR EACH STATEMENT EXECUTE FUNCTION motcua_append_only();
CREATE TRIGGER snapshot_acts_append_only BEFORE UPDATE OR DELETE ON snapshot_acts
    FOR EACH ROW EXECUTE FUNCTION motcua_append_only();
CREATE TRIGGER snapshot_acts_no_truncate BEFORE TRUNCATE ON snapshot_acts
    FOR EACH STATEMENT EXECUTE FUNCTION motcua_append_only();
