-- Imports, the roll, the provincial list, aid records and cross-checks.
-- One portable text for both engines: ids and times come from the application, money is BIGINT fen,
-- closed lists are TEXT, and what was recorded is superseded, never overwritten.

-- One file, one batch.
CREATE TABLE import (
    import_id      TEXT PRIMARY KEY NOT NULL,
    kind           TEXT NOT NULL CHECK (kind IN ('poverty_list', 'roll', 'aid')),
    term           TEXT NOT NULL,
    place          TEXT NOT NULL,
    school         TEXT NOT NULL, -- the uploader's own school, or empty
    file_digest    TEXT NOT NULL,
    file_bytes     BIGINT NOT NULL,
    understood     TEXT NOT NULL, -- JSON: format, encoding, sheet, columns, notices; nothing personal
    rows_read      BIGINT NOT NULL,
    rows_new       BIGINT NOT NULL,
    rows_changed   BIGINT NOT NULL,
    rows_unchanged BIGINT NOT NULL,
    rows_bad       BIGINT NOT NULL,
    rows_skipped   BIGINT NOT NULL,
    recorded_by    TEXT NOT NULL,
    recorded_at    TIMESTAMP NOT NULL,
    UNIQUE (kind, term, place, school, file_digest)
);

CREATE TABLE import_error (
    import_id  TEXT NOT NULL REFERENCES import (import_id),
    row_number INTEGER NOT NULL,
    position   INTEGER NOT NULL, -- of the fault within its row
    column_name TEXT NOT NULL,
    letter     TEXT NOT NULL,
    code       TEXT NOT NULL,
    what_zh    TEXT NOT NULL,
    what_en    TEXT NOT NULL,
    todo_zh    TEXT NOT NULL,
    todo_en    TEXT NOT NULL,
    PRIMARY KEY (import_id, row_number, position)
);

-- The bad rows as they came, sealed, so that they can be given back for correction.
CREATE TABLE import_bad_row (
    import_id  TEXT NOT NULL REFERENCES import (import_id),
    row_number INTEGER NOT NULL,
    cells_ct   BYTEA NOT NULL,
    PRIMARY KEY (import_id, row_number)
);

CREATE TABLE school (
    school_row        TEXT PRIMARY KEY NOT NULL,
    code              TEXT NOT NULL,
    name              TEXT NOT NULL,
    place             TEXT NOT NULL,
    ownership         TEXT,
    inclusive         BOOLEAN,
    approved          BOOLEAN,
    run_by            TEXT,
    rural             BOOLEAN,
    tuition_fen        BIGINT, -- per term
    public_tuition_fen BIGINT, -- per term, of the public school of the same kind
    recorded_at       TIMESTAMP NOT NULL,
    superseded_at     TIMESTAMP
);
CREATE UNIQUE INDEX school_current ON school (code) WHERE superseded_at IS NULL;
CREATE INDEX school_by_place ON school (place, code);

CREATE TABLE enrolment (
    enrolment_id    TEXT PRIMARY KEY NOT NULL,
    person_id       TEXT NOT NULL REFERENCES person (person_id),
    name_id         TEXT NOT NULL REFERENCES person_name (name_id),
    school_code     TEXT NOT NULL,
    place           TEXT NOT NULL, -- of the school
    term            TEXT NOT NULL,
    stage           TEXT NOT NULL,
    grade           SMALLINT,
    class_name      TEXT,
    boarding        BOOLEAN,
    hukou_kind      TEXT,
    hukou_place     TEXT,
    major           TEXT,
    agricultural    BOOLEAN,
    performing_arts BOOLEAN,
    full_time       BOOLEAN,
    formal          BOOLEAN,
    hardship        TEXT,
    categories_known BOOLEAN NOT NULL, -- whether the row says anything about categories; absent is not none
    state           TEXT NOT NULL, -- from left_on where that is given, else for the whole term
    entered_on      DATE,
    left_on         DATE,
    valid_from      DATE NOT NULL,
    valid_to        DATE NOT NULL, -- exclusive
    fingerprint     TEXT NOT NULL, -- of everything the row says, to tell a repeated row from a changed one
    import_id       TEXT NOT NULL REFERENCES import (import_id),
    recorded_at     TIMESTAMP NOT NULL,
    superseded_at   TIMESTAMP
);
CREATE UNIQUE INDEX enrolment_current ON enrolment (person_id, term, school_code) WHERE superseded_at IS NULL;
CREATE INDEX enrolment_by_place ON enrolment (term, place, person_id);

-- A category said by a roll row lives and dies with that row; one recorded by itself has no enrolment.
CREATE TABLE category (
    category_id   TEXT PRIMARY KEY NOT NULL,
    person_id     TEXT NOT NULL REFERENCES person (person_id),
    enrolment_id  TEXT REFERENCES enrolment (enrolment_id),
    kind          TEXT NOT NULL,
    valid_from    DATE NOT NULL,
    valid_to      DATE,
    recorded_by   TEXT NOT NULL,
    recorded_at   TIMESTAMP NOT NULL,
    superseded_at TIMESTAMP
);
CREATE INDEX category_by_person ON category (person_id, valid_from);
CREATE INDEX category_by_enrolment ON category (enrolment_id);

