-- Every key of a dossier's tables begins with agency_id: the tables can be distributed on it.
-- Times are microseconds since 1970 in UTC. Ids are made by the application.

-- Reference: agencies, procedures, calendars, plans as versioned documents. Rows are only ever added.
CREATE TABLE catalogue (
    kind TEXT NOT NULL CHECK (kind IN ('agency', 'procedure', 'calendar', 'plan')),
    code TEXT NOT NULL,
    revision INTEGER NOT NULL,
    effective_from TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, code, revision)
);
-- A fresh random number at every change of a kind, so that caches know.
CREATE TABLE catalogue_stamps (
    kind TEXT NOT NULL PRIMARY KEY,
    stamp INTEGER NOT NULL
);

-- Plain: who may sign in.
CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    roles TEXT NOT NULL,
    active INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE TABLE refresh_tokens (
    token_hash BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    expires_at INTEGER NOT NULL
);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id);

-- By agency.
CREATE TABLE heads (
    agency_id TEXT NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL,
    recorded_at INTEGER NOT NULL
);
CREATE TABLE counters (
    agency_id TEXT NOT NULL,
    day TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (agency_id, day)
);
CREATE TABLE dossiers (
    agency_id TEXT NOT NULL,
    id BLOB NOT NULL,
    code TEXT,
    PRIMARY KEY (agency_id, id),
    UNIQUE (agency_id, code)
);
CREATE INDEX dossiers_by_id ON dossiers (id);
CREATE INDEX dossiers_by_code ON dossiers (code);
CREATE TABLE events (
    agency_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    dossier_id BLOB NOT NULL,
    n INTEGER NOT NULL,
    kind TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    payload TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (agency_id, seq),
    UNIQUE (agency_id, dossier_id, n),
    FOREIGN KEY (agency_id, dossier_id) REFERENCES dossiers (agency_id, id)
);
CREATE TABLE personal (
    agency_id TEXT NOT NULL,
    dossier_id BLOB NOT NULL,
    n INTEGER NOT NULL,
    salt BLOB NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (agency_id, dossier_id, n),
    FOREIGN KEY (agency_id, dossier_id) REFERENCES dossiers (agency_id, id)
);
CREATE TABLE facts (
    agency_id TEXT NOT NULL,
    dossier_id BLOB NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER NOT NULL,
    known_from INTEGER NOT NULL,
    known_to INTEGER NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    voided INTEGER NOT NULL,
    code TEXT,
    procedure TEXT NOT NULL,
    field TEXT NOT NULL,
    service_level TEXT NOT NULL,
    channel TEXT NOT NULL CHECK (channel IN ('in_person', 'post', 'level_3', 'level_4')),
    on_the_spot INTEGER NOT NULL,
    electronic_result_eligible INTEGER NOT NULL,
    submitted_at INTEGER NOT NULL,
    answer_due INTEGER,
    answered_at INTEGER,
    received_at INTEGER,
    due INTEGER,
    figure_due INTEGER,
    figure_due_strict INTEGER,
    paused_since INTEGER,
    awaiting_supplement INTEGER NOT NULL,
    finished_at INTEGER,
    class TEXT CHECK (class IN ('early', 'on_time', 'late')),
    worked_minutes INTEGER NOT NULL,
    ended_at INTEGER,
    withdrawn_unanswered INTEGER NOT NULL,
    returned_at INTEGER,
    returned_same_day INTEGER NOT NULL,
    fee_due INTEGER NOT NULL,
    paid_online INTEGER NOT NULL,
    paid_national INTEGER NOT NULL,
    payment_methods TEXT NOT NULL,
    result_document INTEGER NOT NULL,
    result_electronic_signed INTEGER NOT NULL,
    result_digital INTEGER NOT NULL,
    dossier_digital INTEGER NOT NULL,
    reused INTEGER NOT NULL,
    rating INTEGER,
    rated_at INTEGER,
    rounds INTEGER NOT NULL,
    rounds_after_receipt INTEGER NOT NULL,
    signed_component INTEGER NOT NULL,
    paper_asked INTEGER NOT NULL,
    letter_in_time INTEGER NOT NULL,
    assisted INTEGER NOT NULL,
    late_entry INTEGER NOT NULL,
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
    agency_id TEXT NOT NULL,
    dossier_id BLOB NOT NULL,
    n INTEGER NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_to INTEGER NOT NULL,
    known_from INTEGER NOT NULL,
    known_to INTEGER NOT NULL,
    paid_at INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    refunded INTEGER NOT NULL,
    method TEXT NOT NULL,
    procedure TEXT NOT NULL,
    field TEXT NOT NULL,
    channel TEXT NOT NULL,
    submitted_by TEXT NOT NULL,
    voided INTEGER NOT NULL,
    PRIMARY KEY (agency_id, dossier_id, n, valid_from, known_from),
    FOREIGN KEY (agency_id, dossier_id) REFERENCES dossiers (agency_id, id)
);
CREATE INDEX payments_by_end ON payments (agency_id, valid_to);
CREATE TABLE idempotency (
    agency_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    status INTEGER NOT NULL,
    resource TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (agency_id, actor, key)
);
CREATE TABLE import_keys (
    agency_id TEXT NOT NULL,
    source TEXT NOT NULL,
    source_id TEXT NOT NULL,
    dossier_id BLOB NOT NULL,
    content_hash TEXT NOT NULL,
    PRIMARY KEY (agency_id, source, source_id),
    FOREIGN KEY (agency_id, dossier_id) REFERENCES dossiers (agency_id, id)
);

-- Append-only. Personal rows may be erased, never changed.
CREATE TRIGGER events_no_update BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'history is append-only: UPDATE on events is refused'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'history is append-only: DELETE on events is refused'); END;
CREATE TRIGGER catalogue_no_update BEFORE UPDATE ON catalogue
    BEGIN SELECT RAISE(ABORT, 'history is append-only: UPDATE on catalogue is refused'); END;
CREATE TRIGGER catalogue_no_delete BEFORE DELETE ON catalogue
    BEGIN SELECT RAISE(ABORT, 'history is append-only: DELETE on catalogue is refused'); END;
CREATE TRIGGER personal_no_update BEFORE UPDATE ON personal
    BEGIN SELECT RAISE(ABORT, 'history is append-only: UPDATE on personal is refused'); END;
-- INSERT OR REPLACE deletes without firing the triggers above.
CREATE TRIGGER events_no_replace BEFORE INSERT ON events
    WHEN EXISTS (SELECT 1 FROM events WHERE agency_id = NEW.agency_id AND seq = NEW.seq)
        OR EXISTS (SELECT 1 FROM events WHERE agency_id = NEW.agency_id AND dossier_id = NEW.dossier_id AND n = NEW.n)
    BEGIN SELECT RAISE(ABORT, 'history is append-only: REPLACE on events is refused'); END;
CREATE TRIGGER catalogue_no_replace BEFORE INSERT ON catalogue
    WHEN EXISTS (SELECT 1 FROM catalogue WHERE kind = NEW.kind AND code = NEW.code AND revision = NEW.revision)
    BEGIN SELECT RAISE(ABORT, 'history is append-only: REPLACE on catalogue is refused'); END;
CREATE TRIGGER personal_no_replace BEFORE INSERT ON personal
    WHEN EXISTS (SELECT 1 FROM personal WHERE agency_id = NEW.agency_id AND dossier_id = NEW.dossier_id AND n = NEW.n)
    BEGIN SELECT RAISE(ABORT, 'history is append-only: REPLACE on personal is refused'); END;
