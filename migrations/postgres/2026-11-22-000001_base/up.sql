-- Text keys compare by bytes, as they do on SQLite and in the program: lists and copies come in one order.
-- Every key of a dossier's tables begins with agency_id: the tables can be distributed on it.
-- Times are microseconds since 1970 in UTC. Ids are made by the application.

-- Reference: agencies, procedures, calendars, plans as versioned documents. Rows are only ever added.
CREATE TABLE catalogue (
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('agency', 'procedure', 'calendar', 'plan')),
    code TEXT COLLATE "C" NOT NULL,
    revision INTEGER NOT NULL,
    effective_from TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, code, revision)
);
-- A fresh random number at every change of a kind, so that caches know.
CREATE TABLE catalogue_stamps (
    kind TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    stamp BIGINT NOT NULL
);

-- Plain: who may sign in.
CREATE TABLE users (
    id UUID NOT NULL PRIMARY KEY,
    username TEXT COLLATE "C" NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    roles TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    revision INTEGER NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE refresh_tokens (
    token_hash BYTEA NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    expires_at BIGINT NOT NULL
);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);

-- By agency.
CREATE TABLE heads (
    agency_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL,
    recorded_at BIGINT NOT NULL
);
CREATE TABLE counters (
    agency_id TEXT COLLATE "C" NOT NULL,
    day TEXT COLLATE "C" NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (agency_id, day)
);
CREATE TABLE dossiers (
    agency_id TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    code TEXT COLLATE "C",
    PRIMARY KEY (agency_id, id),
    UNIQUE (agency_id, code)
);
CREATE INDEX dossiers_by_id ON dossiers (id);
CREATE INDEX dossiers_by_code ON dossiers (code);
CREATE TABLE events (
    agency_id TEXT COLLATE "C" NOT NULL,
    seq BIGINT NOT NULL,
    dossier_id UUID NOT NULL,
    n INTEGER NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    occurred_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    payload TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (agency_id, seq),
    UNIQUE (agency_id, dossier_id, n),
    FOREIGN KEY (agency_id, dossier_id) REFERENCES dossiers (agency_id, id)
);
CREATE TABLE personal (
    agency_id TEXT COLLATE "C" NOT NULL,
    dossier_id UUID NOT NULL,
    n INTEGER NOT NULL,
    salt BYTEA NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (agency_id, dossier_id, n),
    FOREIGN KEY (agency_id, dossier_id) REFERENCES dossiers (agency_id, id)
);
CREATE TABLE facts (
    agency_id TEXT COLLATE "C" NOT NULL,
    dossier_id UUID NOT NULL,
    valid_from BIGINT NOT NULL,
    valid_to BIGINT NOT NULL,
    known_from BIGINT NOT NULL,
    known_to BIGINT NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    voided BOOLEAN NOT NULL,
    code TEXT COLLATE "C",
    procedure TEXT COLLATE "C" NOT NULL,
    field TEXT COLLATE "C" NOT NULL,
    service_level TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('in_person', 'post', 'level_3', 'level_4')),
    on_the_spot BOOLEAN NOT NULL,
    electronic_result_eligible BOOLEAN NOT NULL,
    submitted_at BIGINT NOT NULL,
    answer_due BIGINT,
    answered_at BIGINT,
    received_at BIGINT,
    due BIGINT,
    figure_due BIGINT,
    figure_due_strict BIGINT,
    paused_since BIGINT,
    awaiting_supplement BOOLEAN NOT NULL,
    finished_at BIGINT,
    class TEXT CHECK (class IN ('early', 'on_time', 'late')),
    worked_minutes BIGINT NOT NULL,
    ended_at BIGINT,
    withdrawn_unanswered BOOLEAN NOT NULL,
    returned_at BIGINT,
    returned_same_day BOOLEAN NOT NULL,
    fee_due BIGINT NOT NULL,
    paid_online BOOLEAN NOT NULL,
    paid_national BOOLEAN NOT NULL,
    payment_methods TEXT NOT NULL,
    result_document BOOLEAN NOT NULL,
    result_electronic_signed BOOLEAN NOT NULL,
    result_digital BOOLEAN NOT NULL,
    dossier_digital BOOLEAN NOT NULL,
    reused BOOLEAN NOT NULL,
    rating INTEGER,
    rated_at BIGINT,
    rounds INTEGER NOT NULL,
    rounds_after_receipt INTEGER NOT NULL,
    signed_component BOOLEAN NOT NULL,
    paper_asked BOOLEAN NOT NULL,
    letter_in_time BOOLEAN NOT NULL,
    assisted BOOLEAN NOT NULL,
    late_entry BOOLEAN NOT NULL,
    reopens INTEGER NOT NULL,
    officer TEXT,
    submitted_by TEXT NOT NULL,
    PRIMARY KEY (agency_id, dossier_id, valid_from, known_from),
    FOREIGN KEY (agency_id, dossier_id) REFERENCES dossiers (agency_id, id)
);
-- Rows that ended before the cut are skipped by the index; superseded rows end when they were superseded.
CREATE INDEX facts_by_end ON facts (agency_id, valid_to);
-- The world as it stands now.
CREATE INDEX facts_current ON facts (agency_id, received_at, dossier_id)
    WHERE valid_to = 9223372036854775807 AND known_to = 9223372036854775807;
CREATE TABLE payments (
    agency_id TEXT COLLATE "C" NOT NULL,
    dossier_id UUID NOT NULL,
    n INTEGER NOT NULL,
    valid_from BIGINT NOT NULL,
    valid_to BIGINT NOT NULL,
    known_from BIGINT NOT NULL,
    known_to BIGINT NOT NULL,
    paid_at BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    refunded BIGINT NOT NULL,
    method TEXT NOT NULL,
    procedure TEXT COLLATE "C" NOT NULL,
    field TEXT COLLATE "C" NOT NULL,
    channel TEXT NOT NULL,
    submitted_by TEXT NOT NULL,
    voided BOOLEAN NOT NULL,
    PRIMARY KEY (agency_id, dossier_id, n, valid_from, known_from),
    FOREIGN KEY (agency_id, dossier_id) REFERENCES dossiers (agency_id, id)
);
CREATE INDEX payments_by_end ON payments (agency_id, valid_to);
CREATE TABLE idempotency (
    agency_id TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    body_hash TEXT NOT NULL,
    status INTEGER NOT NULL,
    resource TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (agency_id, actor, key)
);
CREATE TABLE import_keys (
    agency_id TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    source_id TEXT COLLATE "C" NOT NULL,
    dossier_id UUID NOT NULL,
    content_hash TEXT NOT NULL,
    PRIMARY KEY (agency_id, source, source_id),
    FOREIGN KEY (agency_id, dossier_id) REFERENCES dossiers (agency_id, id)
);

-- Append-only. On a distributed cluster, which carries no triggers, revoke UPDATE and DELETE instead.
CREATE FUNCTION motcua_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is append-only: % on % is refused', TG_OP, TG_TABLE_NAME;
END $$;
CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION motcua_append_only();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION motcua_append_only();
CREATE TRIGGER catalogue_append_only BEFORE UPDATE OR DELETE ON catalogue
    FOR EACH ROW EXECUTE FUNCTION motcua_append_only();
CREATE TRIGGER catalogue_no_truncate BEFORE TRUNCATE ON catalogue
    FOR EACH STATEMENT EXECUTE FUNCTION motcua_append_only();
CREATE TRIGGER personal_no_update BEFORE UPDATE ON personal
    FOR EACH ROW EXECUTE FUNCTION motcua_append_only();
