//! The tables `import`, `import_error` and `import_bad_row`.

use chrono::NaiveDateTime;
use diesel::dsl::{count_star, min};
use diesel::prelude::*;

use super::body::UnderstoodBody;
use super::model::{Fault, FaultGroup, ImportKind, Order, Report, Tally};
use crate::auth::Scope;
use crate::db::{CHUNK, Conn, on, pour};
use crate::error::{Error, Result};
use crate::schema::{import, import_bad_row, import_error};
use crate::seal::{Aad, Sealer};
use crate::values::Term;

#[derive(Queryable, Selectable, Insertable, Debug)]
#[diesel(table_name = import, treat_none_as_default_value = false)]
struct ImportRow {
    import_id: String,
    kind: ImportKind,
    term: String,
    place: String,
    school: String,
    file_digest: String,
    file_bytes: i64,
    understood: String,
    rows_read: i64,
    rows_new: i64,
    rows_changed: i64,
    rows_unchanged: i64,
    rows_bad: i64,
    rows_skipped: i64,
    recorded_by: String,
    recorded_at: NaiveDateTime,
}

/// The import of this very file for this kind, term, place and school, if there was one.
pub fn find_same(conn: &mut Conn, kind: ImportKind, order: &Order) -> Result<Option<String>> {
    Ok(import::table
        .filter(import::kind.eq(kind))
        .filter(import::term.eq(order.term.to_string()))
        .filter(import::place.eq(order.place.as_str()))
        .filter(import::school.eq(order.school.as_deref().unwrap_or_default()))
        .filter(import::file_digest.eq(order.identity()))
        .select(import::import_id)
        .first(conn)
        .optional()?)
}

/// Opens a batch: its row stands before the rows that refer to it, its counts follow at the end.
pub fn open(conn: &mut Conn, import_id: &str, kind: ImportKind, order: &Order) -> Result<()> {
    let row = ImportRow {
        import_id: import_id.to_owned(),
        kind,
        term: order.term.to_string(),
        place: order.place.to_string(),
        school: order.school.clone().unwrap_or_default(),
        file_digest: order.identity(),
        file_bytes: i64::try_from(order.bytes).unwrap_or(i64::MAX),
        understood: "{}".to_owned(),
        rows_read: 0,
        rows_new: 0,
        rows_changed: 0,
        rows_unchanged: 0,
        rows_bad: 0,
        rows_skipped: 0,
        recorded_by: order.by.clone(),
        recorded_at: order.at,
    };
    diesel::insert_into(import::table).values(row).execute(conn)?;
    Ok(())
}

/// Closes a batch with its counts and what was understood of the file.
pub fn close(conn: &mut Conn, import_id: &str, rows: Tally, understood: &UnderstoodBody) -> Result<()> {
    diesel::update(import::table.find(import_id))
        .set((
            import::understood.eq(serde_json::to_string(understood)?),
            import::rows_read.eq(rows.read),
            import::rows_new.eq(rows.new),
            import::rows_changed.eq(rows.changed),
            import::rows_unchanged.eq(rows.unchanged),
            import::rows_bad.eq(rows.bad),
            import::rows_skipped.eq(rows.skipped),
        ))
        .execute(conn)?;
    Ok(())
}

#[derive(Insertable, Queryable, Debug)]
#[diesel(table_name = import_error, treat_none_as_default_value = false)]
struct ErrorRow {
    import_id: String,
    line: i32,
    position: i32,
    sheet: Option<String>,
    row_number: i32,
    column_name: String,
    letter: String,
    code: String,
    what_zh: String,
    what_en: String,
    todo_zh: String,
    todo_en: String,
}

#[derive(Insertable)]
#[diesel(table_name = import_bad_row, treat_none_as_default_value = false)]
struct BadRow {
    import_id: String,
    line: i32,
    sheet: Option<String>,
    row_number: i32,
    cells_ct: Vec<u8>,
}

/// A refused row: where it stands, its cells as they came, its faults.
#[derive(Debug)]
pub struct Refused {
    /// The row's place in the order of reading.
    pub line: i32,
    /// Which person of the row, from 0, where several stand side by side.
    pub member: u8,
    /// The sheet; text files have none.
    pub sheet: Option<String>,
    /// Row number in the sheet.
    pub row: i32,
    /// The cells as they came.
    pub cells: Vec<String>,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
}

/// Faults that one person's part of a row can have: each has its own range of positions.
const POSITIONS: i32 = 1000;

