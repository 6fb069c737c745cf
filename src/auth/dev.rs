//! The development key: made on demand, kept in the data folder, trusted under `--dev` alone.
//!
//! `yingzhu token` mints with the same file. Its issuer's name cannot be configured as a real issuer,
//! so a service started without `--dev` refuses every token of this key.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use zeroize::Zeroizing;

use super::claims::{self, Audience, Claims, MOST_DEV_SECONDS, Refused, Rules};
use super::keys::KeySet;
use super::{Algorithm, Role, verifier};
use crate::error::{Code, Error, Result};
use crate::seal::secret_file;
use crate::values::{Place, Text, clock};

/// The `iss` of development tokens.
pub const DEV_ISSUER: &str = "yingzhu-dev";
/// The `aud` of development tokens.
pub const DEV_AUDIENCE: &str = "yingzhu";

const FILE_NAME: &str = "dev-token.key";

/// An Ed25519 key for development (RFC 8037).
pub struct DevKey {
    pkcs8: Zeroizing<Vec<u8>>,
    public: Vec<u8>,
    kid: String,
}

impl std::fmt::Debug for DevKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DevKey({})", self.kid)
    }
}

impl DevKey {
    /// A new key that is nowhere kept.
    pub fn generate() -> Result<Self> {
        let pair = Ed25519KeyPair::generate().map_err(|_e| Error::internal("development key: none made"))?;
        let pkcs8 = pair.to_pkcs8v1().map_err(|_e| Error::internal("development key: not written"))?;
        Self::from_pkcs8(Zeroizing::new(pkcs8.as_ref().to_vec()))
    }

    /// The key of a data folder, made on first use, in a file only its owner may read.
    pub fn load_or_create(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE_NAME);
        if !path.exists() {
            let text = Zeroizing::new(STANDARD.encode(&*Self::generate()?.pkcs8));
            secret_file::create_if_absent(&path, &text)?;
        }
        let text = secret_file::read(&path)?;
        let pkcs8 = STANDARD.decode(text.trim()).map_err(|_e| damaged())?;
        Self::from_pkcs8(Zeroizing::new(pkcs8))
    }

    fn from_pkcs8(pkcs8: Zeroizing<Vec<u8>>) -> Result<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|_e| damaged())?;
        let public = pair.public_key().as_ref().to_vec();
        let kid = URL_SAFE_NO_PAD.encode(digest(&SHA256, &public).as_ref().get(..12).unwrap_or_default());
        Ok(Self { pkcs8, public, kid })
    }

    pub(super) fn key_set(&self) -> KeySet {
        KeySet::one(Algorithm::EdDsa, &self.kid, DecodingKey::from_ed_der(&self.public))
    }

    /// The self-test: a signature of this key is accepted, and a changed message is not.
    pub(super) fn proves_itself(&self) -> bool {
        let set = self.key_set();
        let Ok(signature) = self.sign(b"message") else { return false };
        set.verify(&self.kid, "message", &signature).is_ok()
            && set.verify(&self.kid, "massage", &signature).is_err()
    }

    fn sign(&self, message: &[u8]) -> Result<String> {
        let key = EncodingKey::from_ed_der(&self.pkcs8);
        jsonwebtoken::crypto::sign(message, &key, Algorithm::EdDsa.library())
            .map_err(|_e| Error::internal("development key: it does not sign"))
    }
}

/// What a development token shall say.
#[derive(Debug, Clone)]
pub struct MintRequest {
    /// One role at least.
    pub roles: Vec<Role>,
    /// The place; every role but the guardian needs one.
    pub place: Option<Place>,
    /// The school code; the school role needs it.
    pub school: Option<String>,
    /// The student's id; the guardian role needs it.
    pub student: Option<String>,
    /// Whether ids and names may be answered unmasked; needs a purpose.
    pub pii: bool,
    /// What the personal data are for.
    pub purpose: Option<String>,
    /// Who it is.
    pub subject: String,
    /// How long the token lives, in seconds: up to a day.
    pub ttl: i64,
}

/// Mints a token that a service with the same key, started with `--dev`, accepts from `now` (seconds
/// since 1970) on. Asks of it what the verifier will ask, and says what is missing (`invalid_input`).
pub fn mint(key: &DevKey, request: MintRequest, now: i64) -> Result<String> {
    verifier::install_crypto()?;
    if request.pii && request.purpose.as_ref().is_none_or(|purpose| purpose.trim().is_empty()) {
        return Err(unfit(Refused("purpose_missing")));
    }
    let claims = || Claims {
        iss: DEV_ISSUER.to_owned(),
        sub: request.subject.clone(),
        aud: Audience(DEV_AUDIENCE.to_owned()),
        exp: now.saturating_add(request.ttl),
        nbf: now,
        iat: now,
        jti: clock::new_id(),
        roles: request.roles.iter().map(|role| role.code().to_owned()).collect(),
        place: request.place.as_ref().map(|place| place.as_str().to_owned()),
        school: request.school.clone(),
        student: request.student.clone(),
        pii: request.pii.then_some(true),
        scope: None,
        purpose: request.purpose.clone(),
    };
    claims::check(claims(), &Rules { audience: DEV_AUDIENCE, dev: true, now }).map_err(unfit)?;
    let header = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{}"}}"#, key.kid);
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims())?)
    );
    let signature = key.sign(message.as_bytes())?;
    Ok(format!("{message}.{signature}"))
}

