//! What is answered where no handler is: 405 with `Allow` where the path is known, else 404.
//!
//! actix-web's route macros answer 404 to a wrong method; the table made from the registered
//! operations tells the two apart. The table also names a request's route for the log and the counters.

use std::sync::Arc;

use actix_web::dev::ResourceDef;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::PathItem;

use crate::error::{Code, Error};
use crate::values::Text;

/// Every registered path with its methods.
#[derive(Clone)]
pub struct RouteTable(Arc<[(ResourceDef, String)]>);

impl RouteTable {
    /// Reads the table off the collected operations.
    pub fn new(collected: &OpenApi) -> Self {
        let routes = collected.paths.paths.iter();
        Self(routes.map(|(path, item)| (ResourceDef::new(path.as_str()), allow(item))).collect())
    }

    /// The `Allow` header for a path, if any operation has it.
    pub fn allow(&self, path: &str) -> Option<&str> {
        self.0.iter().find(|(route, _)| route.is_match(path)).map(|(_, allow)| allow.as_str())
    }

    /// The registered pattern that a path belongs to.
    pub fn pattern(&self, path: &str) -> Option<&str> {
        self.0.iter().find(|(route, _)| route.is_match(path)).and_then(|(route, _)| route.pattern())
    }
}

/// `HEAD` goes with `GET`: the rim answers it from the same handler.
fn allow(item: &PathItem) -> String {
    [
        ("DELETE", item.delete.is_some()),
        ("GET", item.get.is_some()),
        ("HEAD", item.get.is_some()),
        ("PATCH", item.patch.is_some()),
        ("POST", item.post.is_some()),
        ("PUT", item.put.is_some()),
    ]
    .iter()
    .filter_map(|(method, there)| there.then_some(*method))
    .collect::<Vec<_>>()
    .join(", ")
}

/// The default service of the application.
pub async fn refuse(request: HttpRequest, table: web::Data<RouteTable>) -> HttpResponse {
    let Some(allow) = table.allow(request.path()) else {
        return HttpResponse::from_error(Error::new(
            Code::NotFound,
            Text::fixed(
                "没有这个地址，接口清单见 /docs",
                "there is no such address; /docs lists the operations",
            ),
        ));
    };
    let error = Error::new(
        Code::MethodNotAllowed,
        Text::new(format!("此地址只支持 {allow}"), format!("this address supports {allow} only")),
    );
    let mut response = HttpResponse::from_error(error);
    if let Ok(value) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use utoipa::openapi::path::{HttpMethod, Operation};
    use utoipa::openapi::{Info, Paths};

    use super::*;

    fn table() -> RouteTable {
        let mut paths = Paths::new();
        for (path, method) in [
            ("/v1/students", HttpMethod::Get),
            ("/v1/students/{id}", HttpMethod::Get),
            ("/v1/students/{id}", HttpMethod::Patch),
            ("/v1/lists/{id}/lock", HttpMethod::Post),
        ] {
            paths.add_path_operation(path, vec![method], Operation::new());
        }
        RouteTable::new(&OpenApi::new(Info::new("t", "1"), paths))
    }

    #[test]
    fn methods_of_a_path_are_gathered() {
        let table = table();
        assert_eq!(table.allow("/v1/students"), Some("GET, HEAD"));
        assert_eq!(table.allow("/v1/students/42"), Some("GET, HEAD, PATCH"));
        assert_eq!(table.allow("/v1/lists/42/lock"), Some("POST"));
        assert_eq!(table.allow("/v1/lists/42"), None);
        assert_eq!(table.allow("/v1/students/42/more"), None);
    }

    #[test]
    fn a_route_is_named_by_its_pattern_not_by_its_path() {
        assert_eq!(table().pattern("/v1/students/110101199001011234"), Some("/v1/students/{id}"));
        assert_eq!(table().pattern("/nowhere"), None);
    }
}
