//! The database as a whole: migrations up, down and up again; diesel's tables against the real ones;
//! writers that meet; a URL that is not one.

#[cfg(test)]
mod database {
    use std::sync::Arc;

    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;
    use diesel::sql_types::Text;
    use yingzhu::db::{Conn, DatabaseUrl, Db};
    use yingzhu::schema;

    fn fresh() -> (Db, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("nested/test.db").display());
        (Db::connect(&DatabaseUrl::parse(&url).unwrap(), 8).unwrap(), folder)
    }

    #[derive(QueryableByName, PartialEq, Eq, Debug)]
    struct Object {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        sql: String,
    }

    /// Every table and index with its text, without diesel's own.
    fn dump(db: &Db) -> Vec<Object> {
        db.read_now(|conn| {
            Ok(diesel::sql_query(
                "SELECT name, COALESCE(sql, '') AS sql FROM sqlite_master \
             WHERE name NOT LIKE '%diesel%' AND name NOT LIKE 'sqlite_%' ORDER BY name",
            )
            .load(conn)?)
        })
        .unwrap()
    }

    #[test]
    fn migrations_go_up_down_and_up_again() {
        let (db, _folder) = fresh();
        let count = db.migrate().unwrap();
        assert!(count >= 2);
        let up = dump(&db);
        assert!(up.iter().any(|o| o.name == "person") && up.iter().any(|o| o.name == "finding"));
        assert_eq!(db.revert_all().unwrap(), count);
        assert_eq!(dump(&db), []);
        assert_eq!(db.migrate().unwrap(), count);
        assert_eq!(dump(&db), up);
        assert_eq!(db.migrate().unwrap(), 0, "nothing is pending the second time");
    }

    /// Selects every column that diesel knows of each table, and counts those the database has.
    macro_rules! same_columns {
    ($conn:ident: $($table:ident),+ $(,)?) => { $( {
        let query = schema::$table::table.select(schema::$table::all_columns).limit(0);
        let known = diesel::debug_query::<diesel::sqlite::Sqlite, _>(&query).to_string();
        let known = known.split(" FROM ").next().unwrap().matches(&format!("`{}`.", stringify!($table))).count();
        let name = stringify!($table);
        let there: i64 = diesel::sql_query(format!("SELECT COUNT(*) AS n FROM pragma_table_info('{name}')"))
            .get_result::<Count>($conn)
            .unwrap()
            .n;
        assert_eq!(i64::try_from(known).unwrap(), there, "{name}: columns that diesel does not know");
        match $conn {
            Conn::Sqlite(conn) => conn.batch_execute(
                &diesel::debug_query::<diesel::sqlite::Sqlite, _>(&query).to_string()
                    .split(" LIMIT ").next().unwrap().to_string(),
            ).unwrap_or_else(|e| panic!("{name}: {e}")),
            Conn::Pg(_) => unreachable!(),
        }
    } )+ };
}

    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }

    #[test]
    fn diesel_knows_every_column_of_every_table() {
        let (db, _folder) = fresh();
        db.migrate().unwrap();
        db.read_now(|conn| {
        same_columns!(conn: person, person_name, account, import, import_error, import_bad_row, school,
            enrolment, category, evidence, poverty_list, poverty_list_entry, aid_notice, aid_record, aid_entry, cross_check, finding, proposal);
        Ok(())
    })
    .unwrap();
        let tables = dump(&db).iter().filter(|o| o.sql.starts_with("CREATE TABLE")).count();
        assert_eq!(tables, 18, "a new table belongs in the list above");
    }

    #[test]
    fn writers_that_read_first_wait_for_each_other() {
        let (db, _folder) = fresh();
        db.migrate().unwrap();
        db.write_now(|conn| {
            conn.batch_execute("CREATE TABLE tally (n BIGINT NOT NULL); INSERT INTO tally VALUES (0);")?;
            Ok(())
        })
        .unwrap();
        let db = Arc::new(db);
        let writers: Vec<_> = (0..8)
            .map(|_| {
                let db = Arc::clone(&db);
                std::thread::spawn(move || {
                    for _ in 0..25 {
                        db.write_now(|conn| {
                            let n = diesel::sql_query("SELECT n FROM tally").get_result::<Count>(conn)?.n;
                            conn.batch_execute(&format!("UPDATE tally SET n = {}", n + 1))?;
                            Ok(())
                        })
                        .unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        let n = db
            .read_now(|conn| Ok(diesel::sql_query("SELECT n FROM tally").get_result::<Count>(conn)?.n))
            .unwrap();
        assert_eq!(n, 200);
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let (db, _folder) = fresh();
        db.migrate().unwrap();
        let failed: Result<(), _> = db.write_now(|conn| {
            conn.batch_execute("CREATE TABLE half (n BIGINT)")?;
            Err(yingzhu::error::Error::not_found())
        });
        assert!(failed.is_err());
        assert!(dump(&db).iter().all(|o| o.name != "half"));
    }

    #[test]
    fn a_url_without_a_known_scheme_is_refused() {
        for url in
            ["", "data.db", "sqlite:", "sqlite://", "mysql://x", "/tmp/x.db", "postgre://x", "SQLITE://x"]
        {
            let refused = DatabaseUrl::parse(url).unwrap_err();
            assert!(refused.zh.contains("sqlite://") && refused.en.contains("postgres://"), "{url}");
        }
        let shown = format!("{:?}", DatabaseUrl::parse("postgres://user:secret@host/db").unwrap());
        assert!(!shown.contains("secret") && !shown.contains("host"));
    }
}