CREATE TABLE evidence (
    evidence_id   TEXT PRIMARY KEY NOT NULL,
    person_id     TEXT NOT NULL REFERENCES person (person_id),
    enrolment_id  TEXT REFERENCES enrolment (enrolment_id),
    kind          TEXT NOT NULL,
    issuer        TEXT,
    valid_from    DATE NOT NULL,
    valid_to      DATE,
    recorded_by   TEXT NOT NULL,
    recorded_at   TIMESTAMP NOT NULL,
    superseded_at TIMESTAMP
);
CREATE INDEX evidence_by_person ON evidence (person_id, valid_from);
CREATE INDEX evidence_by_enrolment ON evidence (enrolment_id);

CREATE TABLE poverty_list (
    list_id       TEXT PRIMARY KEY NOT NULL,
    place         TEXT NOT NULL,
    term          TEXT NOT NULL,
    version       INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('draft', 'checked', 'locked', 'superseded')),
    valid_from    DATE NOT NULL,
    entries       BIGINT NOT NULL,
    digest        TEXT, -- of the content, from the moment it is locked
    import_id     TEXT NOT NULL REFERENCES import (import_id),
    recorded_by   TEXT NOT NULL,
    recorded_at   TIMESTAMP NOT NULL,
    checked_by    TEXT,
    checked_at    TIMESTAMP,
    locked_by     TEXT,
    locked_at     TIMESTAMP,
    superseded_by TEXT REFERENCES poverty_list (list_id),
    superseded_at TIMESTAMP,
    UNIQUE (place, term, version),
    CHECK ((state IN ('locked', 'superseded')) = (digest IS NOT NULL))
);

CREATE TABLE poverty_list_entry (
    entry_id     TEXT PRIMARY KEY NOT NULL,
    list_id      TEXT NOT NULL REFERENCES poverty_list (list_id),
    import_id    TEXT NOT NULL REFERENCES import (import_id), -- the file it came in
    row_number   INTEGER NOT NULL,
    person_id    TEXT NOT NULL REFERENCES person (person_id),
    name_id      TEXT NOT NULL REFERENCES person_name (name_id),
    place        TEXT NOT NULL, -- of the household
    township     TEXT,
    village      TEXT,
    household_no TEXT,
    head_name_ct BYTEA,
    category     TEXT NOT NULL,
    stage        TEXT,
    grade        SMALLINT,
    school_code  TEXT,
    fingerprint  TEXT NOT NULL,
    UNIQUE (list_id, person_id)
);
CREATE INDEX poverty_list_entry_by_person ON poverty_list_entry (person_id, list_id);

CREATE TABLE aid_record (
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
CREATE INDEX aid_record_by_place ON aid_record (term, place, record_id);
CREATE INDEX aid_record_by_person ON aid_record (person_id, term);

CREATE TABLE cross_check (
    check_id      TEXT PRIMARY KEY NOT NULL,
    list_id       TEXT NOT NULL REFERENCES poverty_list (list_id),
    term          TEXT NOT NULL,
    place         TEXT NOT NULL,
    input_digest  TEXT NOT NULL UNIQUE, -- list, roll, aid, pack, term and place together
    inputs        TEXT NOT NULL, -- JSON: the digest of each input
    report_digest TEXT NOT NULL,
    totals        TEXT NOT NULL, -- JSON
    recorded_by   TEXT NOT NULL,
    recorded_at   TIMESTAMP NOT NULL
);

CREATE TABLE finding (
    finding_id  TEXT PRIMARY KEY NOT NULL,
    check_id    TEXT NOT NULL REFERENCES cross_check (check_id),
    stable_key  TEXT NOT NULL, -- the same finding in another run has the same key
    kind        TEXT NOT NULL,
    person_id   TEXT NOT NULL REFERENCES person (person_id),
    name_id     TEXT NOT NULL REFERENCES person_name (name_id),
    school_code TEXT,
    place       TEXT NOT NULL, -- of the office that can act
    stage       TEXT,
    programme   TEXT,
    due_fen     BIGINT,
    paid_fen    BIGINT,
    at_stake_fen BIGINT NOT NULL,
    detail      TEXT NOT NULL, -- JSON, nothing personal
    state       TEXT NOT NULL CHECK (state IN ('open', 'explained', 'fixed', 'confirmed')),
    remark      TEXT,
    decided_by  TEXT,
    decided_at  TIMESTAMP,
    version     BIGINT NOT NULL,
    UNIQUE (check_id, stable_key)
);
CREATE INDEX finding_by_kind ON finding (check_id, kind, place);
CREATE INDEX finding_by_key ON finding (stable_key);
