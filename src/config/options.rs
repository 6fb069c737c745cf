//! The options as clap reads them: text, defaults and help. What is right is decided one floor up.
//!
//! None of these is `Debug`: the database URL holds a password.

use std::path::PathBuf;

use clap::builder::Resettable;
use clap::{Args, CommandFactory, FromArgMatches};

use crate::error::{Error, Result};

/// Options of every command that touches data.
#[derive(Clone, Args)]
pub struct StoreOptions {
    /// 数据库地址，sqlite://文件 或 postgres://… | Database URL
    #[arg(
        long,
        env = "YINGZHU_DATABASE_URL",
        default_value = "sqlite://data/yingzhu.db",
        hide_env_values = true
    )]
    pub database: String,
    /// 数据库连接数 | Database connections
    #[arg(long, env = "YINGZHU_POOL_SIZE", default_value = "8")]
    pub pool_size: String,
    /// 只读副本地址，供列表、导出和统计使用 | A replica for lists, exports and statistics
    #[arg(long, env = "YINGZHU_DATABASE_READ_URL", hide_env_values = true)]
    pub database_read_url: Option<String>,
    /// PostgreSQL 单条语句的最长秒数 | Longest statement on PostgreSQL, in seconds
    #[arg(long, env = "YINGZHU_STATEMENT_SECONDS", default_value = "120")]
    pub statement_seconds: String,
    /// PostgreSQL 等待其他事务的最长秒数 | Longest wait for another transaction, in seconds
    #[arg(long, env = "YINGZHU_LOCK_SECONDS", default_value = "5")]
    pub lock_seconds: String,
    /// 数据库前有事务级连接池（如 PgBouncer） | A transaction pooler stands before PostgreSQL
    #[arg(long, env = "YINGZHU_DATABASE_POOLED")]
    pub database_pooled: bool,
    /// 启动时等待数据库的最长秒数 | Longest wait for the database at start, in seconds
    #[arg(long, env = "YINGZHU_DATABASE_WAIT_SECONDS", default_value = "30")]
    pub database_wait_seconds: String,
    /// 本机数据目录 | Folder for this node's files
    #[arg(long, env = "YINGZHU_DATA_DIR", default_value = "data")]
    pub data_dir: PathBuf,
    /// 开发模式：自动生成密钥并信任本机签发的令牌，切勿用于生产 | Development mode, never in production
    #[arg(long, env = "YINGZHU_DEV")]
    pub dev: bool,
    /// 密钥文件（也可用环境变量 YINGZHU_KEYS 直接给出） | Key ring file (or the ring itself in YINGZHU_KEYS)
    #[arg(long, env = "YINGZHU_KEY_FILE")]
    pub key_file: Option<PathBuf>,
    /// 政策包目录，缺省用内置政策包 | Policy packs in place of the embedded one
    #[arg(long, env = "YINGZHU_POLICY_DIR")]
    pub policy_dir: Option<PathBuf>,
}

/// Options that say whose tokens are trusted.
#[derive(Clone, Default, Args)]
pub struct IssuerOptions {
    /// 令牌签发方（iss） | Token issuer
    #[arg(long, env = "YINGZHU_ISSUER")]
    pub issuer: Option<String>,
    /// 令牌受众（aud） | Token audience
    #[arg(long, env = "YINGZHU_AUDIENCE")]
    pub audience: Option<String>,
    /// 签名算法：RS256、PS256、ES256 或 EdDSA | Signature algorithm
    #[arg(long, env = "YINGZHU_ALGORITHM")]
    pub algorithm: Option<String>,
    /// 公钥集（JWKS）：文件或 https 地址 | Key set: a file or an https URL
    #[arg(long, env = "YINGZHU_JWKS")]
    pub jwks: Option<String>,
    /// 访问公钥集时信任的 CA 证书（PEM） | CA certificates for the key set's address
    #[arg(long, env = "YINGZHU_ISSUER_CA")]
    pub issuer_ca: Option<PathBuf>,
    /// 有多个签发方时：TOML 文件，每个一段 [[issuer]] | Several issuers, as a TOML file
    #[arg(long, env = "YINGZHU_ISSUERS")]
    pub issuers: Option<PathBuf>,
}

