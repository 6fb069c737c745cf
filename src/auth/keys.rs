//! A key set (JWKS, RFC 7517): which keys are taken, which are passed over, and when the whole set is
//! refused. Pure.
//!
//! Passed over, with a line in the log: keys of an unknown type, for another use, for another
//! algorithm than the issuer's, too short or malformed. An issuer may well publish such keys beside
//! the right ones. Refused as a whole: a set with a symmetric key or a private part, because then its
//! maker has lost a secret, and a set that names two keys alike.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::claims::Refused;

/// The one algorithm an issuer signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Algorithm {
    /// RSA PKCS #1 v1.5 with SHA-256, 2048 bits at least.
    #[serde(rename = "RS256")]
    Rs256,
    /// RSA PSS with SHA-256, 2048 bits at least.
    #[serde(rename = "PS256")]
    Ps256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Algorithm {
    /// The name in a token's header, letter by letter.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    pub(super) const fn library(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Ps256 => jsonwebtoken::Algorithm::PS256,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        }
    }
}

/// Signatures remembered by a key set; beyond that it forgets them all.
const MOST_PROVEN: usize = 4_096;

/// Verification keys by `kid`, all of one algorithm.
///
/// A set remembers the signatures it has proven: offices send the same token many times a second, and to
/// prove one costs more than the rest of a lookup. Only the signature is remembered; what a token says of
/// issuer, audience and times is checked each time. The memory is the set's own, so that a set fetched anew
/// (a key was rotated or withdrawn) has proven nothing yet.
#[derive(Debug)]
pub(super) struct KeySet {
    algorithm: Algorithm,
    keys: HashMap<String, DecodingKey>,
    /// SHA-256 of key id, message and signature.
    proven: Mutex<HashSet<[u8; 32]>>,
}

impl KeySet {
    fn of(algorithm: Algorithm, keys: HashMap<String, DecodingKey>) -> Self {
        Self { algorithm, keys, proven: Mutex::default() }
    }

    pub(super) fn one(algorithm: Algorithm, kid: &str, key: DecodingKey) -> Self {
        Self::of(algorithm, HashMap::from([(kid.to_owned(), key)]))
    }

    pub(super) fn holds(&self, kid: &str) -> bool {
        self.keys.contains_key(kid)
    }

    /// Whether the signature is the key's. The algorithm is the set's: what the token's header says
    /// has no part in it.
    pub(super) fn verify(&self, kid: &str, message: &str, signature: &str) -> Result<(), Refused> {
        let key = self.keys.get(kid).ok_or(Refused("kid"))?;
        let token = fingerprint(kid, message, signature);
        let proven = || self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        if proven().contains(&token) {
            return Ok(());
        }
        match jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, self.algorithm.library()) {
            Ok(true) => {
                let mut proven = proven();
                if proven.len() >= MOST_PROVEN {
                    proven.clear();
                }
                proven.insert(token);
                Ok(())
            }
            Ok(false) | Err(_) => Err(Refused("signature")),
        }
    }

    /// Reads a JWKS; the error is a reason code for the log.
    pub(super) fn parse(json: &[u8], algorithm: Algorithm) -> Result<Self, &'static str> {
        let set: SetJson = serde_json::from_slice(json).map_err(|_e| "malformed")?;
        if set.keys.len() > 64 {
            return Err("more_than_64_keys");
        }
        let mut seen = HashSet::new();
        let mut keys = HashMap::new();
        for key in set.keys {
            if key.kty == "oct" || key.k.is_some() {
                return Err("symmetric_key");
            }
            if key.holds_private_part() {
                return Err("private_key");
            }
            if let Some(kid) = &key.kid
                && !seen.insert(kid.clone())
            {
                return Err("duplicate_kid");
            }
            match key.decoding_key(algorithm) {
                Ok((kid, decoding)) => {
                    keys.insert(kid, decoding);
                }
                Err(reason) => log::info!("event=jwks_key_passed_over reason={reason}"),
            }
        }
        if keys.is_empty() { Err("no_usable_key") } else { Ok(Self::of(algorithm, keys)) }
    }
}

