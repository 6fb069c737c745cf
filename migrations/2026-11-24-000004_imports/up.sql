-- A workbook has several sheets and a row may name several people: a bad row is known by its place in the
-- order of reading (line), and its sheet is told. What was there was read from one sheet.
CREATE TABLE import_error_by_line (
    import_id   TEXT NOT NULL REFERENCES import (import_id),
    line        INTEGER NOT NULL, -- the row's place in the order of reading, over all sheets
    position    INTEGER NOT NULL, -- of the fault within its row
    sheet       TEXT,             -- text files have none
    row_number  INTEGER NOT NULL,
    column_name TEXT NOT NULL,
    letter      TEXT NOT NULL,
    code        TEXT NOT NULL,
    what_zh     TEXT NOT NULL,
    what_en     TEXT NOT NULL,
    todo_zh     TEXT NOT NULL,
    todo_en     TEXT NOT NULL,
    PRIMARY KEY (import_id, line, position)
);
INSERT INTO import_error_by_line
SELECT import_id, row_number, position, NULL, row_number, column_name, letter, code, what_zh, what_en, todo_zh, todo_en
FROM import_error;
DROP TABLE import_error;
ALTER TABLE import_error_by_line RENAME TO import_error;

CREATE TABLE import_bad_row_by_line (
    import_id  TEXT NOT NULL REFERENCES import (import_id),
    line       INTEGER NOT NULL,
    sheet      TEXT,
    row_number INTEGER NOT NULL,
    cells_ct   BYTEA NOT NULL, -- bound to import and line
    PRIMARY KEY (import_id, line)
);
INSERT INTO import_bad_row_by_line
SELECT import_id, row_number, NULL, row_number, cells_ct FROM import_bad_row;
DROP TABLE import_bad_row;
ALTER TABLE import_bad_row_by_line RENAME TO import_bad_row;
