DROP INDEX poverty_list_uncounted;
DROP INDEX poverty_list_lock_number;
ALTER TABLE poverty_list DROP COLUMN lock_number;
DROP INDEX school_by_code;
