-- What reports, integrity checks and filters read beside the figures. Fact rows are a copy of the events:
-- the program writes them anew when it next opens the database.
DELETE FROM payments;
DELETE FROM facts;
ALTER TABLE facts ADD COLUMN due_original BIGINT;
ALTER TABLE facts ADD COLUMN refused_at BIGINT;
ALTER TABLE facts ADD COLUMN paid BIGINT NOT NULL DEFAULT 0;
ALTER TABLE facts ADD COLUMN refunded BIGINT NOT NULL DEFAULT 0;
ALTER TABLE facts ADD COLUMN outcome TEXT;
ALTER TABLE facts ADD COLUMN unit TEXT COLLATE "C";
ALTER TABLE facts ADD COLUMN step TEXT COLLATE "C";
ALTER TABLE facts ADD COLUMN marks BIGINT NOT NULL DEFAULT 0;
