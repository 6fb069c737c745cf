DROP INDEX enrolment_by_person;
