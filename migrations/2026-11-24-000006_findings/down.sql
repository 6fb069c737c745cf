ALTER TABLE finding RENAME TO finding_after;

CREATE TABLE finding (
    finding_id  TEXT PRIMARY KEY NOT NULL,
    check_id    TEXT NOT NULL REFERENCES cross_check (check_id),
    stable_key  TEXT NOT NULL,
    kind        TEXT NOT NULL,
    person_id   TEXT NOT NULL REFERENCES person (person_id),
    name_id     TEXT NOT NULL REFERENCES person_name (name_id),
    school_code TEXT,
    place       TEXT NOT NULL,
    stage       TEXT,
    programme   TEXT,
    due_fen     BIGINT,
    paid_fen    BIGINT,
    at_stake_fen BIGINT NOT NULL,
    detail      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('open', 'explained', 'fixed', 'confirmed')),
    remark      TEXT,
    decided_by  TEXT,
    decided_at  TIMESTAMP,
    version     BIGINT NOT NULL,
    UNIQUE (check_id, stable_key)
);
CREATE INDEX finding_by_kind ON finding (check_id, kind, place);
CREATE INDEX finding_by_key ON finding (stable_key);

INSERT INTO finding
SELECT n.finding_id || '-' || s.check_id, s.check_id, n.stable_key, s.kind, s.person_id, s.name_id,
       s.school_code, s.place, s.stage, s.programme, s.due_fen, s.paid_fen, s.at_stake_fen, s.detail,
       n.state, n.remark, n.decided_by, n.decided_at, n.version
FROM sighting s
JOIN finding_after n ON n.finding_id = s.finding_id;

DROP TABLE finding_event;
DROP TABLE sighting;
DROP TABLE finding_after;
ALTER TABLE cross_check DROP COLUMN applied_at;
ALTER TABLE enrolment DROP COLUMN household_no;
