//! A token's way from text to caller: issuer, key, signature, claims.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use super::cache::{KeyCache, Lookup};
use super::claims::{self, Refused, Rules, Unverified};
use super::dev::{DEV_AUDIENCE, DEV_ISSUER, DevKey};
use super::fetch::{Fetch, FromFile, FromUrl};
use super::keys::KeySet;
use super::{Algorithm, Caller};
use crate::error::{Code, Error, Result};
use crate::values::{Text, clock};

/// The time in seconds since 1970, UTC. Passed in, so that tests need not wait.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// One trusted issuer. As JSON: `{"issuer":"https://id.example/", "audience":"yingzhu",
/// "algorithm":"RS256", "keys":{"url":"https://id.example/jwks"}, "authorities":"/etc/ca.pem"}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// The only `iss`, compared letter by letter.
    pub issuer: String,
    /// The only `aud`.
    pub audience: String,
    /// The only algorithm.
    pub algorithm: Algorithm,
    /// Where the key set is.
    pub keys: KeySource,
    /// A PEM file of the certificate authorities to trust for the address; the machine's own if absent.
    #[serde(default)]
    pub authorities: Option<PathBuf>,
}

/// Where an issuer's key set (JWKS) is read from: `{"file":"…"}` or `{"url":"https://…"}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    /// A file on this machine.
    File(PathBuf),
    /// An `https` address, or `http` on this machine.
    Url(String),
}

/// Turns tokens into callers. Cheap to clone; one for the whole process, in `web::Data`.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    issuers: Vec<Issuer>,
    now: Clock,
}

struct Issuer {
    name: String,
    audience: String,
    algorithm: Algorithm,
    dev: bool,
    keys: Keys,
}

enum Keys {
    Fixed(Arc<KeySet>),
    Cached(KeyCache),
}

/// Why there is no caller.
enum Fault {
    Refused(Refused),
    NoKeys,
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.issuers.iter().map(|issuer| &issuer.name)).finish()
    }
}

impl Verifier {
    /// A verifier of the configured issuers, and of the development key if one is given, which only
    /// `--dev` may do. Nothing is fetched yet: see [`Verifier::prefetch`].
    pub fn new(issuers: Vec<IssuerConfig>, dev: Option<&DevKey>) -> Result<Self> {
        let mut sources = Vec::with_capacity(issuers.len());
        for config in issuers {
            let fetch: Box<dyn Fetch> = match &config.keys {
                KeySource::File(path) => Box::new(FromFile(path.clone())),
                KeySource::Url(url) => Box::new(FromUrl::new(url, config.authorities.as_deref())?),
            };
            sources.push((config, fetch));
        }
        Self::with(sources, dev, Arc::new(|| clock::now().and_utc().timestamp()))
    }

    /// [`Verifier::new`] with key sets and time from elsewhere: for tests.
    pub fn with(
        sources: Vec<(IssuerConfig, Box<dyn Fetch>)>,
        dev: Option<&DevKey>,
        now: Clock,
    ) -> Result<Self> {
        install_crypto()?;
        let mut issuers: Vec<Issuer> = Vec::with_capacity(sources.len() + 1);
        for (config, fetch) in sources {
            let taken =
                config.issuer == DEV_ISSUER || issuers.iter().any(|other| other.name == config.issuer);
            if taken || config.issuer.is_empty() || config.audience.is_empty() {
                return Err(Error::new(
                    Code::Unavailable,
                    Text::fixed(
                        "令牌签发方配置有误：issuer 重复、为空或使用了开发专用名称，或 audience 为空",
                        "the issuers are misconfigured: an issuer is repeated, empty or the development one, or its audience is empty",
                    ),
                ));
            }
            issuers.push(Issuer {
                name: config.issuer,
                audience: config.audience,
                algorithm: config.algorithm,
                dev: false,
                keys: Keys::Cached(KeyCache::new(fetch, config.algorithm)),
            });
        }
        if let Some(key) = dev {
            issuers.push(Issuer {
                name: DEV_ISSUER.to_owned(),
                audience: DEV_AUDIENCE.to_owned(),
                algorithm: Algorithm::EdDsa,
                dev: true,
                keys: Keys::Fixed(Arc::new(key.key_set())),
            });
        }
        Ok(Self(Arc::new(Inner { issuers, now })))
    }

