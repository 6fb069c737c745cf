-- The edition of the locked lists, asked by every lookup, is the last entry of one index: the highest lock
-- number, or the greatest number there is while a locked version has none.
CREATE INDEX poverty_list_edition ON poverty_list ((coalesce(lock_number, 9223372036854775807))) WHERE locked_at IS NOT NULL;

-- The list of aid records, page by page, where no term is asked for.
CREATE INDEX aid_record_by_place_alone ON aid_record (place, record_id);

-- A version's entries, page by page, in the order in which they were recorded.
CREATE INDEX poverty_list_entry_in_order ON poverty_list_entry (list_id, entry_id);
