-- Free text beside declared values and their reviews, sealed like personal rows: the record names the note by its id and
-- commits to it. Notes that were kept open before are hashed in their chain and stay as they are.
CREATE TABLE notes (
    agency_id TEXT NOT NULL,
    id BLOB NOT NULL,
    key_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (agency_id, id)
);

-- A note may be erased, or sealed anew under another key at its place.
CREATE TRIGGER notes_no_update BEFORE UPDATE ON notes
    WHEN NEW.key_id = OLD.key_id OR NEW.agency_id <> OLD.agency_id OR NEW.id <> OLD.id
    BEGIN SELECT RAISE(ABORT, 'history is append-only: UPDATE on notes is refused'); END;
CREATE TRIGGER notes_no_replace BEFORE INSERT ON notes
    WHEN EXISTS (SELECT 1 FROM notes WHERE agency_id = NEW.agency_id AND id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'history is append-only: the row of notes is there'); END;
