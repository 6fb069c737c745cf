//! What every act on one record is sent with: who, under which key, which record, and upon which version.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::future::LocalBoxFuture;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, Required};

use super::act::Came;
use super::body::AidDetailBody;
use super::hand::Hand;
use super::model::AidRecord;
use super::store;
use crate::auth::Caller;
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::http::{IfMatch, Once};
use crate::imports::Desk;
use crate::once::{self, Answer};
use crate::policy::Pack;

/// One record to act upon, by someone whom the permission `P` admits: `One<Granter>`.
pub struct One<P> {
    /// Who acts; taken first, so that nobody learns anything of a record whom the permission keeps out.
    who: P,
    once: Once,
    id: String,
    upon: IfMatch,
    desk: web::Data<Desk>,
    pack: web::Data<Pack>,
}

/// The same as the document tells it.
pub struct SentWith;

impl IntoParams for SentWith {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let told = |name: &str, at, text: &str| {
            let text_of = ObjectBuilder::new().schema_type(Type::String);
            let parameter = ParameterBuilder::new().name(name).parameter_in(at).required(Required::True);
            parameter.description(Some(text)).schema(Some(text_of)).build()
        };
        let mut all = Once::into_params(place);
        all.push(told("record_id", ParameterIn::Path, "The record"));
        all.push(told("If-Match", ParameterIn::Header, "The version decided upon"));
        all
    }
}

impl<P> FromRequest for One<P>
where
    P: FromRequest<Error = Error> + 'static,
{
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let who = P::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let who = who.await?;
            let part = || Error::internal("a part of the application is not registered");
            Ok(Self {
                who,
                once: Once::extract(&request).await?,
                id: request.match_info().get("record_id").unwrap_or_default().to_owned(),
                upon: IfMatch::extract(&request).await?,
                desk: request.app_data::<web::Data<Desk>>().ok_or_else(part)?.clone(),
                pack: request.app_data::<web::Data<Pack>>().ok_or_else(part)?.clone(),
            })
        })
    }
}

impl<P: Into<Caller>> One<P> {
    /// Acts: within the caller's scope, upon the version named; the record as it stands then, with its ledger
    /// and its version as the `ETag`. Under a key sent again the version is not asked about: the act was done.
    pub async fn act(
        self,
        status: StatusCode,
        act: impl Fn(&mut Conn, &Hand, AidRecord) -> Result<AidRecord> + Send + 'static,
    ) -> Result<Answer> {
        let hand = Hand::now(self.who.into(), &self.desk, self.pack);
        let (id, upon, claim) = (self.id, self.upon, self.once.claim());
        self.desk
            .db
            .write_again(move |conn| {
                once::within(conn, &hand.sealer, claim.as_ref(), |conn| {
                    let mut taken = store::take(conn, hand.who.scope(), std::slice::from_ref(&id))?;
                    let record = taken.remove(&id).ok_or_else(Error::not_found)?;
                    upon.check(record.version)?;
                    let record = act(conn, &hand, record)?;
                    let etag = format!("\"{}\"", record.version);
                    Ok(Answer::json(status.as_u16(), &AidDetailBody::read(conn, record)?)?.tagged(etag))
                })
            })
            .await
    }

    /// [`One::act`] with an act on sets, on a set of one.
    pub async fn act_alone(
        self,
        act: impl Fn(&mut Conn, &Hand, Vec<AidRecord>) -> Result<Vec<Came>> + Send + 'static,
    ) -> Result<Answer> {
        self.act(StatusCode::OK, move |conn, hand, record| {
            let came = act(conn, hand, vec![record])?.pop();
            came.ok_or_else(|| Error::internal("aid: no answer about a record"))?.alone()
        })
        .await
    }
}
