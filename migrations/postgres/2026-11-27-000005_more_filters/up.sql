-- What lists filter by beside the figures. Fact rows are a copy of the events: the program writes them anew when it
-- next opens the database.
DELETE FROM payments;
DELETE FROM facts;
ALTER TABLE facts ADD COLUMN last_finished_at BIGINT;
ALTER TABLE facts ADD COLUMN components TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE facts ADD COLUMN details TEXT COLLATE "C" NOT NULL DEFAULT '';
