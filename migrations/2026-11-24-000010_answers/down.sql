ALTER TABLE enrolment DROP COLUMN department;
ALTER TABLE finding DROP COLUMN answered_at;
ALTER TABLE finding DROP COLUMN answered_by;
ALTER TABLE finding DROP COLUMN answer_evidence;
ALTER TABLE finding DROP COLUMN answer;
