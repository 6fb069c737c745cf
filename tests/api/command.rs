//! The program as it is started: exit codes, sentences, signals.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

/// The program without the variables of whoever runs the tests.
fn yingzhu(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yingzhu"));
    command.args(args).env_clear();
    command
}

#[test]
fn serving_without_keys_or_issuer_is_refused_with_everything_that_is_missing() {
    let output = yingzhu(&["serve"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    for name in ["YINGZHU_KEY_FILE", "YINGZHU_ISSUER", "YINGZHU_AUDIENCE", "YINGZHU_JWKS", "--dev"] {
        assert!(said.contains(name), "{name}: {said}");
    }
    assert!(said.starts_with("错误："), "{said}");
    let english = yingzhu(&["--lang", "en", "serve"]).output().unwrap();
    assert!(String::from_utf8(english.stderr).unwrap().starts_with("error: "));
}

#[test]
fn a_mistyped_database_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = yingzhu(&["migrate", "--database", "new.db"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_calendar_that_cannot_be_read_keeps_the_service_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("days.tsv");
    let start = |file: &std::path::Path| {
        let args = ["serve", "--dev", "--listen", "127.0.0.1:0", "--working-days", file.to_str().unwrap()];
        let output = yingzhu(&args).current_dir(folder.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = start(&file);
    assert!(code == Some(2) && said.contains("--working-days"), "{said}");
    std::fs::write(&file, "year\t2027\t某号\noff\t2027-13-01\t2027-01-03\n").unwrap();
    let (code, said) = start(&file);
    assert!(code == Some(2) && said.contains("[2]"), "{said}");
}

#[test]
fn the_document_is_printed() {
    let output = yingzhu(&["openapi"]).output().unwrap();
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed, serde_json::to_value(yingzhu::http::openapi()).unwrap());
}

#[test]
fn a_token_is_printed_alone_and_a_wrong_one_explained() {
    let folder = tempfile::tempdir().unwrap();
    let token =
        |args: &[&str]| yingzhu(&[&["token"], args].concat()).current_dir(folder.path()).output().unwrap();
    let printed = token(&["--role", "county", "--place", "341024"]);
    let text = String::from_utf8(printed.stdout).unwrap();
    assert_eq!(
        (printed.status.code(), text.trim().split('.').count(), text.lines().count()),
        (Some(0), 3, 1)
    );
    let wrong = token(&["--role", "king", "--place", "x"]);
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(said.contains("--role") && said.contains("--place"), "{said}");
}

#[test]
fn the_embedded_policy_passes_its_own_cases_and_a_broken_pack_does_not() {
    let good = yingzhu(&["policy", "check"]).output().unwrap();
    assert_eq!(good.status.code(), Some(0), "{}", String::from_utf8_lossy(&good.stdout));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pack.toml"), "id = 1").unwrap();
    let path = folder.path().to_str().unwrap();
    let bad = yingzhu(&["policy", "check", path]).output().unwrap();
    assert_eq!(bad.status.code(), Some(1));
    assert!(String::from_utf8(bad.stdout).unwrap().contains("programmes:1"));
    let refused = yingzhu(&["serve", "--dev", "--policy-dir", path]).current_dir(path).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("programmes:1"));
}

#[test]
fn a_served_process_logs_no_path_and_ends_well_on_either_signal() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = yingzhu(&["serve", "--dev", "--listen", "127.0.0.1:0"])
            .current_dir(folder.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut log = String::new();
        let address = lines
            .by_ref()
            .inspect(|line| log.push_str(line))
            .find_map(|line| {
                line.split_once("http://").map(|(_, rest)| rest.split('，').next().unwrap().to_owned())
            })
            .unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let request = "GET /v1/SECRET?q=SECRET HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
        let pid = rustix::process::Pid::from_raw(child.id().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        log.extend(lines);
        assert!(child.wait().unwrap().success(), "{log}");
        assert!(log.contains("event=request") && log.contains("route=- status=404"), "{log}");
        assert!(log.contains("event=stopped") && log.contains("event=development_mode"), "{log}");
        assert!(!log.contains("SECRET"), "{log}");
    }
}
