-- Values that cannot be derived from dossiers, declared with evidence, and what a second person said of them.
-- By agency: the one that declares. Rows are only ever added: another value is another version.
CREATE TABLE declarations (
    agency_id TEXT NOT NULL,
    plan TEXT NOT NULL,
    target TEXT NOT NULL,
    version INTEGER NOT NULL,
    declared_by TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (agency_id, plan, target, version)
);
CREATE TABLE declaration_reviews (
    agency_id TEXT NOT NULL,
    plan TEXT NOT NULL,
    target TEXT NOT NULL,
    version INTEGER NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('accepted', 'rejected')),
    reviewed_by TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    note TEXT,
    PRIMARY KEY (agency_id, plan, target, version),
    FOREIGN KEY (agency_id, plan, target, version) REFERENCES declarations (agency_id, plan, target, version)
);

-- Append-only.
CREATE TRIGGER declarations_no_update BEFORE UPDATE ON declarations
    BEGIN SELECT RAISE(ABORT, 'history is append-only: UPDATE on declarations is refused'); END;
CREATE TRIGGER declarations_no_delete BEFORE DELETE ON declarations
    BEGIN SELECT RAISE(ABORT, 'history is append-only: DELETE on declarations is refused'); END;
CREATE TRIGGER declaration_reviews_no_update BEFORE UPDATE ON declaration_reviews
    BEGIN SELECT RAISE(ABORT, 'history is append-only: UPDATE on declaration_reviews is refused'); END;
CREATE TRIGGER declaration_reviews_no_delete BEFORE DELETE ON declaration_reviews
    BEGIN SELECT RAISE(ABORT, 'history is append-only: DELETE on declaration_reviews is refused'); END;
-- INSERT OR REPLACE deletes without firing the triggers above. The text is the store's word for a taken key.
CREATE TRIGGER declarations_no_replace BEFORE INSERT ON declarations
    WHEN EXISTS (SELECT 1 FROM declarations WHERE agency_id = NEW.agency_id AND plan = NEW.plan
        AND target = NEW.target AND version = NEW.version)
    BEGIN SELECT RAISE(ABORT, 'history is append-only: the row of declarations is there'); END;
CREATE TRIGGER declaration_reviews_no_replace BEFORE INSERT ON declaration_reviews
    WHEN EXISTS (SELECT 1 FROM declaration_reviews WHERE agency_id = NEW.agency_id AND plan = NEW.plan
        AND target = NEW.target AND version = NEW.version)
    BEGIN SELECT RAISE(ABORT, 'history is append-only: the row of declaration_reviews is there'); END;