/// What makes a signature of a key over a message that one and no other. None of the parts holds a zero byte.
fn fingerprint(kid: &str, message: &str, signature: &str) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    for part in [kid, "\0", message, "\0", signature] {
        hash.update(part.as_bytes());
    }
    let mut out = [0; 32];
    out.iter_mut().zip(hash.finish().as_ref()).for_each(|(to, from)| *to = *from);
    out
}

#[derive(Deserialize)]
struct SetJson {
    keys: Vec<KeyJson>,
}

#[derive(Deserialize)]
struct KeyJson {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    k: Option<IgnoredAny>,
    d: Option<IgnoredAny>,
    p: Option<IgnoredAny>,
    q: Option<IgnoredAny>,
    dp: Option<IgnoredAny>,
    dq: Option<IgnoredAny>,
    qi: Option<IgnoredAny>,
    oth: Option<IgnoredAny>,
}

impl KeyJson {
    fn holds_private_part(&self) -> bool {
        [&self.d, &self.p, &self.q, &self.dp, &self.dq, &self.qi, &self.oth].iter().any(|part| part.is_some())
    }

    fn decoding_key(&self, algorithm: Algorithm) -> Result<(String, DecodingKey), &'static str> {
        let kid = self.kid.clone().filter(|kid| !kid.is_empty()).ok_or("kid_missing")?;
        if self.purpose.as_ref().is_some_and(|purpose| purpose != "sig")
            || self.key_ops.as_ref().is_some_and(|ops| !ops.iter().any(|op| op == "verify"))
        {
            return Err("not_for_signatures");
        }
        if self.alg.as_ref().is_some_and(|alg| alg != algorithm.name()) {
            return Err("other_algorithm");
        }
        let key = match (algorithm, self.kty.as_str()) {
            (Algorithm::Rs256 | Algorithm::Ps256, "RSA") => {
                let (n, e) = (bytes(self.n.as_ref())?, bytes(self.e.as_ref())?);
                sound_rsa(&n, &e)?;
                DecodingKey::from_rsa_raw_components(&n, &e)
            }
            (Algorithm::Es256, "EC") if self.crv.as_deref() == Some("P-256") => {
                let (x, y) = (bytes(self.x.as_ref())?, bytes(self.y.as_ref())?);
                if x.len() != 32 || y.len() != 32 {
                    return Err("malformed_key");
                }
                DecodingKey::from_ec_der(&[[4].as_slice(), &x, &y].concat())
            }
            (Algorithm::EdDsa, "OKP") if self.crv.as_deref() == Some("Ed25519") => {
                let x = bytes(self.x.as_ref())?;
                if x.len() != 32 {
                    return Err("malformed_key");
                }
                DecodingKey::from_ed_der(&x)
            }
            _ => return Err("other_type"),
        };
        Ok((kid, key))
    }
}

fn bytes(text: Option<&String>) -> Result<Vec<u8>, &'static str> {
    text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).ok_or("malformed_key")
}

/// 2048 to 8192 bits, and an odd exponent of at least 65537.
fn sound_rsa(n: &[u8], e: &[u8]) -> Result<(), &'static str> {
    let leading_zero_bits = n.first().map_or(8, |byte| byte.leading_zeros());
    let bits = u32::try_from(n.len()).unwrap_or(0).saturating_mul(8).saturating_sub(leading_zero_bits);
    let exponent = e.iter().try_fold(0_u64, |sum, byte| Some(sum.checked_mul(256)? + u64::from(*byte)));
    let exponent_sound = exponent.is_some_and(|e| e >= 65_537 && e % 2 == 1);
    if (2048..=8192).contains(&bits) && exponent_sound { Ok(()) } else { Err("weak_rsa") }
}

#[cfg(test)]
mod tests;
