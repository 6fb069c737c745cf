//! Reading a key set from where the configuration says: a file or an address, nothing a token names.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ureq::tls::{PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

use crate::error::{Error, Result};

/// A key set is refused if it is longer.
const MOST_BYTES: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(2);

/// Where Debian and most others keep the certificate authorities of the machine.
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Why a key set could not be read: a reason code for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchFault(pub &'static str);

/// A place key sets are read from. May block for a few seconds.
pub trait Fetch: Send + Sync {
    /// The bytes of the set as they are now.
    fn fetch(&self) -> Result<Vec<u8>, FetchFault>;
}

/// A file, read anew each time, so that a rotated set is found.
pub(super) struct FromFile(pub(super) PathBuf);

impl Fetch for FromFile {
    fn fetch(&self) -> Result<Vec<u8>, FetchFault> {
        let file = File::open(&self.0).map_err(|_e| FetchFault("file"))?;
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|_e| FetchFault("file"))?;
        if u64::try_from(bytes.len()).is_ok_and(|n| n <= MOST_BYTES) {
            Ok(bytes)
        } else {
            Err(FetchFault("too_long"))
        }
    }
}

/// An `https` address, or a plain `http` one on this machine. No redirects, no proxy, 64 kB, 2 seconds.
pub(super) struct FromUrl {
    agent: ureq::Agent,
    url: String,
}

impl FromUrl {
    /// Certificates are trusted from the given PEM file only, or from the machine's own if none is given.
    pub(super) fn new(url: &str, authorities: Option<&Path>) -> Result<Self> {
        let (secure, local) = (url.starts_with("https://"), is_local_http(url));
        if !secure && !local {
            return Err(Error::internal("a key set's address must begin with https://"));
        }
        let mut tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
        if secure {
            tls = tls.root_certs(roots(authorities.unwrap_or(Path::new(SYSTEM_AUTHORITIES)))?);
        }
        let agent = ureq::Agent::config_builder()
            .tls_config(tls.build())
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .https_only(secure)
            .proxy(None)
            .max_idle_connections(0)
            .build()
            .new_agent();
        Ok(Self { agent, url: url.to_owned() })
    }
}

impl Fetch for FromUrl {
    fn fetch(&self) -> Result<Vec<u8>, FetchFault> {
        let mut response = self.agent.get(&self.url).call().map_err(|_e| FetchFault("address"))?;
        if response.status() != 200 {
            return Err(FetchFault("status"));
        }
        response.body_mut().with_config().limit(MOST_BYTES).read_to_vec().map_err(|_e| FetchFault("body"))
    }
}

fn is_local_http(url: &str) -> bool {
    url.strip_prefix("http://").is_some_and(|rest| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        };
        matches!(host, "127.0.0.1" | "localhost" | "[::1]")
    })
}

fn roots(path: &Path) -> Result<RootCerts> {
    let pem = std::fs::read(path)
        .map_err(|_e| Error::internal("the certificate authorities for the key set cannot be read"))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(_e) => return Err(Error::internal("the file of certificate authorities is not PEM")),
        }
    }
    if certificates.is_empty() {
        return Err(Error::internal("the file of certificate authorities holds no certificate"));
    }
    Ok(RootCerts::from(certificates))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    /// Answers one request on this machine with the given bytes.
    fn answer_once(response: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 2048];
            let _ = stream.read(&mut request).unwrap();
            // The client may hang up early on what it refuses.
            let _ = stream.write_all(&response);
        });
        url
    }

    fn http(status: &str, extra: &str, body: &str) -> Vec<u8> {
        format!("HTTP/1.1 {status}\r\n{extra}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    fn fetched(response: Vec<u8>) -> Result<Vec<u8>, FetchFault> {
        FromUrl::new(&answer_once(response), None).unwrap().fetch()
    }

    #[test]
    fn a_set_is_read_and_anything_else_is_not() {
        assert_eq!(fetched(http("200 OK", "", "{}")).unwrap(), b"{}");
        assert_eq!(
            fetched(http("302 Found", "Location: http://127.0.0.1:1/\r\n", "{}")),
            Err(FetchFault("status"))
        );
        assert_eq!(fetched(http("204 No Content", "", "")), Err(FetchFault("status")));
        assert_eq!(fetched(http("500 Internal", "", "{}")), Err(FetchFault("address")));
        let long = "x".repeat(64 * 1024 + 1);
        assert_eq!(fetched(http("200 OK", "", &long)), Err(FetchFault("body")));
    }

    #[test]
    fn only_https_or_this_machine() {
        for url in [
            "http://idp.example/jwks",
            "ftp://x",
            "file:///etc/passwd",
            "",
            "http://localhost.example/",
            "http://127.0.0.1@x.example/",
            "http://127.0.0.1:80@x.example/",
        ] {
            assert!(FromUrl::new(url, None).is_err(), "{url}");
        }
        for url in ["http://localhost:8080/jwks", "http://127.0.0.1/jwks", "http://[::1]:80/jwks"] {
            assert!(FromUrl::new(url, None).is_ok(), "{url}");
        }
    }

    #[test]
    fn pinned_authorities_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let url = "https://idp.example/jwks";
        assert!(FromUrl::new(url, Some(&path)).is_err());
        std::fs::write(&path, "no certificate").unwrap();
        assert!(FromUrl::new(url, Some(&path)).is_err());
    }

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwks.json");
        assert_eq!(FromFile(path.clone()).fetch(), Err(FetchFault("file")));
        std::fs::write(&path, "{}").unwrap();
        assert_eq!(FromFile(path.clone()).fetch().unwrap(), b"{}");
        std::fs::write(&path, "x".repeat(64 * 1024 + 1)).unwrap();
        assert_eq!(FromFile(path).fetch(), Err(FetchFault("too_long")));
    }
}
