-- A student's rows whatever became of them: what was known at an earlier moment is asked of superseded
-- rows too, which the index of the current ones does not hold.
CREATE INDEX enrolment_by_person ON enrolment (person_id, valid_from);
