-- What the notes said is lost: they cannot be opened here.
DROP TABLE notes;
