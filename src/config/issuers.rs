//! Whose tokens are trusted: one issuer by options, or several by a file.

use std::path::PathBuf;

use serde::Deserialize;

use super::Faults;
use super::options::IssuerOptions;
use crate::values::Text;

/// A signature algorithm that a token may have. An issuer has exactly one: a token that names another is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

/// Where an issuer's public keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwksSource {
    /// A file.
    File(PathBuf),
    /// An `https://` address (`http://` to this very machine only).
    Url(String),
}

/// An issuer whose tokens are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The `iss` of its tokens.
    pub issuer: String,
    /// The `aud` that its tokens for this service have.
    pub audience: String,
    /// The one algorithm it signs with.
    pub algorithm: SigningAlgorithm,
    /// Its public keys.
    pub jwks: JwksSource,
    /// CA certificates (PEM) to trust for the keys' address; the built-in ones if `None`.
    pub ca_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    issuer: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    issuer: String,
    audience: String,
    algorithm: String,
    jwks: String,
    ca_file: Option<PathBuf>,
}

pub(super) fn gather(options: &IssuerOptions, dev: bool, faults: &mut Faults) -> Vec<Issuer> {
    let mut entries = Vec::new();
    entries.extend(single(options, dev, faults));
    if let Some(path) = &options.issuers {
        let read = std::fs::read_to_string(path).map_err(|e| e.to_string());
        match read.and_then(|text| toml::from_str::<File>(&text).map_err(|e| e.to_string())) {
            Ok(file) => entries.extend(file.issuer),
            Err(why) => faults.add(
                "--issuers",
                Text::new(format!("文件无法读取：{why}"), format!("the file cannot be read: {why}")),
            ),
        }
    }
    entries.into_iter().filter_map(|entry| check(entry, faults)).collect()
}

fn single(options: &IssuerOptions, dev: bool, faults: &mut Faults) -> Option<Entry> {
    let given = [
        ("--issuer", &options.issuer),
        ("--audience", &options.audience),
        ("--algorithm", &options.algorithm),
        ("--jwks", &options.jwks),
    ];
    let none = given.iter().all(|(_, value)| value.is_none());
    if none && (dev || options.issuers.is_some()) {
        return None;
    }
    for (option, _) in given.iter().filter(|(_, value)| value.is_none()) {
        faults.add(
            option,
            Text::fixed(
                "缺少此项：须说明信任哪个网关签发的令牌；仅在本机试用时可改用 --dev",
                "missing: say whose tokens are trusted, or use --dev to try it out on this machine",
            ),
        );
    }
    Some(Entry {
        issuer: options.issuer.clone()?,
        audience: options.audience.clone()?,
        algorithm: options.algorithm.clone()?,
        jwks: options.jwks.clone()?,
        ca_file: options.issuer_ca.clone(),
    })
}

fn check(entry: Entry, faults: &mut Faults) -> Option<Issuer> {
    let algorithm = match entry.algorithm.as_str() {
        "RS256" => Some(SigningAlgorithm::Rs256),
        "ES256" => Some(SigningAlgorithm::Es256),
        "EdDSA" => Some(SigningAlgorithm::EdDsa),
        _ => {
            faults.add(
                "--algorithm",
                Text::fixed("应为 RS256、ES256 或 EdDSA", "must be RS256, ES256 or EdDSA"),
            );
            None
        }
    };
    let jwks = if entry.jwks.starts_with("https://") || is_local_http(&entry.jwks) {
        Some(JwksSource::Url(entry.jwks))
    } else if entry.jwks.contains("://") {
        faults.add(
            "--jwks",
            Text::fixed(
                "应为文件或 https:// 地址（本机地址可用 http://）",
                "must be a file or an https:// address (http:// to this machine only)",
            ),
        );
        None
    } else {
        Some(JwksSource::File(PathBuf::from(entry.jwks)))
    };
    for (option, text) in [("--issuer", &entry.issuer), ("--audience", &entry.audience)] {
        if text.trim().is_empty() {
            faults.add(option, Text::fixed("不能为空", "must not be empty"));
        }
    }
    Some(Issuer {
        issuer: entry.issuer,
        audience: entry.audience,
        algorithm: algorithm?,
        jwks: jwks?,
        ca_file: entry.ca_file,
    })
}

/// Whether the address is `http://` to this very machine, with nothing but a port or a path after the host.
fn is_local_http(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
        if port.bytes().all(|b| b.is_ascii_digit()) { host } else { authority }
    });
    matches!(host, "127.0.0.1" | "localhost" | "[::1]")
}
