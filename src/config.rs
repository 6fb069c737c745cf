//! Configuration: every option with its `YINGZHU_*` variable, its default and its bounds.
//!
//! Options are read as text by clap and checked here, so that one start names everything that is
//! wrong. What comes out ([`Store`], [`Config`]) is typed and needs no further check. Secrets are never
//! printed: the database's password and the key ring show as `…`.

mod issuers;
mod options;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroize;

use crate::auth::IssuerConfig;
use crate::db::{self, DatabaseUrl};
use crate::error::{Error, FieldError, Result};
use crate::http::Limits;
use crate::http::parts::Patience;
use crate::http::server::Settings;
use crate::jobs;
use crate::values::Text;

pub use options::{ServeOptions, StoreOptions};

/// The variable that may hold the key ring itself; there is no option, because a command line is public.
pub const KEYS_VARIABLE: &str = "YINGZHU_KEYS";

/// A text that must not be shown; wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text from being shown.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Where the key ring comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// A file that only the service's user can read.
    File(PathBuf),
    /// The value of [`KEYS_VARIABLE`].
    Variable(Secret),
    /// Made on first use in the data folder; only with `--dev`.
    Development,
}

/// What every command that touches data needs.
#[derive(Debug, Clone)]
pub struct Store {
    /// The database.
    pub database: DatabaseUrl,
    /// How its connections are kept and bounded.
    pub connections: db::Options,
    /// How long the start waits for a database that does not answer yet.
    pub database_wait: Duration,
    /// Where files of this node live: the embedded database, uploads in progress, development keys.
    pub data_dir: PathBuf,
    /// Development mode: keys are made and trusted on this machine only.
    pub dev: bool,
    /// The key ring that seals personal data.
    pub keys: Keys,
    /// A folder of policy packs in place of the embedded one.
    pub policy_dir: Option<PathBuf>,
}

/// What `serve` needs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Database, keys and folders.
    pub store: Store,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// Whose tokens are trusted; empty only in development mode.
    pub issuers: Vec<IssuerConfig>,
    /// Bounds on requests.
    pub limits: Limits,
    /// How the server listens and stops.
    pub server: Settings,
    /// How this node takes part in long work.
    pub jobs: jobs::Settings,
    /// A calendar of working days in place of the embedded one.
    pub working_days: Option<PathBuf>,
    /// The log filter, in env_logger's syntax.
    pub log: String,
}

/// What is wrong, gathered until all is read.
#[derive(Debug, Default)]
struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, option: &str, detail: Text) {
        let variable = variable(option);
        self.0.push(FieldError { pointer: format!("{option} / {variable}"), code: "option_invalid", detail });
    }

    /// A whole number within bounds; the lower bound stands in when it is not one.
    fn number(&mut self, option: &str, text: &str, least: u64, most: u64) -> u64 {
        let number = text.trim().parse::<u64>().ok().filter(|n| (least..=most).contains(n));
        number.unwrap_or_else(|| {
            self.add(
                option,
                Text::new(
                    format!("应为 {least} 到 {most} 之间的整数"),
                    format!("must be a whole number from {least} to {most}"),
                ),
            );
            least
        })
    }

    fn end<T>(self, value: Option<T>) -> Result<T> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => {
                let count = self.0.len();
                let detail = Text::new(
                    format!("启动配置有 {count} 处错误，请更正后重新启动"),
                    format!("{count} option(s) are wrong: correct them and start again"),
                );
                Err(Error { detail, ..Error::invalid(self.0) })
            }
        }
    }
}

/// The variable of an option: `--data-dir` is `YINGZHU_DATA_DIR`.
fn variable(option: &str) -> String {
    // The one name that says more than its option.
    if option == "--database" {
        return "YINGZHU_DATABASE_URL".to_owned();
    }
    format!("YINGZHU_{}", option.trim_start_matches('-').replace('-', "_").to_ascii_uppercase())
}

