-- What came of an order on many aid records that was carried out as a job, line by line.
CREATE TABLE aid_report (
    report_id TEXT PRIMARY KEY NOT NULL,
    place     TEXT NOT NULL, -- of whoever ordered it
    school    TEXT, -- of whoever ordered it, if bound to one
    body      TEXT NOT NULL, -- JSON, as it would have been answered at once; nothing personal
    made_by   TEXT NOT NULL,
    made_at   TIMESTAMP NOT NULL
);
