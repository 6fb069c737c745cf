-- Back to payments alone: what a sheet stated is kept, what this service carried is given up.
CREATE TABLE aid_record_stated (
    record_id      TEXT PRIMARY KEY NOT NULL,
    row_key        TEXT NOT NULL UNIQUE, -- the same payment sent again is the same record
    person_id      TEXT NOT NULL REFERENCES person (person_id),
    name_id        TEXT NOT NULL REFERENCES person_name (name_id),
    school_code    TEXT NOT NULL,
    place          TEXT NOT NULL, -- of the school
    term           TEXT NOT NULL,
    programme      TEXT NOT NULL,
    tier           TEXT,
    fen            BIGINT NOT NULL CHECK (fen >= 0),
    paid_on        DATE NOT NULL,
    account_id     TEXT REFERENCES account (account_id),
    recipient_kind TEXT,
    state          TEXT NOT NULL,
    import_id      TEXT REFERENCES import (import_id),
    recorded_by    TEXT NOT NULL,
    recorded_at    TIMESTAMP NOT NULL
);

INSERT INTO aid_record_stated
SELECT r.record_id, e.row_key, r.person_id, r.name_id, r.school_code, r.place, r.term, r.programme, r.tier,
       e.fen, e.on_day, e.account_id, r.recipient_kind, r.state, r.import_id, r.recorded_by, r.recorded_at
FROM aid_record r JOIN aid_entry e ON e.record_id = r.record_id AND e.line = 1
WHERE r.origin = 'sheet';

DROP TABLE aid_entry;
DROP TABLE aid_record;
DROP TABLE aid_notice;
ALTER TABLE aid_record_stated RENAME TO aid_record;
CREATE INDEX aid_record_by_place ON aid_record (term, place, record_id);
CREATE INDEX aid_record_by_person ON aid_record (person_id, term);
