//! The one list of everything that can be called. A new slice is one line in [`v1`].

use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{operation, reference};
use crate::{aid, cross_check, eligibility, imports, jobs, poverty_list, proposals, roll};

/// Every operation: the service's own, and the slices below `/v1`.
pub fn all(cfg: &mut ServiceConfig) {
    cfg.configure(operation::configure).service(scope("/v1").configure(v1));
}

/// The slices, in the order in which the document shows them.
fn v1(cfg: &mut ServiceConfig) {
    cfg.configure(eligibility::http::configure)
        .configure(poverty_list::http::configure)
        .configure(roll::http::configure)
        .configure(aid::http::configure)
        .configure(cross_check::http::configure)
        .configure(imports::http::configure)
        .configure(jobs::http::configure)
        .configure(proposals::http::configure)
        .configure(reference::configure);
}
