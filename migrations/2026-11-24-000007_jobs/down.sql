DROP TABLE idempotency;
DROP TABLE job_chunk;
DROP TABLE job;
