CREATE TABLE import_error_by_row (
    import_id  TEXT NOT NULL REFERENCES import (import_id),
    row_number INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    column_name TEXT NOT NULL,
    letter     TEXT NOT NULL,
    code       TEXT NOT NULL,
    what_zh    TEXT NOT NULL,
    what_en    TEXT NOT NULL,
    todo_zh    TEXT NOT NULL,
    todo_en    TEXT NOT NULL,
    PRIMARY KEY (import_id, row_number, position)
);
INSERT INTO import_error_by_row
SELECT import_id, line, position, column_name, letter, code, what_zh, what_en, todo_zh, todo_en
FROM import_error;
DROP TABLE import_error;
ALTER TABLE import_error_by_row RENAME TO import_error;

CREATE TABLE import_bad_row_by_row (
    import_id  TEXT NOT NULL REFERENCES import (import_id),
    row_number INTEGER NOT NULL,
    cells_ct   BYTEA NOT NULL,
    PRIMARY KEY (import_id, row_number)
);
INSERT INTO import_bad_row_by_row
SELECT import_id, line, cells_ct FROM import_bad_row;
DROP TABLE import_bad_row;
ALTER TABLE import_bad_row_by_row RENAME TO import_bad_row;
