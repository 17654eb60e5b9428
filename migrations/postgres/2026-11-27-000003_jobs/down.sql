DROP INDEX facts_open;
DROP TABLE job_agencies;
DROP TABLE jobs;
