//! Eligibility over HTTP: facts assessed, students looked up, a stored student's answer.

use std::sync::Arc;

use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::lookup::{self, Asked, Desk};
use super::model::{LookupBody, LookupRequest};
use crate::auth::{AnyCaller, Caller, ChildReader, Reader};
use crate::error::{Code, Error, FieldError, Result};
use crate::http::extract::{limits, parse_json, read_body};
use crate::http::ndjson::{self, Line};
use crate::http::{Json, Query};
use crate::imports::Desk as Rooms;
use crate::policy::facts::Facts;
use crate::policy::{self, DecisionBody, Pack};
use crate::poverty_list::shelf::Shelves;
use crate::values::{Lang, Text, ValueError, clock};

/// The most questions in one JSON array; more go as NDJSON.
const MOST_IN_ARRAY: usize = 1000;

/// One question or several.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "describes the body to readers of the API document; parsing goes by the first byte"
)]
enum AssessmentRequest {
    One(Box<Facts>),
    Many(Vec<Facts>),
}

/// One decision or several.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the answer to readers of the API document")]
enum AssessmentAnswer {
    One(Box<DecisionBody>),
    Many(Vec<DecisionBody>),
}

/// One question or several.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(
    dead_code,
    reason = "describes the body to readers of the API document; parsing goes by the first byte"
)]
enum LookupsRequest {
    One(Box<LookupRequest>),
    Many(Vec<LookupRequest>),
}

/// One answer or several.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the answer to readers of the API document")]
enum LookupsAnswer {
    One(Box<LookupBody>),
    Many(Vec<LookupBody>),
}

/// 按事实判定 / Which aid is due by these facts, and why. Nothing is stored.
///
/// One object gives one decision; an array gives an array; `application/x-ndjson` is answered line by
/// line, however long. A fact that is left out is unknown, never "no".
#[utoipa::path(
    tag = "eligibility",
    request_body(content((AssessmentRequest = "application/json"), (Facts = "application/x-ndjson"))),
    responses((status = 200, description = "The decision", body = AssessmentAnswer))
)]
#[post("/eligibility/assessments")]
async fn assess_eligibility(
    _caller: AnyCaller,
    request: HttpRequest,
    payload: Payload,
    lang: Lang,
    pack: web::Data<Pack>,
) -> Result<HttpResponse> {
    let pack = pack.into_inner();
    match media(&request)? {
        Media::Ndjson => Ok(ndjson::answer(payload.into_inner(), lang, move |lines| {
            let pack = Arc::clone(&pack);
            async move { Ok(lines.iter().map(|line| assess_line(&pack, line, lang)).collect()) }
        })),
        Media::Json => {
            let body = read_body(payload.into_inner(), limits(&request).json_bytes).await?;
            Ok(match one_or_many::<Facts>(&body)? {
                OneOrMany::One(facts) => HttpResponse::Ok().json(assess(&pack, &facts, "", lang)?),
                OneOrMany::Many(all) => {
                    let decided: Result<Vec<DecisionBody>> = all
                        .iter()
                        .enumerate()
                        .map(|(at, facts)| assess(&pack, facts, &format!("/{at}"), lang))
                        .collect();
                    HttpResponse::Ok().json(decided?)
                }
            })
        }
    }
}

fn assess(pack: &Pack, facts: &Facts, at: &str, lang: Lang) -> Result<DecisionBody> {
    let faults: Vec<FieldError> = pack
        .check(facts)
        .into_iter()
        .map(|f| FieldError { pointer: format!("{at}{}", f.pointer), ..f })
        .collect();
    if faults.is_empty() {
        Ok(policy::decide(pack, facts).body(pack, lang))
    } else {
        Err(Error::invalid(faults))
    }
}

fn assess_line(pack: &Pack, line: &Line, lang: Lang) -> Bytes {
    parse_json::<Facts>(&line.bytes)
        .and_then(|facts| assess(pack, &facts, "", lang))
        .and_then(|body| Ok(Bytes::from(serde_json::to_vec(&body)?)))
        .unwrap_or_else(|error| ndjson::fault(line.number, &error, lang))
}

