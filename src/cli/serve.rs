//! `yingzhu serve`: configuration, log, database, parts, then the server until it is told to stop.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::{Out, logging, store};
use crate::aid::notice::working_day;
use crate::auth::{DevKey, Verifier};
use crate::config::{Config, ServeOptions};
use crate::error::{Code, Error, Result};
use crate::http::{Parts, rim, routes, server, upload, works};
use crate::jobs::Node;
use crate::values::Text;

/// Options of `serve`.
#[derive(clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    serve: ServeOptions,
}

/// Serves until SIGTERM or SIGINT.
pub(super) fn run(options: &Options, out: &mut Out) -> Result<()> {
    serve(&options.serve, out)
}

/// Serves with these options; the demo has its own.
pub(super) fn serve(options: &ServeOptions, out: &mut Out) -> Result<()> {
    let config = options.check(super::keys_variable())?;
    logging::start(&config.log);
    rim::log_panics_without_their_values();
    log::info!("event=starting version={} {config:?}", env!("CARGO_PKG_VERSION"));
    if config.store.dev {
        warn_of_development(out);
    }
    upload::prepare_folder(&config.limits)?;
    let (parts, node) = gather_parts(&config)?;
    let workers = node.start()?;
    let told = Arc::new(OnceLock::new());
    let served = listen(&config, parts, Arc::clone(&told), out);
    // Requests and jobs share one grace, so that a supervisor knows how long to wait.
    let spent = told.get().map_or(Duration::ZERO, Instant::elapsed);
    workers.stop(config.server.grace.saturating_sub(spent));
    log::info!("event=stopped");
    served
}

/// One place where everything the handlers need is made.
fn gather_parts(config: &Config) -> Result<(Parts, Node)> {
    if let Some(path) = &config.working_days {
        take_working_days(path)?;
    }
    let desk = store::desk(&config.store)?;
    let packs = store::packs(&config.store)?;
    let pack = Arc::clone(packs.current());
    log::info!("event=policy_loaded pack={} version={} digest={}", pack.id(), pack.version(), pack.digest());
    let verifier = verifier(config)?;
    let keys = verifier.clone();
    let works = works::all(&desk, &pack);
    let node = Node::new(desk.db.clone(), desk.sealer.clone(), works, config.jobs.clone());
    let parts = Parts::new(desk.db.clone(), config.limits.clone())
        .with(desk)
        .with_shared(pack)
        .with(packs)
        .with(verifier)
        .with(node.clone())
        .ready_when("token_keys", move || if keys.ready() { Ok(()) } else { Err(no_keys()) });
    Ok((parts, node))
}

/// Takes the operator's calendar of working days in place of the embedded one.
fn take_working_days(path: &Path) -> Result<()> {
    let refused = |zh: String, en: String| Error::new(Code::InvalidInput, Text::new(zh, en));
    let text = std::fs::read_to_string(path).map_err(|e| {
        let kind = e.kind();
        refused(
            format!("工作日历文件无法读取（{kind}），请检查 --working-days"),
            format!("the calendar of working days cannot be read ({kind}): check --working-days"),
        )
    })?;
    working_day::replace(&text).map_err(|lines| {
        refused(
            format!("工作日历文件有误，请检查这些行：{lines:?}；每年要有 year 行"),
            format!("the calendar of working days is not right: see lines {lines:?}; each year needs its `year` line"),
        )
    })?;
    log::info!("event=working_days_loaded");
    Ok(())
}

/// The verifier, with the key sets it can already have.
fn verifier(config: &Config) -> Result<Verifier> {
    let dev = config.store.dev.then(|| DevKey::load_or_create(&config.store.data_dir)).transpose()?;
    let verifier = Verifier::new(config.issuers.clone(), dev.as_ref())?;
    if !verifier.prefetch() {
        // The identity server may start later than we do: /readyz says no until then.
        log::warn!("event=token_keys_missing");
    }
    Ok(verifier)
}

fn no_keys() -> Error {
    Error::internal("no young key set of some issuer")
}

/// Binds, serves, and returns when the last request has been answered. `told` is when the stop was asked for.
fn listen(config: &Config, parts: Parts, told: Arc<OnceLock<Instant>>, out: &mut Out) -> Result<()> {
    let listener = bind(config.listen)?;
    let address = listener.local_addr()?;
    out.note(&Text::new(
        format!("服务已启动：http://{address}，接口说明：http://{address}/docs/"),
        format!("serving on http://{address}, documentation at http://{address}/docs/"),
    ));
    let settings = config.server;
    let stop = async move {
        server::stop_signal().await;
        told.get_or_init(Instant::now);
    };
    actix_web::rt::System::new()
        .block_on(async move { server::start(parts, routes::all, listener, settings, stop)?.await })?;
    Ok(())
}

/// Takes the address, or says that somebody else has it.
pub(super) fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).map_err(|e| {
        let kind = e.kind();
        Error::new(
            Code::Conflict,
            Text::new(
                format!("无法监听 {address}（{kind}），请检查端口是否被占用或改用 --listen"),
                format!(
                    "cannot listen on {address} ({kind}): is the port taken? choose another with --listen"
                ),
            ),
        )
    })
}

fn warn_of_development(out: &mut Out) {
    let text = Text::fixed(
        "【警告】开发模式：密钥由本机生成，本机签发的令牌即被信任。切勿存放真实学生数据，切勿用于生产。",
        "WARNING: development mode. Keys are made here and tokens made here are trusted. \
         No real students' data, never in production.",
    );
    out.note(&text);
    log::warn!("event=development_mode keys=local tokens=local never_in_production=true");
}
