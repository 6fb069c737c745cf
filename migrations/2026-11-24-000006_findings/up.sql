-- Findings live longer than the runs that see them: one row for each finding with what people said of it,
-- one sighting for each run that saw it with what it saw, and a history that is only added to.

-- The household a student belongs to, where the roll gives its number.
ALTER TABLE enrolment ADD COLUMN household_no TEXT;

-- When a run's findings were last made the current ones of its place and term.
ALTER TABLE cross_check ADD COLUMN applied_at TIMESTAMP;
UPDATE cross_check SET applied_at = recorded_at;

DROP INDEX finding_by_kind;
DROP INDEX finding_by_key;
ALTER TABLE finding RENAME TO finding_before;

CREATE TABLE finding (
    finding_id    TEXT PRIMARY KEY NOT NULL,
    place         TEXT NOT NULL, -- of the runs that look for it
    term          TEXT NOT NULL,
    stable_key    TEXT NOT NULL, -- the same in every run that finds the same thing
    state         TEXT NOT NULL CHECK (state IN ('open', 'explained', 'fixed', 'confirmed')),
    gone          BOOLEAN NOT NULL, -- the latest run no longer saw it
    remark        TEXT,
    evidence      TEXT, -- where the proof lies; never the proof itself
    assignee      TEXT,
    due_on        DATE,
    decided_by    TEXT,
    decided_at    TIMESTAMP,
    first_seen_at TIMESTAMP NOT NULL,
    last_check    TEXT NOT NULL REFERENCES cross_check (check_id), -- the latest run that saw it
    version       BIGINT NOT NULL,
    UNIQUE (place, term, stable_key)
);

CREATE TABLE sighting (
    check_id     TEXT NOT NULL REFERENCES cross_check (check_id),
    position     BIGINT NOT NULL, -- within the run: by kind, then by student
    finding_id   TEXT NOT NULL REFERENCES finding (finding_id),
    kind         TEXT NOT NULL,
    person_id    TEXT NOT NULL REFERENCES person (person_id),
    name_id      TEXT NOT NULL REFERENCES person_name (name_id),
    other_id     TEXT REFERENCES person (person_id), -- a second person the finding is about
    account_id   TEXT REFERENCES account (account_id),
    school_code  TEXT,
    place        TEXT NOT NULL, -- of the office that can act
    stage        TEXT,
    programme    TEXT,
    due_fen      BIGINT,
    paid_fen     BIGINT,
    at_stake_fen BIGINT NOT NULL,
    detail       TEXT NOT NULL, -- JSON, nothing personal
    PRIMARY KEY (check_id, position),
    UNIQUE (check_id, finding_id)
);
CREATE INDEX sighting_by_kind ON sighting (check_id, kind, position);
CREATE INDEX sighting_by_school ON sighting (check_id, school_code, position);

-- What happened to a finding: who, when, what.
CREATE TABLE finding_event (
    event_id   TEXT PRIMARY KEY NOT NULL,
    finding_id TEXT NOT NULL REFERENCES finding (finding_id),
    what       TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    note       TEXT,
    check_id   TEXT REFERENCES cross_check (check_id), -- the run that made it happen, if one did
    made_by    TEXT NOT NULL,
    made_at    TIMESTAMP NOT NULL
);
CREATE INDEX finding_event_by_finding ON finding_event (finding_id, event_id);

-- Of several rows with one key the latest run's speaks; ids are in order of time.
INSERT INTO finding (finding_id, place, term, stable_key, state, gone, remark, decided_by, decided_at,
                     first_seen_at, last_check, version)
SELECT f.finding_id, c.place, c.term, f.stable_key, f.state, FALSE, f.remark, f.decided_by, f.decided_at,
       c.recorded_at, f.check_id, f.version
FROM finding_before f
JOIN cross_check c ON c.check_id = f.check_id
WHERE NOT EXISTS (
    SELECT 1 FROM finding_before g JOIN cross_check d ON d.check_id = g.check_id
    WHERE g.stable_key = f.stable_key AND d.place = c.place AND d.term = c.term AND g.check_id > f.check_id
);

INSERT INTO sighting (check_id, position, finding_id, kind, person_id, name_id, school_code, place, stage,
                      programme, due_fen, paid_fen, at_stake_fen, detail)
SELECT f.check_id, ROW_NUMBER() OVER (PARTITION BY f.check_id ORDER BY f.finding_id), n.finding_id, f.kind,
       f.person_id, f.name_id, f.school_code, f.place, f.stage, f.programme, f.due_fen, f.paid_fen,
       f.at_stake_fen, f.detail
FROM finding_before f
JOIN cross_check c ON c.check_id = f.check_id
JOIN finding n ON n.place = c.place AND n.term = c.term AND n.stable_key = f.stable_key;

DROP TABLE finding_before;
