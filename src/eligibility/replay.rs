//! A decision taken again from its receipt: the same pack, the same facts, the same bytes.

use actix_web::{post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::AnyCaller;
use crate::error::{Error, Result};
use crate::http::Json;
use crate::policy::{DecisionBody, Packs, Receipt, replay};

/// 按凭据重现判定 / The decision of a receipt again, byte for byte. Nothing is stored.
///
/// The receipt comes with every decision. Its pack is found by digest among all that are loaded, so
/// that a newer pack in force changes nothing; a digest that none of them has is refused and named.
/// The words are in the receipt's language, whatever `Accept-Language` says.
#[utoipa::path(
    tag = "eligibility",
    request_body = Receipt,
    responses((status = 200, description = "The decision", body = DecisionBody))
)]
#[post("/eligibility/replays")]
async fn replay_decision(
    _caller: AnyCaller,
    receipt: Json<Receipt>,
    packs: web::Data<Packs>,
) -> Result<Json<DecisionBody>> {
    replay(&packs, &receipt.0).map(Json).map_err(Error::invalid)
}

/// Registers the operation.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.service(replay_decision);
}
