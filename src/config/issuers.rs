//! Whose tokens are trusted: one issuer by options, or several by a file.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as NameError;

use super::Faults;
use super::options::IssuerOptions;
use crate::auth::{Algorithm, IssuerConfig, KeySource};
use crate::values::Text;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    issuer: Vec<IssuerConfig>,
}

pub(super) fn gather(options: &IssuerOptions, dev: bool, faults: &mut Faults) -> Vec<IssuerConfig> {
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
    for entry in &entries {
        check(entry, faults);
    }
    entries
}

fn single(options: &IssuerOptions, dev: bool, faults: &mut Faults) -> Option<IssuerConfig> {
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
    let name = options.algorithm.as_deref()?;
    let algorithm = Algorithm::deserialize(IntoDeserializer::<NameError>::into_deserializer(name));
    if algorithm.is_err() {
        faults.add(
            "--algorithm",
            Text::fixed("应为 RS256、PS256、ES256 或 EdDSA", "must be RS256, PS256, ES256 or EdDSA"),
        );
    }
    let jwks = options.jwks.clone()?;
    let keys = if jwks.contains("://") { KeySource::Url(jwks) } else { KeySource::File(jwks.into()) };
    let config = IssuerConfig {
        issuer: options.issuer.clone()?,
        audience: options.audience.clone()?,
        // A wrong name has been noted; the rest of the issuer is still checked.
        algorithm: algorithm.unwrap_or(Algorithm::Es256),
        keys,
        authorities: options.issuer_ca.clone(),
    };
    Some(config)
}

fn check(config: &IssuerConfig, faults: &mut Faults) {
    if let KeySource::Url(url) = &config.keys
        && !url.starts_with("https://")
        && !is_local_http(url)
    {
        faults.add(
            "--jwks",
            Text::fixed(
                "应为文件或 https:// 地址（本机地址可用 http://）",
                "must be a file or an https:// address (http:// to this machine only)",
            ),
        );
    }
    for (option, text) in [("--issuer", &config.issuer), ("--audience", &config.audience)] {
        if text.trim().is_empty() {
            faults.add(option, Text::fixed("不能为空", "must not be empty"));
        }
    }
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