    /// Fetches every key set; blocks. Says whether all are there. To be called once at start.
    pub fn prefetch(&self) -> bool {
        let now = (self.0.now)();
        self.0.issuers.iter().fold(true, |ready, issuer| match &issuer.keys {
            Keys::Fixed(_) => ready,
            Keys::Cached(cache) => cache.refresh(now) && ready,
        })
    }

    /// Whether every issuer has a key set young enough to serve: for `/readyz`.
    pub fn ready(&self) -> bool {
        let now = (self.0.now)();
        self.0.issuers.iter().all(|issuer| match &issuer.keys {
            Keys::Fixed(_) => true,
            Keys::Cached(cache) => cache.ready(now),
        })
    }

    /// Verifies a token; fetches keys first if that is due, and then blocks. Refused tokens are
    /// `unauthenticated`, whatever was wrong; without any keys it is `unavailable`.
    pub fn verify(&self, token: &str) -> Result<Caller> {
        self.attempt(token, KeyCache::look_and_fetch).unwrap_or(Err(Fault::NoKeys)).map_err(answer)
    }

    /// Verifies a token without blocking; `None` if keys must be fetched first.
    pub fn verify_at_once(&self, token: &str) -> Option<Result<Caller>> {
        self.attempt(token, KeyCache::look).map(|outcome| outcome.map_err(answer))
    }

    fn attempt(
        &self,
        token: &str,
        look: impl Fn(&KeyCache, &str, i64) -> Lookup,
    ) -> Option<Result<Caller, Fault>> {
        let now = (self.0.now)();
        let (issuer, parts) = match self.issuer_of(token) {
            Ok(found) => found,
            Err(refused) => return Some(Err(refused.into())),
        };
        let set = match &issuer.keys {
            Keys::Fixed(set) => Arc::clone(set),
            Keys::Cached(cache) => match look(cache, &parts.header.kid, now) {
                Lookup::Set(set) => set,
                Lookup::Unknown => return Some(Err(Refused("kid").into())),
                Lookup::Unavailable => return Some(Err(Fault::NoKeys)),
                Lookup::FetchFirst => return None,
            },
        };
        Some(prove(issuer, &set, parts, now).map_err(Fault::from))
    }

    /// The issuer a token names. Its name is not proven yet: it only says whose keys to prove it with.
    fn issuer_of<'t>(&self, token: &'t str) -> Result<(&Issuer, Unverified<'t>), Refused> {
        let parts = claims::parse(token)?;
        let issuer =
            self.0.issuers.iter().find(|issuer| issuer.name == parts.claims.iss).ok_or(Refused("iss"))?;
        if parts.header.alg != issuer.algorithm.name() {
            return Err(Refused("alg"));
        }
        let kid = &parts.header.kid;
        if !(1..=128).contains(&kid.len()) || !kid.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Refused("kid"));
        }
        Ok((issuer, parts))
    }
}

fn prove(issuer: &Issuer, set: &KeySet, parts: Unverified<'_>, now: i64) -> Result<Caller, Refused> {
    set.verify(&parts.header.kid, parts.message, parts.signature)?;
    claims::check(parts.claims, &Rules { audience: &issuer.audience, dev: issuer.dev, now })
}

/// One answer for all refusals: what exactly was wrong would help an attacker, and a caller in good
/// faith does the same in every case.
fn answer(fault: Fault) -> Error {
    match fault {
        Fault::Refused(Refused(reason)) => {
            log::debug!("event=token_refused reason={reason}");
            refusal()
        }
        Fault::NoKeys => Error::unavailable("no key set of the token's issuer could be fetched"),
    }
}

/// The answer to a missing or refused token.
pub(super) fn refusal() -> Error {
    Error::new(
        Code::Unauthenticated,
        Text::fixed(
            "访问令牌缺失、无效或已过期；请重新登录，并在 Authorization: Bearer 请求头中携带新令牌",
            "the access token is missing, invalid or expired; sign in again and send a new one as Authorization: Bearer",
        ),
    )
}

/// Names the cryptography of the token library once, whatever features other crates switch on, and
/// proves that it verifies and that it refuses.
pub(super) fn install_crypto() -> Result<()> {
    static SOUND: OnceLock<bool> = OnceLock::new();
    let sound = *SOUND.get_or_init(|| {
        // An error only says that somebody installed one before.
        let _already = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        DevKey::generate().is_ok_and(|key| key.proves_itself())
    });
    if sound { Ok(()) } else { Err(Error::internal("the token library's self-test failed")) }
}

#[cfg(test)]
mod tests;
