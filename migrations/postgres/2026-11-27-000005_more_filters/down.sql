ALTER TABLE facts DROP COLUMN details;
ALTER TABLE facts DROP COLUMN components;
ALTER TABLE facts DROP COLUMN last_finished_at;
