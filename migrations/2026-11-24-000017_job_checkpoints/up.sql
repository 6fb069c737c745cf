-- How far work in steps has come: written in the transaction of each step, so that whoever takes the job next
-- goes on from there.
ALTER TABLE job ADD COLUMN checkpoint TEXT; -- JSON that the work understands; nothing personal

-- The sets of an order on many aid records, each carried out in a transaction of its own.
CREATE TABLE aid_report_set (
    report_id TEXT NOT NULL REFERENCES aid_report (report_id),
    number    INTEGER NOT NULL CHECK (number >= 0),
    asked     TEXT NOT NULL, -- JSON: the ids meant when the order began
    told      TEXT,          -- JSON, as it would have been answered at once; null until the set's turn
    PRIMARY KEY (report_id, number)
);
