-- What a school answered about a finding, until the bureau has settled it or a run has overtaken it.
ALTER TABLE finding ADD COLUMN answer TEXT;
ALTER TABLE finding ADD COLUMN answer_evidence TEXT; -- where the proof lies; never the proof itself
ALTER TABLE finding ADD COLUMN answered_by TEXT;
ALTER TABLE finding ADD COLUMN answered_at TIMESTAMP;

-- The department (院系) of a student, which a public notice prints.
ALTER TABLE enrolment ADD COLUMN department TEXT;
