//! What several commands open in the same way: the database, the key ring, the data folder.

use std::time::{Duration, Instant};

use crate::config::{Keys, Store, StoreOptions};
use crate::db::Db;
use crate::error::{Code, Error, FieldError, Result};
use crate::imports::Desk;
use crate::policy::{Pack, Packs};
use crate::seal::{KeyRing, Sealer};
use crate::sheet::{Limits, Reader};
use crate::values::Text;

/// The file of the development key ring in the data folder.
const DEVELOPMENT_RING: &str = "dev-keys.json";

/// How often the log says that the start still waits.
const REMINDER: Duration = Duration::from_secs(10);

/// The database with this binary's schema.
pub(super) fn open_database(store: &Store) -> Result<Db> {
    let db = patiently(store.database_wait, || Db::open(&store.database, &store.connections))?;
    let done = db.migrate()?;
    if done > 0 {
        log::info!("event=migrated count={done}");
    }
    Ok(db)
}

/// Waits for a database that does not answer yet; what is refused outright is told at once.
fn patiently<T>(wait: Duration, mut open: impl FnMut() -> Result<T>) -> Result<T> {
    let (since, mut told) = (Instant::now(), None::<Instant>);
    loop {
        match open() {
            Err(error) if error.code == Code::Unavailable && since.elapsed() < wait => {
                if told.is_none_or(|at| at.elapsed() > REMINDER) {
                    told = Some(Instant::now());
                    log::warn!("event=waiting_for_database at_most={}s", wait.as_secs());
                }
                std::thread::sleep(Duration::from_millis(500));
            }
            done => return done,
        }
    }
}

/// The key ring from where the configuration says it is.
pub(super) fn key_ring(store: &Store) -> Result<KeyRing> {
    match &store.keys {
        Keys::File(path) => KeyRing::load_file(path),
        Keys::Variable(ring) => KeyRing::from_json(ring.reveal()),
        Keys::Development => {
            std::fs::create_dir_all(&store.data_dir)?;
            KeyRing::create_file_if_absent(&store.data_dir.join(DEVELOPMENT_RING))
        }
    }
}

/// The desk that takes files in, and the policy pack: what a command on the server itself works with.
pub(super) fn open_desk(options: &StoreOptions) -> Result<(Desk, Pack)> {
    let store = options.check(super::keys_variable())?;
    Ok((desk(&store)?, pack(&store)?))
}

/// Database, spreadsheet reader and sealer.
pub(super) fn desk(store: &Store) -> Result<Desk> {
    let db = open_database(store)?;
    let sealer = Sealer::new(&key_ring(store)?)?;
    // Workbooks are read by a child of this very binary.
    let program = std::env::current_exe()?;
    Ok(Desk { db, reader: Reader { program, limits: Limits::default() }, sealer })
}

/// The policy pack in force.
pub(super) fn pack(store: &Store) -> Result<Pack> {
    Ok(Pack::clone(packs(store)?.current()))
}

/// The policy packs: the embedded one and those of a folder. Every fault is told at once.
pub(super) fn packs(store: &Store) -> Result<Packs> {
    Packs::load(store.policy_dir.as_deref()).map_err(|faults| {
        let fields = faults
            .into_iter()
            .map(|fault| FieldError {
                pointer: format!("{}:{}: {}", fault.file, fault.line, fault.key),
                code: "policy_fault",
                detail: fault.what,
            })
            .collect();
        let detail = Text::fixed(
            "政策包有错误，请更正后重试",
            "the policy pack has faults: correct them and try again",
        );
        Error { fields, ..Error::new(Code::InvalidInput, detail) }
    })
}
