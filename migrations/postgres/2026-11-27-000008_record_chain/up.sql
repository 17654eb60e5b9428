-- What an agency keeps beside its events (declared values, reviews, snapshots and what was done to them), chained by
-- hash in the order of recording: one link a row. By agency; rows are only ever added.
CREATE TABLE records (
    agency_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('declaration', 'declaration_review', 'snapshot', 'snapshot_act')),
    subject TEXT COLLATE "C" NOT NULL,
    recorded_at BIGINT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (agency_id, seq),
    UNIQUE (agency_id, kind, subject)
);

-- Append-only. On a distributed cluster, which carries no triggers, revoke UPDATE and DELETE instead.
CREATE TRIGGER records_append_only BEFORE UPDATE OR DELETE ON records
    FOR EACH ROW EXECUTE FUNCTION motcua_append_only();
CREATE TRIGGER records_no_truncate BEFORE TRUNCATE ON records
    FOR EACH STATEMENT EXECUTE FUNCTION motcua_append_only();