/// Keeps refused rows: the faults readable, the cells sealed. A row in which several people are refused is
/// kept once, with the faults of all.
pub fn keep_refused(conn: &mut Conn, sealer: &Sealer, import_id: &str, refused: &[Refused]) -> Result<()> {
    for chunk in refused.chunks(CHUNK) {
        let mut errors = Vec::new();
        let mut rows: Vec<BadRow> = Vec::with_capacity(chunk.len());
        for r in chunk {
            let first = i32::from(r.member) * POSITIONS;
            for (position, fault) in (first..first + POSITIONS).zip(&r.faults) {
                errors.push(ErrorRow {
                    import_id: import_id.to_owned(),
                    line: r.line,
                    position,
                    sheet: r.sheet.clone(),
                    row_number: r.row,
                    column_name: fault.column.clone(),
                    letter: fault.letter.clone(),
                    code: fault.code.clone(),
                    what_zh: fault.what.0.clone(),
                    what_en: fault.what.1.clone(),
                    todo_zh: fault.todo.0.clone(),
                    todo_en: fault.todo.1.clone(),
                });
            }
            let row_id = format!("{import_id}/{}", r.line);
            let cells = serde_json::to_string(&r.cells)?;
            rows.push(BadRow {
                import_id: import_id.to_owned(),
                line: r.line,
                sheet: r.sheet.clone(),
                row_number: r.row,
                cells_ct: sealer.seal(&cells_aad(&row_id), &cells)?,
            });
        }
        pour!(conn, import_error::table, errors.as_slice())?;
        on!(conn => {
            diesel::insert_into(import_bad_row::table).values(&rows).on_conflict_do_nothing().execute(conn)
        })?;
    }
    Ok(())
}

fn cells_aad(row_id: &str) -> Aad<'_> {
    Aad { table: "import_bad_row", column: "cells_ct", row_id }
}

/// One import within the caller's scope, with its faults grouped.
pub fn find(conn: &mut Conn, scope: &Scope, import_id: &str) -> Result<Report> {
    let (low, high) = scope.place_range();
    let mut query = import::table
        .find(import_id)
        .filter(import::place.ge(low))
        .filter(import::place.lt(high))
        .into_boxed();
    if let Some(school) = scope.school() {
        query = query.filter(import::school.eq(school.to_owned()));
    }
    let row: ImportRow = query.first(conn).optional()?.ok_or_else(Error::not_found)?;
    report(conn, row)
}

/// One import, for the code that has just written it.
pub fn find_own(conn: &mut Conn, import_id: &str) -> Result<Report> {
    let row: ImportRow = import::table.find(import_id).first(conn)?;
    report(conn, row)
}

fn report(conn: &mut Conn, row: ImportRow) -> Result<Report> {
    let faults = groups(conn, &row.import_id)?;
    Ok(Report {
        kind: row.kind,
        term: Term::parse(&row.term).ok_or_else(|| Error::internal("a stored term could not be read"))?,
        place: row.place,
        repeated: false,
        rows: Tally {
            read: row.rows_read,
            new: row.rows_new,
            changed: row.rows_changed,
            unchanged: row.rows_unchanged,
            bad: row.rows_bad,
            skipped: row.rows_skipped,
        },
        understood: serde_json::from_str(&row.understood)?,
        faults,
        rehearsal: None,
        import_id: row.import_id,
    })
}

fn groups(conn: &mut Conn, import_id: &str) -> Result<Vec<FaultGroup>> {
    type Row = (String, String, i64, Option<String>, Option<String>, Option<String>);
    let rows: Vec<Row> = import_error::table
        .filter(import_error::import_id.eq(import_id))
        .group_by((import_error::column_name, import_error::code))
        .select((
            import_error::column_name,
            import_error::code,
            count_star(),
            min(import_error::letter),
            min(import_error::what_zh),
            min(import_error::what_en),
        ))
        .order((count_star().desc(), import_error::column_name.asc(), import_error::code.asc()))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(column, code, rows, letter, zh, en)| FaultGroup {
            column,
            letter: letter.unwrap_or_default(),
            code,
            rows,
            what: (zh.unwrap_or_default(), en.unwrap_or_default()),
        })
        .collect())
}