/// Options of `serve`.
#[derive(Clone, Args)]
pub struct ServeOptions {
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would replace the command's own help")]
    pub store: StoreOptions,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a doc comment here would replace the command's own help")]
    pub issuer: IssuerOptions,
    /// 监听地址 | Address to listen on
    #[arg(long, env = "YINGZHU_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// 工作日历文件，缺省用内置日历 | Working-day calendar in place of the embedded one
    #[arg(long, env = "YINGZHU_WORKING_DAYS")]
    pub working_days: Option<PathBuf>,
    /// 工作线程数，缺省为 CPU 核数 | Threads that take requests
    #[arg(long, env = "YINGZHU_WORKERS")]
    pub workers: Option<String>,
    /// 每个线程的最大连接数 | Connections per worker
    #[arg(long, env = "YINGZHU_MAX_CONNECTIONS", default_value = "4096")]
    pub max_connections: String,
    /// JSON 请求的最大字节数 | Largest JSON body
    #[arg(long, env = "YINGZHU_JSON_MAX_BYTES", default_value = "1048576")]
    pub json_max_bytes: String,
    /// 上传文件的最大字节数 | Largest uploaded file
    #[arg(long, env = "YINGZHU_UPLOAD_MAX_BYTES", default_value = "268435456")]
    pub upload_max_bytes: String,
    /// 等待一个请求体的最长秒数 | Longest wait for one body, in seconds
    #[arg(long, env = "YINGZHU_BODY_SECONDS", default_value = "600")]
    pub body_seconds: String,
    /// 不论大小，每个请求体的宽限秒数 | Seconds granted to every body
    #[arg(long, env = "YINGZHU_BODY_GRACE_SECONDS", default_value = "10")]
    pub body_grace_seconds: String,
    /// 宽限之外的最低传输速度（字节/秒） | Slowest body, in bytes per second
    #[arg(long, env = "YINGZHU_BODY_MIN_RATE", default_value = "16384")]
    pub body_min_rate: String,
    /// 对方停止接收应答多少秒后断开 | Seconds of an answer not being read before the connection is dropped
    #[arg(long, env = "YINGZHU_UNREAD_SECONDS", default_value = "60")]
    pub unread_seconds: String,
    /// 停止时等待处理中请求和任务的秒数 | Seconds for requests and jobs in flight when stopping
    #[arg(long, env = "YINGZHU_SHUTDOWN_SECONDS", default_value = "30")]
    pub shutdown_seconds: String,
    /// 后台任务线程数，0 为只接收不执行 | Background workers; 0 takes jobs in and leaves them to other nodes
    #[arg(long, env = "YINGZHU_JOB_WORKERS", default_value = "1")]
    pub job_workers: String,
    /// 节点失联多少秒后其任务由其他节点接手 | Seconds of silence after which a node's job is taken over
    #[arg(long, env = "YINGZHU_JOB_LEASE_SECONDS", default_value = "30")]
    pub job_lease_seconds: String,
    /// 日志级别：error、warn、info 或 debug | Log level
    #[arg(long, env = "YINGZHU_LOG")]
    pub log: Option<String>,
}

#[derive(clap::Parser)]
struct Alone {
    #[command(flatten)]
    options: ServeOptions,
}

impl ServeOptions {
    /// Every option at its default and no variable read: for the demo, which must never meet real data.
    pub fn defaults() -> Result<Self> {
        let command = Alone::command().mut_args(|arg| arg.env(Resettable::Reset));
        command
            .try_get_matches_from(["yingzhu"])
            .and_then(|matches| Alone::from_arg_matches(&matches))
            .map(|alone| alone.options)
            .map_err(|e| Error::internal(format!("defaults: {}", e.kind())))
    }
}
