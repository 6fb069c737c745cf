//! `/docs` and `/openapi.json`, both from the binary: no outside address is ever asked.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, middleware, web};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// What the page may load: itself. Swagger UI styles elements inline and embeds its icons as data.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// Registers the page and the document it shows.
pub fn configure(cfg: &mut web::ServiceConfig, document: &OpenApi) {
    let json = web::Bytes::from(document.to_json().unwrap_or_default());
    cfg.route(
        "/openapi.json",
        web::get().to(move || {
            let json = json.clone();
            async move { HttpResponse::Ok().content_type("application/json").body(json) }
        }),
    )
    .route("/docs", web::get().to(|| async { web::Redirect::to("docs/").see_other() }))
    .service(
        web::scope("/docs")
            .wrap(
                middleware::DefaultHeaders::new()
                    .add((header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)))
                    .add((header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"))),
            )
            .service(
                SwaggerUi::new("/{_:.*}")
                    .config(Config::from("/openapi.json").validator_url("none").try_it_out_enabled(true)),
            ),
    );
}