/// 按身份证号和姓名查询 / A student by id number and name: list, decision and aid on a date.
///
/// Id numbers never travel in a URL. One object gives one answer; an array gives an array;
/// `application/x-ndjson` is answered line by line. The list answers `on_list`, `not_on_list`,
/// `not_covered` or `ambiguous`, with its version and age. A student outside the caller's scope is
/// answered like one who is not known.
#[utoipa::path(
    tag = "eligibility",
    request_body(content((LookupsRequest = "application/json"), (LookupRequest = "application/x-ndjson"))),
    responses((status = 200, description = "The answer", body = LookupsAnswer))
)]
#[post("/eligibility/lookups")]
async fn lookup_eligibility(
    caller: Reader,
    request: HttpRequest,
    payload: Payload,
    lang: Lang,
    rooms: web::Data<Rooms>,
    pack: web::Data<Pack>,
    shelves: web::Data<Shelves>,
) -> Result<HttpResponse> {
    let asking = Asking::of(caller.into_caller(), &rooms, &pack, &shelves, lang);
    match media(&request)? {
        Media::Ndjson => Ok(ndjson::answer(payload.into_inner(), lang, move |lines| {
            let asking = asking.clone();
            async move { asking.lines(lines).await }
        })),
        Media::Json => {
            let body = read_body(payload.into_inner(), limits(&request).json_bytes).await?;
            match one_or_many::<LookupRequest>(&body)? {
                OneOrMany::One(one) => Ok(json(
                    asking.answer(vec![asking.parse(&one)?], |mut found| written(&found.pop())).await?,
                )),
                OneOrMany::Many(many) => {
                    let mut asked = Vec::with_capacity(many.len());
                    let mut faults = Vec::new();
                    for (at, request) in many.iter().enumerate() {
                        match asking.parse(request) {
                            Ok(question) => asked.push(question),
                            Err(error) => faults.extend(
                                error
                                    .fields
                                    .into_iter()
                                    .map(|f| FieldError { pointer: format!("/{at}{}", f.pointer), ..f }),
                            ),
                        }
                    }
                    if !faults.is_empty() {
                        return Err(Error::invalid(faults));
                    }
                    Ok(json(asking.answer(asked, |found| written(&found)).await?))
                }
            }
        }
    }
}

/// Who asks, and with what.
#[derive(Clone)]
struct Asking {
    caller: Caller,
    rooms: Arc<Rooms>,
    pack: Arc<Pack>,
    shelves: Arc<Shelves>,
    lang: Lang,
}

impl Asking {
    fn of(
        caller: Caller,
        rooms: &web::Data<Rooms>,
        pack: &web::Data<Pack>,
        shelves: &web::Data<Shelves>,
        lang: Lang,
    ) -> Self {
        let (rooms, pack) = (Arc::clone(rooms), Arc::clone(pack));
        Self { caller, rooms, pack, shelves: Arc::clone(shelves), lang }
    }

    fn parse(&self, request: &LookupRequest) -> Result<Asked> {
        let calendar = lookup::calendar_of(&self.pack, self.caller.scope().place());
        Asked::parse(request, clock::today(), calendar)
    }

    /// Looks up, decides and writes the answers off the threads that take requests: a thousand answers are
    /// ten megabytes.
    async fn answer<T, W>(&self, asked: Vec<Asked>, write: W) -> Result<T>
    where
        T: Send + 'static,
        W: Fn(Vec<LookupBody>) -> Result<T> + Send + 'static,
    {
        let this = self.clone();
        let known_at = clock::now();
        self.rooms.db.consult(move |conn| write(lookup::by_id(conn, &this.desk(known_at), &asked)?)).await
    }

    fn desk(&self, known_at: NaiveDateTime) -> Desk<'_> {
        Desk {
            sealer: &self.rooms.sealer,
            shelves: &self.shelves,
            pack: &self.pack,
            caller: &self.caller,
            known_at,
            today: clock::today(),
            lang: self.lang,
        }
    }

    /// A batch of lines: one database hop, each line answered in its place.
    async fn lines(&self, lines: Vec<Line>) -> Result<Vec<Bytes>> {
        let parsed: Vec<Result<Asked>> = lines
            .iter()
            .map(|l| parse_json::<LookupRequest>(&l.bytes).and_then(|request| self.parse(&request)))
            .collect();
        let good: Vec<Asked> = parsed.iter().filter_map(|p| p.as_ref().ok().cloned()).collect();
        let write = |found: Vec<LookupBody>| found.iter().map(written).collect::<Result<Vec<Bytes>>>();
        let mut answers = self.answer(good, write).await?.into_iter();
        let answered = lines.iter().zip(parsed).map(|(line, parsed)| match parsed {
            Ok(_) => answers.next().unwrap_or_default(),
            Err(error) => ndjson::fault(line.number, &error, self.lang),
        });
        Ok(answered.collect())
    }
}

