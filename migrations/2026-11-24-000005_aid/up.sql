-- The life of an aid record: the record as it stands, its ledger, and the public notices.
--
-- A record is either one this service carries from proposal to receipt ('office'), or a payment that an
-- office's payment sheet states ('sheet'). What happened to a record is its ledger, line by line, and no
-- line is ever changed; the sums and the state in `aid_record` are those of the ledger's last line.

CREATE TABLE aid_notice (
    notice_id     TEXT PRIMARY KEY NOT NULL,
    school_code   TEXT NOT NULL,
    place         TEXT NOT NULL, -- of the school
    term          TEXT NOT NULL,
    programme     TEXT NOT NULL,
    starts_on     DATE NOT NULL, -- the day it was put up, which does not count
    ends_on       DATE NOT NULL, -- its last day
    posted_by     TEXT NOT NULL,
    posted_at     TIMESTAMP NOT NULL,
    taken_down_on DATE,
    taken_down_by TEXT,
    taken_down_at TIMESTAMP,
    UNIQUE (school_code, term, programme, starts_on),
    CHECK (ends_on > starts_on)
);
CREATE INDEX aid_notice_by_place ON aid_notice (place, notice_id);

DROP INDEX aid_record_by_place;
DROP INDEX aid_record_by_person;
ALTER TABLE aid_record RENAME TO aid_record_stated;

CREATE TABLE aid_record (
    record_id      TEXT PRIMARY KEY NOT NULL,
    origin         TEXT NOT NULL CHECK (origin IN ('office', 'sheet')),
    corrects       TEXT REFERENCES aid_record (record_id), -- the first record of its chain
    person_id      TEXT NOT NULL REFERENCES person (person_id),
    name_id        TEXT NOT NULL REFERENCES person_name (name_id),
    school_code    TEXT NOT NULL,
    place          TEXT NOT NULL, -- of the school
    term           TEXT NOT NULL,
    programme      TEXT NOT NULL,
    slot           TEXT NOT NULL, -- what a student can hold once a term: the programme, or the one it gives way to
    tier           TEXT,
    fen            BIGINT NOT NULL CHECK (fen >= 0), -- granted, or stated by the sheet
    due_fen        BIGINT, -- by the policy on the day of the decision
    outcome        TEXT,
    decided_on     DATE,
    policy         TEXT, -- digest of the pack that decided
    reason         TEXT, -- for a deviation from the policy
    recipient_kind TEXT,
    state          TEXT NOT NULL CHECK (state IN ('proposed', 'noticed', 'approved', 'paid', 'acknowledged',
                                                  'returned', 'cancelled', 'corrected')),
    paid_fen       BIGINT NOT NULL CHECK (paid_fen >= 0),
    returned_fen   BIGINT NOT NULL CHECK (returned_fen >= 0 AND returned_fen <= paid_fen),
    paid_on        DATE, -- the last payment
    notice_id      TEXT REFERENCES aid_notice (notice_id),
    approved_by    TEXT,
    import_id      TEXT REFERENCES import (import_id),
    recorded_by    TEXT NOT NULL,
    recorded_at    TIMESTAMP NOT NULL,
    version        BIGINT NOT NULL -- the number of its ledger's last line
);

CREATE TABLE aid_entry (
    record_id   TEXT NOT NULL REFERENCES aid_record (record_id),
    line        BIGINT NOT NULL, -- from 1; two people who act at once both reach for the same line
    kind        TEXT NOT NULL CHECK (kind IN ('proposed', 'noticed', 'approved', 'paid', 'acknowledged',
                                              'returned', 'bounced', 'cancelled', 'corrected')),
    fen         BIGINT CHECK (fen >= 0),
    on_day      DATE,
    account_id  TEXT REFERENCES account (account_id),
    source      TEXT, -- whose funds
    of_line     BIGINT, -- of a return: the payment that came back
    reason      TEXT,
    other_id    TEXT, -- the notice it was put on, or the record that corrects it
    row_key     TEXT UNIQUE, -- of a payment: the same payment sent again is the same line
    recorded_by TEXT NOT NULL,
    recorded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (record_id, line)
);

INSERT INTO aid_record (record_id, origin, person_id, name_id, school_code, place, term, programme, slot, tier,
                        fen, recipient_kind, state, paid_fen, returned_fen, paid_on, import_id, recorded_by,
                        recorded_at, version)
SELECT record_id, 'sheet', person_id, name_id, school_code, place, term, programme, programme, tier,
       fen, recipient_kind, state, fen, 0, paid_on, import_id, recorded_by, recorded_at, 1
FROM aid_record_stated;

INSERT INTO aid_entry (record_id, line, kind, fen, on_day, account_id, row_key, recorded_by, recorded_at)
SELECT record_id, 1, 'paid', fen, paid_on, account_id, row_key, recorded_by, recorded_at
FROM aid_record_stated;

DROP TABLE aid_record_stated;

-- One record a student, programme and term, whatever two nodes do at once.
CREATE UNIQUE INDEX aid_record_live ON aid_record (person_id, term, slot)
    WHERE origin = 'office' AND state NOT IN ('cancelled', 'corrected');
CREATE INDEX aid_record_by_place ON aid_record (term, place, record_id);
CREATE INDEX aid_record_by_person ON aid_record (person_id, term);
CREATE INDEX aid_record_by_notice ON aid_record (notice_id) WHERE notice_id IS NOT NULL;
