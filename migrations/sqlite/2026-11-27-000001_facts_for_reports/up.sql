-- What reports, integrity checks and filters read beside the figures. Fact rows are a copy of the events:
-- the program writes them anew when it next opens the database.
DELETE FROM payments;
DELETE FROM facts;
ALTER TABLE facts ADD COLUMN due_original INTEGER;
ALTER TABLE facts ADD COLUMN refused_at INTEGER;
ALTER TABLE facts ADD COLUMN paid INTEGER NOT NULL DEFAULT 0;
ALTER TABLE facts ADD COLUMN refunded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE facts ADD COLUMN outcome TEXT;
ALTER TABLE facts ADD COLUMN unit TEXT;
ALTER TABLE facts ADD COLUMN step TEXT;
ALTER TABLE facts ADD COLUMN marks INTEGER NOT NULL DEFAULT 0;
