//! What is accepted, what is refused, and that nothing secret is shown.

use clap::Parser;

use std::path::Path;

use super::*;
use crate::auth::KeySource;
use crate::values::Lang;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: ServeOptions,
}

/// Options as typed, apart from the variables of whoever runs the tests.
fn options(line: &[&str]) -> ServeOptions {
    use clap::{CommandFactory, FromArgMatches};
    let command = Line::command().mut_args(|arg| arg.env(None::<&'static str>));
    let matches = command.try_get_matches_from([&["yingzhu"], line].concat()).unwrap();
    Line::from_arg_matches(&matches).unwrap().options
}

fn wrong(line: &[&str], keys: Option<&str>) -> Vec<String> {
    let error = options(line).check(keys.map(str::to_owned)).unwrap_err();
    error.fields.into_iter().map(|f| f.pointer).collect()
}

const ISSUER: [&str; 8] =
    ["--issuer", "https://gate", "--audience", "yingzhu", "--algorithm", "ES256", "--jwks", "keys.json"];

#[test]
fn development_mode_needs_nothing_more() {
    let config = options(&["--dev"]).check(None).unwrap();
    assert_eq!(config.store.keys, Keys::Development);
    assert_eq!(config.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(config.log, "warn,yingzhu=info");
    assert!(config.issuers.is_empty());
}

#[test]
fn production_needs_an_issuer_and_keys_and_says_so() {
    assert_eq!(
        wrong(&[], None),
        [
            "--key-file / YINGZHU_KEY_FILE",
            "--issuer / YINGZHU_ISSUER",
            "--audience / YINGZHU_AUDIENCE",
            "--algorithm / YINGZHU_ALGORITHM",
            "--jwks / YINGZHU_JWKS",
        ]
    );
    let config = options(&ISSUER).check(Some("ring".to_owned())).unwrap();
    assert_eq!(config.store.keys, Keys::Variable(Secret::new("ring".to_owned())));
    assert!(matches!(&config.issuers[0].keys, KeySource::File(path) if path == Path::new("keys.json")));
}

#[test]
fn every_wrong_option_is_named_at_once() {
    let line = [
        "--dev",
        "--database",
        "data/x.db",
        "--listen",
        "8080",
        "--workers",
        "0",
        "--pool-size",
        "x",
        "--json-max-bytes",
        "-1",
        "--policy-dir",
        "/nowhere/at/all",
        "--algorithm",
        "none",
        "--issuer",
        "i",
        "--audience",
        "a",
        "--jwks",
        "http://gate/keys",
    ]
    .map(|word| if word == "-1" { "--json-max-bytes=-1" } else { word });
    let line: Vec<_> = line.into_iter().filter(|word| *word != "--json-max-bytes").collect();
    assert_eq!(
        wrong(&line, None),
        [
            "--database / YINGZHU_DATABASE_URL",
            "--pool-size / YINGZHU_POOL_SIZE",
            "--policy-dir / YINGZHU_POLICY_DIR",
            "--listen / YINGZHU_LISTEN",
            "--algorithm / YINGZHU_ALGORITHM",
            "--jwks / YINGZHU_JWKS",
            "--json-max-bytes / YINGZHU_JSON_MAX_BYTES",
            "--workers / YINGZHU_WORKERS",
        ]
    );
}

#[test]
fn development_keys_are_never_trusted_from_outside() {
    assert_eq!(wrong(&["--dev", "--listen", "0.0.0.0:8080"], None), ["--listen / YINGZHU_LISTEN"]);
    assert!(options(&["--dev", "--listen", "[::1]:8080"]).check(None).is_ok());
}

#[test]
fn outside_development_only_our_own_level_can_be_set() {
    let line = |log| [&ISSUER[..], &["--log", log]].concat();
    assert_eq!(options(&line("debug")).check(Some("k".to_owned())).unwrap().log, "warn,yingzhu=debug");
    assert_eq!(wrong(&line("trace"), Some("k")), ["--log / YINGZHU_LOG"]);
    assert_eq!(options(&["--dev", "--log", "trace"]).check(None).unwrap().log, "trace");
}

#[test]
fn the_key_ring_comes_from_one_place() {
    let line = [&ISSUER[..], &["--key-file", "ring.toml"]].concat();
    assert_eq!(wrong(&line, Some("ring")), ["--key-file / YINGZHU_KEY_FILE"]);
    assert_eq!(
        options(&line).check(Some(" ".to_owned())).unwrap().store.keys,
        Keys::File("ring.toml".into())
    );
}

#[test]
fn nothing_secret_is_shown() {
    let line = [&ISSUER[..], &["--database", "postgres://u:HUSH@db/y"]].concat();
    let config = options(&line).check(Some("HUSH".to_owned())).unwrap();
    assert!(!format!("{config:?}").contains("HUSH"));
    let error = options(&["--database", "pg://u:HUSH@db/y"]).check(None).unwrap_err();
    assert!(!error.message(Lang::Zh).contains("HUSH") && !format!("{error:?}").contains("HUSH"));
}

#[test]
fn every_variable_is_the_options_own_name() {
    use clap::CommandFactory;
    for arg in Line::command().get_arguments().filter(|arg| arg.get_env().is_some()) {
        let option = format!("--{}", arg.get_long().unwrap());
        assert_eq!(arg.get_env().unwrap().to_str().unwrap(), variable(&option));
    }
}

#[test]
fn several_issuers_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("issuers.toml");
    let entry = |name: &str, jwks: &str| {
        format!(
            "[[issuer]]\nissuer = \"{name}\"\naudience = \"y\"\nalgorithm = \"RS256\"\nkeys = {{ url = \"{jwks}\" }}\n"
        )
    };
    let read = |text: &str| {
        std::fs::write(&path, text).unwrap();
        options(&["--issuers", path.to_str().unwrap()]).check(Some("k".to_owned()))
    };
    let both = entry("a", "https://a/keys") + &entry("b", "http://127.0.0.1:9/keys");
    assert_eq!(read(&both).unwrap().issuers.len(), 2);
    assert!(read(&entry("a", "http://127.0.0.1@evil/keys")).is_err());
    assert!(read(&entry("a", "http://localhost.evil/keys")).is_err());
    assert!(read("[[issuer]]\nissuer = 1").is_err());
}