impl StoreOptions {
    /// Checks the options. `keys` is the value of [`KEYS_VARIABLE`], if it is set.
    pub fn check(&self, keys: Option<String>) -> Result<Store> {
        let mut faults = Faults::default();
        let store = self.gather(keys, &mut faults);
        faults.end(store)
    }

    fn gather(&self, keys: Option<String>, faults: &mut Faults) -> Option<Store> {
        let database =
            DatabaseUrl::parse(self.database.trim()).map_err(|detail| faults.add("--database", detail)).ok();
        let connections = self.connections(faults);
        let wait = faults.number("--database-wait-seconds", &self.database_wait_seconds, 0, 3_600);
        if let Some(folder) = self.policy_dir.as_ref().filter(|folder| !folder.is_dir()) {
            let shown = folder.display();
            faults.add(
                "--policy-dir",
                Text::new(format!("目录不存在：{shown}"), format!("there is no such folder: {shown}")),
            );
        }
        let keys = keys.filter(|keys| !keys.trim().is_empty());
        let keys = match (&self.key_file, keys, self.dev) {
            (Some(_), Some(_), _) => {
                faults.add(
                    "--key-file",
                    Text::new(
                        format!("与 {KEYS_VARIABLE} 只能设置一个"),
                        format!("set either this or {KEYS_VARIABLE}, not both"),
                    ),
                );
                None
            }
            (Some(file), None, _) => Some(Keys::File(file.clone())),
            (None, Some(keys), _) => Some(Keys::Variable(Secret::new(keys))),
            (None, None, true) => Some(Keys::Development),
            (None, None, false) => {
                faults.add(
                    "--key-file",
                    Text::new(
                        format!("缺少加密密钥：请设置密钥文件或 {KEYS_VARIABLE}；仅在本机试用时可加 --dev"),
                        format!(
                            "the key ring is missing: set the file or {KEYS_VARIABLE}, or --dev to try it out"
                        ),
                    ),
                );
                None
            }
        };
        Some(Store {
            database: database?,
            connections,
            database_wait: Duration::from_secs(wait),
            data_dir: self.data_dir.clone(),
            dev: self.dev,
            keys: keys?,
            policy_dir: self.policy_dir.clone(),
        })
    }
}

impl StoreOptions {
    fn connections(&self, faults: &mut Faults) -> db::Options {
        let replica = self.database_read_url.as_deref().map(str::trim).filter(|url| !url.is_empty());
        let replica = replica.and_then(|url| {
            DatabaseUrl::parse(url).map_err(|detail| faults.add("--database-read-url", detail)).ok()
        });
        let size = faults.number("--pool-size", &self.pool_size, 1, 512);
        let seconds =
            |faults: &mut Faults, option, text| Duration::from_secs(faults.number(option, text, 1, 86_400));
        db::Options {
            size: u32::try_from(size).unwrap_or(1),
            replica,
            statement_timeout: seconds(faults, "--statement-seconds", &self.statement_seconds),
            lock_timeout: seconds(faults, "--lock-seconds", &self.lock_seconds),
            pooled_outside: self.database_pooled,
        }
    }
}

impl ServeOptions {
    /// Checks the options. `keys` is the value of [`KEYS_VARIABLE`], if it is set.
    pub fn check(&self, keys: Option<String>) -> Result<Config> {
        let mut faults = Faults::default();
        let store = self.store.gather(keys, &mut faults);
        let listen = self.listen(&mut faults);
        let issuers = issuers::gather(&self.issuer, self.store.dev, &mut faults);
        let limits = self.limits(&mut faults);
        let server = self.server(&mut faults);
        let jobs = self.jobs(&mut faults);
        let log = self.log_filter(&mut faults);
        let working_days = self.working_days.clone();
        let config = (|| {
            Some(Config { store: store?, listen: listen?, issuers, limits, server, jobs, working_days, log })
        })();
        faults.end(config)
    }