fn damaged() -> Error {
    Error::new(
        Code::Unavailable,
        Text::fixed(
            "开发密钥文件已损坏，请删除 dev-token.key 后重试",
            "the development key file is damaged; delete dev-token.key and try again",
        ),
    )
}

fn unfit(Refused(reason): Refused) -> Error {
    let text = match reason {
        "roles" => Text::fixed("请至少指定一个角色（--role）", "name one role at least (--role)"),
        "place_missing" => Text::fixed("该角色需要行政区划（--place）", "this role needs a place (--place)"),
        "place_too_wide" => Text::fixed(
            "行政区划对该角色过大：市级至少 4 位、县级 6 位、乡镇 9 位",
            "the place is too wide for the role: a city needs 4 digits, a county 6, a township 9",
        ),
        "school_missing" => {
            Text::fixed("学校角色需要学校标识码（--school）", "the school role needs --school")
        }
        "guardian" => Text::fixed(
            "监护人令牌需要学生编号（--student），且不能同时具有其他角色",
            "a guardian's token needs --student and no other role beside it",
        ),
        "school_or_student" => Text::fixed(
            "学校标识码或学生编号只能含字母、数字和连字符",
            "a school code or student id has letters, digits and hyphens only",
        ),
        "purpose" | "purpose_missing" => Text::fixed(
            "查看个人信息须说明用途，不超过 200 字",
            "to see personal data, state a purpose of at most 200 characters",
        ),
        "lifetime" | "times" | "expired" => Text::new(
            format!("有效期应为 1 至 {MOST_DEV_SECONDS} 秒"),
            format!("the life must be 1 to {MOST_DEV_SECONDS} seconds"),
        ),
        _ => Text::fixed("令牌参数有误，请检查各项取值", "the token's settings are wrong; check each value"),
    };
    Error::new(Code::InvalidInput, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Lang;

    fn county() -> MintRequest {
        MintRequest {
            roles: vec![Role::County],
            place: Some(Place::parse("341024").unwrap()),
            school: None,
            student: None,
            pii: false,
            purpose: None,
            subject: "dev".to_owned(),
            ttl: 3600,
        }
    }

    #[test]
    fn the_key_survives_its_file_and_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let first = DevKey::load_or_create(folder.path()).unwrap();
        let again = DevKey::load_or_create(folder.path()).unwrap();
        assert_eq!(first.public, again.public);
        assert!(first.proves_itself());
        assert_eq!(format!("{first:?}"), format!("DevKey({})", first.kid));
        std::fs::write(folder.path().join(FILE_NAME), "damaged").unwrap();
        assert!(DevKey::load_or_create(folder.path()).is_err());
    }

    #[test]
    fn what_the_verifier_would_refuse_is_not_minted_and_says_why() {
        let key = DevKey::generate().unwrap();
        mint(&key, county(), 1_000).unwrap();
        let wide = Some(Place::parse("34").unwrap());
        for (request, part) in [
            (MintRequest { roles: vec![], ..county() }, "--role"),
            (MintRequest { place: None, ..county() }, "--place"),
            (MintRequest { place: wide, ..county() }, "too wide"),
            (MintRequest { roles: vec![Role::School], ..county() }, "--school"),
            (MintRequest { roles: vec![Role::Guardian], ..county() }, "--student"),
            (
                MintRequest {
                    roles: vec![Role::Guardian, Role::County],
                    student: Some("s".into()),
                    ..county()
                },
                "no other role",
            ),
            (MintRequest { school: Some("../etc".into()), ..county() }, "hyphens"),
            (MintRequest { pii: true, ..county() }, "purpose"),
            (MintRequest { pii: true, purpose: Some(" ".into()), ..county() }, "purpose"),
            (MintRequest { purpose: Some("x".repeat(201)), ..county() }, "purpose"),
            (MintRequest { ttl: 86_401, ..county() }, "86400"),
            (MintRequest { ttl: 0, ..county() }, "86400"),
            (MintRequest { ttl: -5, ..county() }, "86400"),
            (MintRequest { ttl: i64::MAX, ..county() }, "86400"),
            (MintRequest { subject: String::new(), ..county() }, "check each"),
        ] {
            let error = mint(&key, request, 1_000).unwrap_err();
            assert_eq!(error.code, Code::InvalidInput);
            assert!(error.message(Lang::En).contains(part), "{part}: {}", error.message(Lang::En));
        }
    }
}
