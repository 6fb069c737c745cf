-- Long work as rows that any node may take, and the answers given under an idempotency key.

-- A row is taken with a lease; a lease that ran out is anybody's. `owner` and `attempts` together are the
-- fence: only who still holds them may finish the job.
CREATE TABLE job (
    job_id       TEXT PRIMARY KEY NOT NULL,
    kind         TEXT NOT NULL,
    params       TEXT NOT NULL, -- JSON, nothing personal
    state        TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    rows_done    BIGINT NOT NULL CHECK (rows_done >= 0),
    cancel_asked BOOLEAN NOT NULL,
    owner        TEXT,      -- the node that runs it
    lease_until  TIMESTAMP, -- of a queued job: not before then
    attempts     INTEGER NOT NULL,
    location     TEXT,      -- of what it made
    repeated     BOOLEAN,   -- whether it found its work done already
    problem      TEXT,      -- JSON: why it failed
    place        TEXT NOT NULL, -- the scope of whoever asked
    school       TEXT,
    created_by   TEXT NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    started_at   TIMESTAMP,
    ended_at     TIMESTAMP,
    CHECK ((state IN ('done', 'failed', 'cancelled')) = (ended_at IS NOT NULL))
);
CREATE INDEX job_open ON job (job_id) WHERE ended_at IS NULL;
CREATE INDEX job_by_place ON job (place, job_id);
CREATE INDEX job_ended ON job (ended_at);

-- The file a job works on, sealed piece by piece; gone when the job has ended.
CREATE TABLE job_chunk (
    job_id   TEXT NOT NULL REFERENCES job (job_id),
    number   INTEGER NOT NULL,
    bytes_ct BYTEA NOT NULL,
    PRIMARY KEY (job_id, number)
);

-- What was answered to a request under a caller's key. Written in the transaction of the effect.
CREATE TABLE idempotency (
    actor       TEXT NOT NULL,
    key         TEXT NOT NULL,
    digest      TEXT NOT NULL, -- of the request
    status      INTEGER,       -- null within the transaction only
    headers     TEXT,
    body_ct     BYTEA,
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_by_age ON idempotency (recorded_at);
