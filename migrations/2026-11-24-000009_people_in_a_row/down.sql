-- Without a place for them the proposals of further people in a row go.
CREATE TABLE proposal_by_row (
    proposal_id        TEXT PRIMARY KEY NOT NULL,
    import_id          TEXT NOT NULL REFERENCES import (import_id),
    row_number         INTEGER NOT NULL,
    kind               TEXT NOT NULL CHECK (kind IN ('poverty_list', 'aid')),
    place              TEXT NOT NULL, -- of that import: the scope
    school             TEXT NOT NULL, -- of that import, or empty
    list_id            TEXT REFERENCES poverty_list (list_id), -- the version that would take the row
    person_id          TEXT NOT NULL REFERENCES person (person_id), -- the one pupil who agrees
    name_id            TEXT NOT NULL REFERENCES person_name (name_id), -- the pupil's name by the roll
    slip               TEXT, -- how the id differs; NULL when the student number led to the pupil
    evidence           TEXT NOT NULL, -- JSON, nothing personal
    state              TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'dismissed', 'reverted')),
    accepted_import_id TEXT REFERENCES import (import_id), -- the batch of the one row that acceptance brought
    recorded_by        TEXT NOT NULL,
    recorded_at        TIMESTAMP NOT NULL,
    decided_by         TEXT,
    decided_at         TIMESTAMP,
    reverted_by        TEXT,
    reverted_at        TIMESTAMP,
    UNIQUE (import_id, row_number)
);
INSERT INTO proposal_by_row
SELECT proposal_id, import_id, row_number, kind, place, school, list_id, person_id, name_id, slip, evidence, state, accepted_import_id,
       recorded_by, recorded_at, decided_by, decided_at, reverted_by, reverted_at
FROM proposal WHERE member = 0;
DROP TABLE proposal;
ALTER TABLE proposal_by_row RENAME TO proposal;
CREATE INDEX proposal_by_place ON proposal (place, proposal_id);
