//! What several commands open in the same way: the database, the key ring, the policy pack.

use crate::config::{Keys, Store};
use crate::db::Db;
use crate::error::{Code, Error, FieldError, Result};
use crate::policy::Pack;
use crate::seal::KeyRing;
use crate::values::Text;

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

/// The policy pack of the configured folder, else the embedded one. Every fault is named at once.
pub(super) fn policy_pack(store: &Store) -> Result<Pack> {
    let read = store.policy_dir.as_deref().map_or_else(Pack::embedded, Pack::from_dir);
    read.map_err(|faults| {
        let fields = faults
            .into_iter()
            .map(|fault| FieldError {
                pointer: format!("{}:{} {}", fault.file, fault.line, fault.key),
                code: "policy_invalid",
                detail: fault.what,
            })
            .collect();
        let detail = Text::fixed(
            "政策包有错误，请更正后重新启动（可用 yingzhu policy check 检查）",
            "the policy pack has faults: correct them and start again (see yingzhu policy check)",
        );
        Error { fields, ..Error::new(Code::InvalidInput, detail) }
    })
}
