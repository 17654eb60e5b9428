-- Work over many agencies, done in pieces of one agency each. Plain: one row a job.
CREATE TABLE jobs (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('calendar_apply')),
    subject TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    requested_by TEXT COLLATE "C" NOT NULL,
    requested_at BIGINT NOT NULL,
    started_at BIGINT,
    finished_at BIGINT,
    error TEXT COLLATE "C",
    agencies BIGINT NOT NULL,
    dossiers BIGINT NOT NULL
);
CREATE INDEX jobs_by_request ON jobs (requested_at, id);
-- By agency: how far a job has come there; written in one transaction with what it does there.
CREATE TABLE job_agencies (
    agency_id TEXT COLLATE "C" NOT NULL,
    job_id UUID NOT NULL,
    position UUID,
    examined BIGINT NOT NULL,
    moved BIGINT NOT NULL,
    done BOOLEAN NOT NULL,
    PRIMARY KEY (agency_id, job_id)
);
CREATE INDEX job_agencies_by_job ON job_agencies (job_id);
-- Dossiers whose clock runs or is paused now: few beside those that ended.
CREATE INDEX facts_open ON facts (agency_id, dossier_id)
    WHERE valid_to = 9223372036854775807 AND known_to = 9223372036854775807
        AND received_at IS NOT NULL AND finished_at IS NULL AND ended_at IS NULL;
