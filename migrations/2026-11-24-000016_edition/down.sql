DROP INDEX poverty_list_entry_in_order;
DROP INDEX aid_record_by_place_alone;
DROP INDEX poverty_list_edition;
