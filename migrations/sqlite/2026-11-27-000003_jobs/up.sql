-- Work over many agencies, done in pieces of one agency each. Plain: one row a job.
CREATE TABLE jobs (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('calendar_apply')),
    subject TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    requested_by TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    error TEXT,
    agencies INTEGER NOT NULL,
    dossiers INTEGER NOT NULL
);
CREATE INDEX jobs_by_request ON jobs (requested_at, id);
-- By agency: how far a job has come there; written in one transaction with what it does there.
CREATE TABLE job_agencies (
    agency_id TEXT NOT NULL,
    job_id BLOB NOT NULL,
    position BLOB,
    examined INTEGER NOT NULL,
    moved INTEGER NOT NULL,
    done INTEGER NOT NULL,
    PRIMARY KEY (agency_id, job_id)
);
CREATE INDEX job_agencies_by_job ON job_agencies (job_id);
-- Dossiers whose clock runs or is paused now: few beside those that ended.
CREATE INDEX facts_open ON facts (agency_id, dossier_id)
    WHERE valid_to = 9223372036854775807 AND known_to = 9223372036854775807
        AND received_at IS NOT NULL AND finished_at IS NULL AND ended_at IS NULL;
