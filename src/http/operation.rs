//! Whether the service lives, whether it can work, its counters, its document. Nothing here needs a
//! token and nothing here knows a person; the gateway keeps `/metrics` from the outside.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::Json;
use super::metrics::Metrics;
use super::parts::Readiness;
use crate::error::{Error, Result};

/// Registers the operations of this file.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(check_health).service(check_readiness).service(read_metrics);
}

/// The service's state.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`; anything else comes as a problem.
    #[schema(example = "ok")]
    pub status: String,
    /// The running version.
    #[schema(example = "0.1.0")]
    pub version: String,
}

impl Health {
    fn ok() -> Self {
        Self { status: "ok".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// 存活检查 Is the process alive?
///
/// Answers as long as the process can answer at all; asks nothing of the database.
#[utoipa::path(operation_id = "check_health", tag = "operation", security(()),
    responses((status = 200, description = "Alive", body = Health)))]
#[get("/healthz")]
async fn check_health() -> Json<Health> {
    Json(Health::ok())
}

/// 就绪检查 Can the service do its work?
///
/// The database answers and every part is loaded; otherwise 503, and the gateway should send the
/// request elsewhere.
#[utoipa::path(operation_id = "check_readiness", tag = "operation", security(()),
    responses((status = 200, description = "Ready", body = Health)))]
#[get("/readyz")]
async fn check_readiness(readiness: Data<Readiness>) -> Result<Json<Health>> {
    let checks = readiness.0.clone();
    let failed = tokio::task::spawn_blocking(move || {
        checks.iter().find_map(|(name, check)| check().err().map(|error| (*name, error)))
    })
    .await
    .map_err(|_join| Error::unavailable("readiness checks did not end"))?;
    match failed {
        None => Ok(Json(Health::ok())),
        Some((name, error)) => Err(Error::unavailable(format!("not ready: {name}: {error}"))),
    }
}

/// 运行指标 Counters for Prometheus.
///
/// Requests by route pattern and status, durations, panics; no personal data.
#[utoipa::path(operation_id = "read_metrics", tag = "operation", security(()),
    responses((status = 200, description = "Prometheus text format", body = String, content_type = "text/plain")))]
#[get("/metrics")]
async fn read_metrics(metrics: Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(metrics.text())
}
