DROP TABLE account;
DROP TABLE person_name;
DROP TABLE person;