/// The faults of an import after a place (line, position), in the order of reading, each with its place.
pub fn faults(
    conn: &mut Conn,
    import_id: &str,
    after: Option<(i32, i32)>,
    limit: i64,
) -> Result<Vec<((i32, i32), Fault)>> {
    let mut query = import_error::table.filter(import_error::import_id.eq(import_id)).into_boxed();
    if let Some((line, position)) = after {
        query = query.filter(
            import_error::line
                .gt(line)
                .or(import_error::line.eq(line).and(import_error::position.gt(position))),
        );
    }
    let rows: Vec<ErrorRow> =
        query.order((import_error::line.asc(), import_error::position.asc())).limit(limit).load(conn)?;
    Ok(rows.into_iter().map(|e| ((e.line, e.position), Fault::from(e))).collect())
}

impl From<ErrorRow> for Fault {
    fn from(e: ErrorRow) -> Self {
        Self {
            sheet: e.sheet,
            row: e.row_number,
            column: e.column_name,
            letter: e.letter,
            code: e.code,
            what: (e.what_zh, e.what_en),
            todo: (e.todo_zh, e.todo_en),
        }
    }
}

/// So many refused rows after a line, with their cells opened and their faults, in the order of reading.
pub fn refused_after(
    conn: &mut Conn,
    sealer: &Sealer,
    import_id: &str,
    after: i32,
    limit: i64,
) -> Result<Vec<Refused>> {
    type Row = (i32, Option<String>, i32, Vec<u8>);
    let rows: Vec<Row> = import_bad_row::table
        .filter(import_bad_row::import_id.eq(import_id))
        .filter(import_bad_row::line.gt(after))
        .order(import_bad_row::line.asc())
        .limit(limit)
        .select((
            import_bad_row::line,
            import_bad_row::sheet,
            import_bad_row::row_number,
            import_bad_row::cells_ct,
        ))
        .load(conn)?;
    let Some((last, ..)) = rows.last() else { return Ok(Vec::new()) };
    let faults: Vec<ErrorRow> = import_error::table
        .filter(import_error::import_id.eq(import_id))
        .filter(import_error::line.gt(after))
        .filter(import_error::line.le(*last))
        .order((import_error::line.asc(), import_error::position.asc()))
        .load(conn)?;
    let mut faults = faults.into_iter().peekable();
    rows.into_iter()
        .map(|(line, sheet, row, sealed)| {
            let cells = opened(sealer, import_id, line, &sealed)?;
            let mut own = Vec::new();
            while let Some(fault) = faults.next_if(|f| f.line <= line) {
                own.push(Fault::from(fault));
            }
            Ok(Refused { line, member: 0, sheet, row, cells, faults: own })
        })
        .collect()
}

/// Some refused rows of several imports (by line) with their cells opened, without their faults; each with
/// its import and what was understood of it. Rows that are not there are left out.
pub fn refused_rows(
    conn: &mut Conn,
    sealer: &Sealer,
    wanted: &[(&str, i32)],
) -> Result<Vec<(String, UnderstoodBody, Refused)>> {
    type Row = (String, i32, Option<String>, i32, Vec<u8>, String);
    let mut found = Vec::with_capacity(wanted.len());
    for chunk in wanted.chunks(CHUNK) {
        let rows: Vec<Row> = import_bad_row::table
            .inner_join(import::table)
            .filter(import_bad_row::import_id.eq_any(chunk.iter().map(|(id, _)| *id)))
            .filter(import_bad_row::line.eq_any(chunk.iter().map(|(_, line)| *line)))
            .select((
                import_bad_row::import_id,
                import_bad_row::line,
                import_bad_row::sheet,
                import_bad_row::row_number,
                import_bad_row::cells_ct,
                import::understood,
            ))
            .load(conn)?;
        for (import_id, line, sheet, row, sealed, understood) in rows {
            // The two sets are asked for apart, so that pairs come back which nobody wanted.
            if chunk.contains(&(import_id.as_str(), line)) {
                let cells = opened(sealer, &import_id, line, &sealed)?;
                let refused = Refused { line, member: 0, sheet, row, cells, faults: Vec::new() };
                found.push((import_id, serde_json::from_str(&understood)?, refused));
            }
        }
    }
    Ok(found)
}

fn opened(sealer: &Sealer, import_id: &str, line: i32, cells_ct: &[u8]) -> Result<Vec<String>> {
    let cells = sealer.open(&cells_aad(&format!("{import_id}/{line}")), cells_ct)?;
    Ok(serde_json::from_str(&cells)?)
}
