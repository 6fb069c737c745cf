//! What several commands open in the same way: the database, the key ring, the data folder.

use crate::config::{Keys, Store};
use crate::db::Db;
use crate::error::Result;
use crate::seal::KeyRing;

/// The file of the development key ring in the data folder.
const DEVELOPMENT_RING: &str = "dev-keys.json";

/// The database with this binary's schema.
pub(super) fn open_database(store: &Store) -> Result<Db> {
    let db = Db::connect(&store.database, store.pool_size)?;
    let done = db.migrate()?;
    if done > 0 {
        log::info!("event=migrated count={done}");
    }
    Ok(db)
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
