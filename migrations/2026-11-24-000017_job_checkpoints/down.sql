DROP TABLE aid_report_set;
ALTER TABLE job DROP COLUMN checkpoint;