    fn listen(&self, faults: &mut Faults) -> Option<SocketAddr> {
        let Ok(listen) = self.listen.trim().parse::<SocketAddr>() else {
            faults.add(
                "--listen",
                Text::fixed("应为 IP:端口，例如 127.0.0.1:8080", "must be IP:port, e.g. 127.0.0.1:8080"),
            );
            return None;
        };
        if self.store.dev && !listen.ip().is_loopback() {
            faults.add(
                "--listen",
                Text::fixed(
                    "开发模式（--dev）信任本机生成的令牌，只能监听本机地址，例如 127.0.0.1:8080",
                    "development mode trusts tokens made here: listen on a loopback address, e.g. 127.0.0.1:8080",
                ),
            );
            return None;
        }
        Some(listen)
    }

    fn limits(&self, faults: &mut Faults) -> Limits {
        const GIB: u64 = 1 << 30;
        let json = faults.number("--json-max-bytes", &self.json_max_bytes, 1_024, GIB);
        let seconds = |faults: &mut Faults, option, text| faults.number(option, text, 1, 86_400);
        Limits {
            json_bytes: usize::try_from(json).unwrap_or(usize::MAX),
            upload_bytes: faults.number("--upload-max-bytes", &self.upload_max_bytes, 1_024, 16 * GIB),
            upload_dir: Some(self.store.data_dir.join("uploads")),
            body: Patience {
                total: Duration::from_secs(seconds(faults, "--body-seconds", &self.body_seconds)),
                grace: Duration::from_secs(seconds(faults, "--body-grace-seconds", &self.body_grace_seconds)),
                bytes_per_second: u32::try_from(faults.number(
                    "--body-min-rate",
                    &self.body_min_rate,
                    1,
                    1 << 30,
                ))
                .unwrap_or(u32::MAX),
            },
        }
    }

    fn server(&self, faults: &mut Faults) -> Settings {
        let mut number = |option, text: &str, most| {
            usize::try_from(faults.number(option, text, 1, most)).unwrap_or(usize::MAX)
        };
        let workers = match self.workers.as_deref() {
            Some(text) => number("--workers", text, 1_024),
            None => std::thread::available_parallelism().map_or(2, usize::from),
        };
        let max_connections = number("--max-connections", &self.max_connections, 1_000_000);
        let unread = faults.number("--unread-seconds", &self.unread_seconds, 1, 3_600);
        let grace = faults.number("--shutdown-seconds", &self.shutdown_seconds, 1, 3_600);
        Settings {
            workers,
            // Checked with the store's options.
            pool_size: self.store.pool_size.trim().parse().unwrap_or(1),
            max_connections,
            unread: Duration::from_secs(unread),
            grace: Duration::from_secs(grace),
            ..Settings::default()
        }
    }

    fn jobs(&self, faults: &mut Faults) -> jobs::Settings {
        let workers = faults.number("--job-workers", &self.job_workers, 0, 64);
        let lease = faults.number("--job-lease-seconds", &self.job_lease_seconds, 1, 3_600);
        jobs::Settings {
            workers: usize::try_from(workers).unwrap_or(1),
            lease: Duration::from_secs(lease),
            folder: Some(self.store.data_dir.join("uploads")),
            ..jobs::Settings::default()
        }
    }

    /// Only our own level can be set outside development: the dependencies' lower levels write whole requests.
    fn log_filter(&self, faults: &mut Faults) -> String {
        const DEFAULT: &str = "warn,yingzhu=info";
        match self.log.as_deref().map(str::trim) {
            None | Some("") => DEFAULT.to_owned(),
            Some(level @ ("error" | "warn" | "info" | "debug")) => format!("warn,yingzhu={level}"),
            Some(filter) if self.store.dev => filter.to_owned(),
            Some(_) => {
                faults.add(
                    "--log",
                    Text::fixed("应为 error、warn、info 或 debug", "must be error, warn, info or debug"),
                );
                DEFAULT.to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests;
