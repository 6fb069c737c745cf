//! The HTTP rim: the application that production and tests both run.
//!
//! A request passes [`rim`] (request id, language, deadline on its body, panics and errors into
//! problems, one log line), then the route's own extractors, then a handler of a slice. This room
//! assembles; it knows no rule of student aid and no table. Slices expose
//! `configure(&mut utoipa_actix_web::service_config::ServiceConfig)` and are listed once, in [`routes`].
//!
//! Where to look: errors → [`problem`]; typed input → [`extract`]; files → [`upload`]; what was
//! wrong with a field → [`faults`]; slow callers → [`deadline`], `taking`; wrong method → [`allowed`]; changed meanwhile → [`if_match`]; the document → [`document`].

pub mod allowed;
pub mod deadline;
pub mod docs_page;
pub mod document;
pub mod download;
pub mod extract;
pub mod faults;
pub mod if_match;
pub mod metrics;
pub mod ndjson;
pub mod once;
pub mod operation;
pub mod parts;
pub mod prefer;
pub mod problem;
pub mod reference;
pub mod request_id;
pub mod rim;
pub mod routes;
pub mod server;
mod taking;
pub mod upload;
pub mod works;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, Error as ActixError, web};
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

pub use extract::{Json, Query};
pub use if_match::IfMatch;
pub use once::Once;
pub use parts::{Limits, Parts};
pub use prefer::Prefer;
pub use request_id::RequestId;

use allowed::RouteTable;

/// The application with every slice, as `serve` runs it.
pub fn app(
    parts: &Parts,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = ActixError,
        InitError = (),
    > + use<>,
> {
    assemble(parts, routes::all)
}

/// The same rim around other rooms: tests add handlers that misbehave on purpose.
pub fn assemble<F: FnOnce(&mut ServiceConfig)>(
    parts: &Parts,
    rooms: F,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = ActixError,
        InitError = (),
    > + use<F>,
> {
    let (app, collected) = App::new().into_utoipa_app().configure(rooms).split_for_parts();
    let table = RouteTable::new(&collected);
    let document = document::finish(collected);
    let around = rim::Rim::new(parts, table.clone());
    app.configure(|cfg| parts.register(cfg))
        .configure(extract::problems_for_actix_extractors)
        .configure(|cfg| docs_page::configure(cfg, &document))
        .app_data(web::Data::new(table))
        .default_service(web::to(allowed::refuse))
        .wrap(from_fn(move |request, next| rim::pass(around.clone(), request, next)))
}

/// The OpenAPI document of every registered operation.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, collected) = App::new().into_utoipa_app().configure(routes::all).split_for_parts();
    document::finish(collected)
}
