-- What the notes said is lost: they cannot be opened here.
DROP TABLE notes;
DROP FUNCTION motcua_note_sealed_anew();
