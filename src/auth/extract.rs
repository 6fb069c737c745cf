//! The extractors: a handler's argument is its permission.
//!
//! Each wraps the verified [`Caller`]. Without a valid token the answer is 401, with one of another
//! role 403, before the handler runs. The token stands in the `Authorization` header and nowhere else
//! (RFC 6750 §2.1; §2.3 tells why not in the address), once, and the scheme's case does not matter
//! (RFC 9110 §11.1).

use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use futures_util::future::LocalBoxFuture;

use super::{Caller, Role, Verifier, verifier};
use crate::error::{Code, Error, Result};
use crate::values::Text;

macro_rules! permissions {
    ( $( $(#[$meta:meta])* $name:ident = $roles:expr; )+ ) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $name(Caller);

        impl $name {
            /// Who may.
            pub const ROLES: &[Role] = $roles;

            /// The caller, for what outlives the request.
            pub fn into_caller(self) -> Caller {
                self.0
            }
        }

        impl From<$name> for Caller {
            fn from(permitted: $name) -> Self {
                permitted.0
            }
        }

        impl Deref for $name {
            type Target = Caller;

            fn deref(&self) -> &Caller {
                &self.0
            }
        }

        impl FromRequest for $name {
            type Error = Error;
            type Future = LocalBoxFuture<'static, Result<Self>>;

            fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
                let request = request.clone();
                Box::pin(async move { permitted(&request, Self::ROLES).await.map(Self) })
            }
        }
    )+ };
}

permissions! {
    /// Anyone with a valid token.
    AnyCaller = Role::ALL;
    /// Whoever reads many people's records within a scope: every office and school, no guardian.
    Reader = &[
        Role::Province, Role::City, Role::County, Role::School,
        Role::PovertyOffice, Role::Township, Role::Auditor, Role::System,
    ];
    /// Whoever reads one child's record: the readers, and the child's guardian.
    ChildReader = &[
        Role::Province, Role::City, Role::County, Role::School,
        Role::PovertyOffice, Role::Township, Role::Auditor, Role::System, Role::Guardian,
    ];
    /// Whoever keeps the provincial list.
    ListKeeper = &[Role::Province, Role::City, Role::County, Role::PovertyOffice];
    /// Whoever enters roll and aid.
    Registrar = &[Role::Province, Role::City, Role::County, Role::School];
    /// Whoever proposes aid and puts it on public notice.
    Proposer = &[Role::City, Role::County, Role::School];
    /// Whoever approves aid, pays it and takes it back.
    Granter = &[Role::City, Role::County];
    /// Whoever sends files of any kind, and may have the faulty rows back.
    Sender = &[Role::Province, Role::City, Role::County, Role::PovertyOffice, Role::School];
    /// Whoever reads findings: the supervisors, and a school its own.
    FindingReader = &[
        Role::Province, Role::City, Role::County, Role::PovertyOffice, Role::Auditor, Role::School,
    ];
    /// A school, about its own students.
    OwnSchool = &[Role::School];
    /// An education bureau's officer.
    BureauOfficer = &[Role::Province, Role::City, Role::County];
    /// Whoever holds list, roll and money against each other.
    Supervisor = &[Role::Province, Role::City, Role::County, Role::PovertyOffice, Role::Auditor];
}

async fn permitted(request: &HttpRequest, roles: &[Role]) -> Result<Caller> {
    let caller = identify(request).await?;
    if caller.has_any(roles) {
        return Ok(caller);
    }
    let list = |word: fn(Role) -> &'static str, comma: &str| {
        roles.iter().map(|role| word(*role)).collect::<Vec<_>>().join(comma)
    };
    Err(Error::new(
        Code::Forbidden,
        Text::new(
            format!("此操作限以下角色：{}；请换用相应角色的账号", list(Role::zh, "、")),
            format!("only these roles may do this: {}; use an account of one of them", list(Role::en, ", ")),
        ),
    ))
}

async fn identify(request: &HttpRequest) -> Result<Caller> {
    // Several extractors of one request verify once. The rim and the audit log find the caller here too.
    if let Some(caller) = request.extensions().get::<Caller>() {
        return Ok(caller.clone());
    }
    let verifier = request
        .app_data::<web::Data<Verifier>>()
        .ok_or_else(|| Error::internal("no token verifier is registered"))?
        .get_ref()
        .clone();
    let token = bearer(request).ok_or_else(verifier::refusal)?.to_owned();
    let outcome = match verifier.verify_at_once(&token) {
        Some(outcome) => outcome,
        // Fetching keys blocks: not on this thread.
        None => tokio::task::spawn_blocking(move || verifier.verify(&token))
            .await
            .map_err(|_e| Error::unavailable("the token verifier stopped"))?,
    };
    let caller = outcome?;
    request.extensions_mut().insert(caller.clone());
    Ok(caller)
}

/// The token of the only `Authorization` header.
fn bearer(request: &HttpRequest) -> Option<&str> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let value = headers.next()?;
    if headers.next().is_some() {
        return None;
    }
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim_start_matches(' '))
        .filter(|token| !token.is_empty())
}
