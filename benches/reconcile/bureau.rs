//! A bureau with a database of its own: an invented county imported by the ordinary importers, runs, and the
//! rows of a run merely read.

use chrono::{Days, NaiveDate};
use yingzhu::aid::import::AidImporter;
use yingzhu::aid::payments as aid;
use yingzhu::auth::Scope;
use yingzhu::cli::demo::{County as Invented, File, Plan, generate, pay_by, write_files};
use yingzhu::cross_check::run::{self, Means};
use yingzhu::cross_check::store::CheckRow;
use yingzhu::cross_check::watch::unwatched;
use yingzhu::db::{Conn, DatabaseUrl, Db};
use yingzhu::imports::{Desk, Order};
use yingzhu::policy::Pack;
use yingzhu::poverty_list::import::ListImporter;
use yingzhu::poverty_list::store as lists;
use yingzhu::roll::import::RollImporter;
use yingzhu::roll::store as roll;
use yingzhu::seal::{KeyRing, Sealer, vault};
use yingzhu::sheet::{Limits, Reader};
use yingzhu::values::{Place, Term, TermCalendar, clock};

use super::Failure;

/// A bureau with a database of its own, into which the invented county was imported.
pub(super) struct Bureau {
    pub(super) desk: Desk,
    pack: Pack,
    pub(super) county: Invented,
    pub(super) place: Place,
    today: NaiveDate,
}

impl Bureau {
    /// A bureau of so many students, three in ten of them listed, on a database without tables.
    pub(super) fn open(url: &str, students: u32, term: Term) -> Result<Self, Failure> {
        let plan = Plan { students, listed: students * 3 / 10, ..Plan::usual(students, term) };
        let county = generate(&plan)?;
        let folder = tempfile::tempdir()?;
        let files = write_files(&county, folder.path())?;
        let db = Db::connect(&DatabaseUrl::parse(url).map_err(|e| e.en)?, 2)?;
        db.migrate()?;
        let reader = Reader { program: env!("CARGO_BIN_EXE_yingzhu").into(), limits: Limits::default() };
        let sealer = Sealer::new(&KeyRing::generate()?)?;
        let pack = Pack::embedded().map_err(|faults| format!("{faults:?}"))?;
        let bureau = Self {
            desk: Desk { db, reader, sealer },
            pack,
            today: TermCalendar::default().first_day(term) + Days::new(100),
            place: Place::parse(&plan.place).map_err(|e| e.what.en)?,
            county,
        };
        for (file, path) in [
            (File::List, &files.list),
            (File::Roll, &files.roll),
            (File::NeighbourRoll, &files.neighbour_roll),
            (File::Aid, &files.aid),
        ] {
            bureau.import(file, path)?;
        }
        Ok(bureau)
    }

    fn import(&self, file: File, path: &std::path::Path) -> Result<(), Failure> {
        let term = self.county.plan.term;
        let place = match file {
            File::NeighbourRoll => Place::parse(&self.county.neighbour.place).map_err(|e| e.what.en)?,
            _ => self.place.clone(),
        };
        let order = Order {
            term,
            place,
            school: None,
            by: "sender".to_owned(),
            at: clock::now(),
            digest: format!("{file:?}"),
            bytes: 1,
            reading: yingzhu::sheet::Reading::default(),
            rehearsal: false,
        };
        let calendar = TermCalendar::default();
        match file {
            File::List => {
                let mut importer = ListImporter::new(None, calendar.first_day(term));
                let report = self.desk.import_now(path, &order, &mut importer, &|_| {})?;
                let scope = Scope::local(self.place.clone());
                self.desk.db.write_now(|conn| {
                    let list_id = lists::of_import(conn, &report.import_id)?.unwrap_or_default();
                    lists::check(conn, &scope, "sender", &list_id, clock::now())?;
                    lists::lock(conn, &scope, "reviewer", &list_id, clock::now())
                })?;
            }
            File::Roll | File::NeighbourRoll => {
                self.desk.import_now(path, &order, &mut RollImporter::new(calendar), &|_| {})?;
            }
            File::Aid => {
                self.desk.import_now(path, &order, &mut AidImporter::new(self.today), &|_| {})?;
            }
        }
        Ok(())
    }

    /// A run with this last day for paying: another day, another run.
    pub(super) fn check(&self, later: u64) -> Result<CheckRow, Failure> {
        let order = run::Order {
            list: None,
            term: self.county.plan.term,
            place: self.place.clone(),
            pay_by: Some(pay_by(self.county.plan.term) + Days::new(later)),
            by: "reviewer".to_owned(),
            at: clock::now(),
            today: self.today,
        };
        let scope = Scope::local(self.place.clone());
        let means = Means { pack: &self.pack, sealer: &self.desk.sealer };
        let run = |conn: &mut Conn| run::run(conn, &scope, means, &order, &mut unwatched);
        Ok(self.desk.db.write_now(run)?.0)
    }

    /// The same rows with the same queries, and nothing done with them: how many.
    pub(super) fn read(&self) -> Result<usize, Failure> {
        const PAGE: i64 = 5_000;
        let term = self.county.plan.term.to_string();
        Ok(self.desk.db.read_now(|conn| {
            let list = lists::in_force(conn, self.today, clock::now())?.remove(0);
            let entries = lists::all_entries(conn, &list.list_id, &self.place)?;
            let mut rows = entries.len();
            let mut paid: Vec<String> = Vec::new();
            for county in aid::places_of_term(conn, &term, &self.place)? {
                let mut after = None;
                loop {
                    let (page, next) = aid::of_term(conn, &term, &county, after.as_ref(), PAGE)?;
                    rows += page.len();
                    paid.extend(page.into_iter().map(|p| p.person_id));
                    if next.is_none() {
                        break;
                    }
                    after = next;
                }
            }
            let listed: Vec<String> = entries.iter().map(|e| e.person_id.clone()).collect();
            rows += roll::categories_of_term(conn, &term, &self.place, self.today, &listed)?.len();
            rows += roll::evidence_of_term(conn, &term, &self.place, self.today, &listed)?.len();
            for county in roll::places_of_term(conn, &term, &self.place)? {
                let mut end = None;
                loop {
                    let mut page = roll::of_term(conn, &term, &county, end.as_ref(), PAGE)?;
                    rows += page.len();
                    end = page.pop();
                    if end.is_none() {
                        break;
                    }
                }
            }
            paid.sort_unstable();
            paid.dedup();
            for people in paid.chunks(5_000) {
                rows += vault::reveal_ids(conn, &self.desk.sealer, people)?.len();
            }
            Ok(rows)
        })?)
    }
}
