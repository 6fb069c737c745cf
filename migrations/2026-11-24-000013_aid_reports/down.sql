DROP TABLE aid_report;
