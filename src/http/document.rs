//! The OpenAPI 3.1 document: what was collected from the registered handlers, with the shared parts added once.
//!
//! A handler documents its own success and what only it can refuse; every refusal that the rim, the
//! extractors or the token can cause is added here, as is the bearer scheme.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::Components;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response};
use utoipa::{Modify, OpenApi as _};

use super::problem::{MEDIA_TYPE, Problem, ProblemField};
use crate::error::Code;

/// The name of the bearer scheme in `security`.
pub const BEARER: &str = "bearer";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "应助尽助 Yingzhu",
        description = "学生资助资格判定、资助记录与贫困名单比对服务。\n\n\
            Which aid a student is due on a date and why, what was paid, and whom the bureau has missed. \
            Answers are Chinese by default and English on `Accept-Language: en`. Money is integer fen. \
            Refusals and failures are `application/problem+json` (RFC 9457) with a stable `code`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
        contact(name = "Yingzhu"),
    ),
    servers((url = "/", description = "本服务 this service")),
    tags(
        (name = "eligibility", description = "资格判定 Which aid a student is due, and why"),
        (name = "poverty-lists", description = "省下达名单 Versions of the provincial list"),
        (name = "roll", description = "学籍 Schools, students and enrolments"),
        (name = "aid", description = "资助记录 What was proposed, approved and paid"),
        (name = "cross-checks", description = "比对与疑点 List, roll and money held against each other"),
        (name = "imports", description = "导入 What came of a file, its faults and the rows to correct"),
        (name = "jobs", description = "后台任务 Long work, done by any node"),
        (name = "proposals", description = "更正建议 Which id was probably meant in a refused row; a person decides"),
        (name = "reference", description = "项目、政策、模板 Programmes, policy and templates"),
        (name = "operation", description = "运行 Health, counters and the document"),
    ),
    components(schemas(Problem, ProblemField)),
    modifiers(&BearerScheme),
)]
struct Frame;

struct BearerScheme;

impl Modify for BearerScheme {
    fn modify(&self, openapi: &mut OpenApi) {
        use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
        let mut http = Http::new(HttpAuthScheme::Bearer);
        http.bearer_format = Some("JWT".to_owned());
        http.description = Some(
            "网关签发的访问令牌（RS256、ES256 或 EdDSA）。A token of the gateway's issuer with roles and place."
                .to_owned(),
        );
        let components = openapi.components.get_or_insert_with(Components::new);
        components.security_schemes.insert(BEARER.to_owned(), RefOr::T(SecurityScheme::Http(http)));
    }
}

/// Adds the frame and the shared responses to what was collected.
pub fn finish(collected: OpenApi) -> OpenApi {
    let mut document = Frame::openapi();
    document.paths = collected.paths;
    let components = document.components.get_or_insert_with(Components::new);
    if let Some(gathered) = collected.components {
        components.schemas.extend(gathered.schemas);
    }
    for code in SHARED.iter().chain(CONDITIONAL) {
        components.responses.insert(response_name(*code), RefOr::T(response(*code)));
    }
    for (path, item) in &mut document.paths.paths {
        let secured = path.starts_with("/v1/");
        for (operation, writes) in operations(item) {
            complete(operation, secured, writes);
        }
    }
    document
}

/// What any secured operation can answer; those of [`WRITES`] only when it takes a body.
const SHARED: &[Code] = &[
    Code::MalformedRequest,
    Code::Unauthenticated,
    Code::Forbidden,
    Code::NotFound,
    Code::RequestTimeout,
    Code::Conflict,
    Code::TooLarge,
    Code::UnsupportedMediaType,
    Code::InvalidInput,
    Code::Internal,
    Code::Unavailable,
];

/// What an operation can answer besides that asks for `If-Match`.
const CONDITIONAL: &[Code] = &[Code::PreconditionFailed, Code::PreconditionRequired];

const WRITES: &[Code] = &[Code::RequestTimeout, Code::Conflict, Code::TooLarge, Code::UnsupportedMediaType];

fn complete(operation: &mut Operation, secured: bool, writes: bool) {
    if !secured {
        // Nothing stands before these but the service's own state.
        add(operation, Code::Unavailable);
        return;
    }
    if operation.security.is_none() {
        operation.security = Some(vec![SecurityRequirement::new(BEARER, Vec::<String>::new())]);
    }
    for code in SHARED {
        if writes || !WRITES.contains(code) {
            add(operation, *code);
        }
    }
    let conditional = operation
        .parameters
        .as_ref()
        .is_some_and(|all| all.iter().any(|p| matches!(p, RefOr::T(p) if p.name == "If-Match")));
    if conditional {
        for code in CONDITIONAL {
            add(operation, *code);
        }
    }
}

fn add(operation: &mut Operation, code: Code) {
    operation
        .responses
        .responses
        .entry(code.status().to_string())
        .or_insert_with(|| RefOr::Ref(Ref::from_response_name(response_name(code))));
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&mut Operation, bool)> {
    [
        (item.get.as_mut(), false),
        (item.delete.as_mut(), true),
        (item.patch.as_mut(), true),
        (item.post.as_mut(), true),
        (item.put.as_mut(), true),
    ]
    .into_iter()
    .filter_map(|(operation, writes)| operation.map(|operation| (operation, writes)))
}

fn response_name(code: Code) -> String {
    format!("Problem{}", code.status())
}

fn response(code: Code) -> Response {
    let title = code.title();
    let mut response = Response::new(format!("{} {}", title.zh, title.en));
    let content = Content::new(Some(RefOr::<utoipa::openapi::Schema>::Ref(Ref::from_schema_name("Problem"))));
    response.content.insert(MEDIA_TYPE.to_owned(), content.into());
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa::openapi::path::HttpMethod;
    use utoipa::openapi::{Info, Paths};

    fn finished() -> serde_json::Value {
        let mut paths = Paths::new();
        paths.add_path_operation("/v1/things", vec![HttpMethod::Get], Operation::new());
        paths.add_path_operation("/v1/things", vec![HttpMethod::Post], Operation::new());
        paths.add_path_operation("/healthz", vec![HttpMethod::Get], Operation::new());
        serde_json::to_value(finish(OpenApi::new(Info::new("t", "1"), paths))).unwrap()
    }

    #[test]
    fn a_secured_operation_gets_the_scheme_and_the_shared_refusals() {
        let document = finished();
        let read = &document["paths"]["/v1/things"]["get"];
        let write = &document["paths"]["/v1/things"]["post"];
        assert_eq!(read["security"][0], serde_json::json!({ "bearer": [] }));
        assert_eq!(read["responses"]["401"]["$ref"], "#/components/responses/Problem401");
        assert_eq!(read["responses"].get("413"), None);
        assert_eq!(write["responses"]["413"]["$ref"], "#/components/responses/Problem413");
        assert_eq!(document["paths"]["/healthz"]["get"].get("security"), None);
    }

    #[test]
    fn every_shared_response_is_defined_as_a_problem() {
        let document = finished();
        for code in SHARED {
            let schema = &document["components"]["responses"][response_name(*code)]["content"][MEDIA_TYPE];
            assert_eq!(schema["schema"]["$ref"], "#/components/schemas/Problem", "{code:?}");
        }
        assert!(document["components"]["schemas"]["Problem"].is_object());
        assert_eq!(document["openapi"], "3.1.0");
    }
}