/// A whole answer is about ten thousand bytes.
const ONE_ANSWER: usize = 12 * 1024;

fn written(answer: &impl Serialize) -> Result<Bytes> {
    let mut text = Vec::with_capacity(ONE_ANSWER);
    serde_json::to_writer(&mut text, answer)?;
    Ok(Bytes::from(text))
}

fn json(body: Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(body)
}

/// For which date, and with what was known when.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AsOfQuery {
    /// 判定日期 / The date the answer is for; today when absent.
    #[serde(default)]
    pub as_of: Option<NaiveDate>,
    /// 以何时所知 / What was recorded later is not used: a date (to its end, China time) or an RFC 3339
    /// time; now when absent.
    #[serde(default)]
    #[param(example = "2025-10-10")]
    pub known_at: Option<String>,
}

/// 学生在某日的资格 / A stored student's answer as of one date as known at another.
///
/// `known_at` 之后登记的内容一律不用，可还原当时能够知道的情况。监护人只能查自己的孩子。What was recorded after
/// `known_at` is not used, so an inspection sees what could be known then. A guardian reads the own
/// child only.
#[utoipa::path(tag = "eligibility", params(AsOfQuery), responses((status = 200, description = "The answer", body = LookupBody)))]
#[get("/students/{student_id}/eligibility")]
async fn find_student_eligibility(
    caller: ChildReader,
    id: web::Path<String>,
    query: Query<AsOfQuery>,
    lang: Lang,
    rooms: web::Data<Rooms>,
    pack: web::Data<Pack>,
    shelves: web::Data<Shelves>,
) -> Result<Json<LookupBody>> {
    let as_of = query.0.as_of.unwrap_or_else(clock::today);
    let known_at = match &query.0.known_at {
        Some(text) => moment(text)?,
        None => clock::now(),
    };
    let asking = Asking::of(caller.into_caller(), &rooms, &pack, &shelves, lang);
    let db = asking.rooms.db.clone();
    db.read_again(move |conn| lookup::by_person(conn, &asking.desk(known_at), &id, as_of)).await.map(Json)
}

/// A moment as callers write it: a whole civil day of China, or an RFC 3339 time.
fn moment(text: &str) -> Result<NaiveDateTime> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        let end = date.checked_add_days(Days::new(1)).map(|d| d.and_time(NaiveTime::MIN));
        return end
            .and_then(|e| e.checked_sub_signed(TimeDelta::hours(8) + TimeDelta::microseconds(1)))
            .ok_or_else(bad_moment);
    }
    DateTime::parse_from_rfc3339(text).map(|t| t.naive_utc()).map_err(|_e| bad_moment())
}

fn bad_moment() -> Error {
    Error::invalid_field(
        "?known_at",
        ValueError::fixed(
            "date_invalid",
            ("日期或时间格式不对", "not a date or time"),
            ("请写 2025-10-10 或 2025-10-10T08:00:00+08:00", "write 2025-10-10 or 2025-10-10T08:00:00+08:00"),
        ),
    )
}

enum Media {
    Json,
    Ndjson,
}

fn media(request: &HttpRequest) -> Result<Media> {
    let header = request.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/json" => Ok(Media::Json),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(Media::Ndjson),
        _ => Err(Error::new(
            Code::UnsupportedMediaType,
            Text::fixed(
                "请以 Content-Type: application/json 或 application/x-ndjson 发送",
                "send it with Content-Type: application/json or application/x-ndjson",
            ),
        )),
    }
}

enum OneOrMany<T> {
    One(Box<T>),
    Many(Vec<T>),
}

fn one_or_many<T: DeserializeOwned>(body: &[u8]) -> Result<OneOrMany<T>> {
    if body.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'[') {
        return parse_json(body).map(|one| OneOrMany::One(Box::new(one)));
    }
    let many: Vec<T> = parse_json(body)?;
    if many.len() > MOST_IN_ARRAY {
        return Err(Error::new(
            Code::TooLarge,
            Text::new(
                format!("一个数组最多 {MOST_IN_ARRAY} 项，更多请用 application/x-ndjson 发送"),
                format!("an array holds at most {MOST_IN_ARRAY} items; send more as application/x-ndjson"),
            ),
        ));
    }
    Ok(OneOrMany::Many(many))
}

/// Registers the operations.
pub fn configure(cfg: &mut ServiceConfig) {
    cfg.app_data(web::Data::new(Shelves::default()))
        .service(assess_eligibility)
        .service(lookup_eligibility)
        .service(find_student_eligibility)
        .configure(super::replay::configure);
}
