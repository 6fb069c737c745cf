//! Many rows into one table, by whatever is quickest on the engine.

/// From here on rows go by `COPY` on PostgreSQL: it takes them as they come, without parsing and planning a
/// statement for each chunk, and has no bound of 65,535 values. A few rows are sooner there by a statement
/// that is prepared already.
pub(crate) const COPY_FROM: usize = 32;

/// So many rows go to one statement on SQLite: their number is always the same, so that the statement is
/// parsed once for a connection and then only given other values, which for rows of thirty columns is what
/// most of a longer statement's time goes into.
pub(crate) const SHEAF: usize = 16;

/// Inserts rows, however many: `pour!(conn, enrolment::table, rows)?`. Rows are a slice of one `Insertable`
/// (with `treat_none_as_default_value = false`); none may be in conflict with what is stored. Fails like an
/// `INSERT`, and has then inserted nothing that the transaction keeps.
macro_rules! pour {
    ($conn:expr, $table:expr, $rows:expr) => {{
        let rows = $rows;
        match $conn {
            $crate::db::Conn::Pg(conn) if rows.len() >= $crate::db::COPY_FROM => {
                diesel::ExecuteCopyFromDsl::execute(diesel::copy_from($table).from_insertable(rows), conn)
                    .map(|_| ())
            }
            $crate::db::Conn::Pg(conn) => {
                diesel::RunQueryDsl::execute(diesel::insert_into($table).values(rows), conn).map(|_| ())
            }
            $crate::db::Conn::Sqlite(conn) => {
                let (sheaves, rest) = rows.as_chunks::<{ $crate::db::SHEAF }>();
                sheaves
                    .iter()
                    .try_for_each(|sheaf| {
                        diesel::RunQueryDsl::execute(diesel::insert_into($table).values(sheaf), conn)
                            .map(|_| ())
                    })
                    .and_then(|()| {
                        rest.iter().try_for_each(|row| {
                            diesel::RunQueryDsl::execute(diesel::insert_into($table).values(row), conn)
                                .map(|_| ())
                        })
                    })
            }
        }
    }};
}
pub(crate) use pour;
