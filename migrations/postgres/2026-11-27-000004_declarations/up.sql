-- Values that cannot be derived from dossiers, declared with evidence, and what a second person said of them.
-- By agency: the one that declares. Rows are only ever added: another value is another version.
CREATE TABLE declarations (
    agency_id TEXT COLLATE "C" NOT NULL,
    plan TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    declared_by TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (agency_id, plan, target, version)
);
CREATE TABLE declaration_reviews (
    agency_id TEXT COLLATE "C" NOT NULL,
    plan TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('accepted', 'rejected')),
    reviewed_by TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    note TEXT,
    PRIMARY KEY (agency_id, plan, target, version),
    FOREIGN KEY (agency_id, plan, target, version) REFERENCES declarations (agency_id, plan, target, version)
);

-- Append-only. On a distributed cluster, which carries no triggers, revoke UPDATE and DELETE instead.
CREATE TRIGGER declarations_append_only BEFORE UPDATE OR DELETE ON declarations
    FOR EACH ROW EXECUTE FUNCTION motcua_append_only();
CREATE TRIGGER declarations_no_truncate BEFORE TRUNCATE ON declarations
    FOR EACH STATEMENT EXECUTE FUNCTION motcua_append_only();
CREATE TRIGGER declaration_reviews_append_only BEFORE UPDATE OR DELETE ON declaration_reviews
    FOR EACH ROW EXECUTE FUNCTION motcua_append_only();
CREATE TRIGGER declaration_reviews_no_truncate BEFORE TRUNCATE ON declaration_reviews
    FOR EACH STATEMENT EXECUTE FUNCTION motcua_append_only();
