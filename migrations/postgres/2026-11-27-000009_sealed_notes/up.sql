-- Free text beside declared values and their reviews, sealed like personal rows: the record names the note by its id and
-- commits to it. Notes that were kept open before are hashed in their chain and stay as they are.
CREATE TABLE notes (
    agency_id TEXT COLLATE "C" NOT NULL,
    id UUID NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (agency_id, id)
);

-- A note may be erased, or sealed anew under another key at its place.
CREATE FUNCTION motcua_note_sealed_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.key_id = OLD.key_id OR NEW.agency_id <> OLD.agency_id OR NEW.id <> OLD.id THEN
        RAISE EXCEPTION 'history is append-only: % on % is refused', TG_OP, TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER notes_no_update BEFORE UPDATE ON notes
    FOR EACH ROW EXECUTE FUNCTION motcua_note_sealed_anew();
