-- A school's records by its code, whatever became of them.
CREATE INDEX school_by_code ON school (code, recorded_at);

-- Locked versions count up from 1 in the order in which their locks were committed. Whoever has read all of
-- them up to a number knows by the highest number alone whether one was added. NULL: not locked, or locked
-- by a program that does not count; the next lock numbers it.
ALTER TABLE poverty_list ADD COLUMN lock_number BIGINT;
UPDATE poverty_list SET lock_number = (
    SELECT count(*) FROM poverty_list o
    WHERE o.locked_at IS NOT NULL AND (o.locked_at, o.list_id) <= (poverty_list.locked_at, poverty_list.list_id)
) WHERE locked_at IS NOT NULL;
CREATE UNIQUE INDEX poverty_list_lock_number ON poverty_list (lock_number);
CREATE INDEX poverty_list_uncounted ON poverty_list (list_id) WHERE locked_at IS NOT NULL AND lock_number IS NULL;
