//! TLS to PostgreSQL: a server that lets nobody in without it, a private authority, and every way to get it
//! wrong told in words.

use yingzhu::db::{DatabaseUrl, Db};
use yingzhu::error::{Code, Error};

use super::engine::Engine;

fn open(url: &str) -> Result<Db, Error> {
    Db::connect(&DatabaseUrl::parse(url).unwrap(), 1)
}

#[cfg(not(feature = "postgres-tls"))]
#[test]
fn a_build_without_tls_says_so_and_does_not_connect_in_clear() {
    let Engine::Postgres = Engine::here() else { return };
    let ground = super::engine::Ground::empty();
    let refused = open(&format!("{}&sslmode=verify-full", ground.url)).unwrap_err();
    assert_eq!(refused.code, Code::DatabaseRefused);
    assert!(refused.detail.en.contains("postgres-tls"), "{refused}");
}

#[cfg(feature = "postgres-tls")]
mod with_tls {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::nodes::cluster::{count, run};
    use crate::nodes::postgres::{BYTES, Cluster};
    use crate::nodes::site::{Node, token, until};

    /// An authority and, signed by it, the certificate of a server called `localhost`.
    fn certificates(folder: &Path, name: &str) {
        let at = |ending: &str| folder.join(format!("{name}{ending}")).display().to_string();
        let openssl = |arguments: &[&str]| {
            let output = Command::new("openssl").args(arguments).output().unwrap();
            assert!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
        };
        let (ca, ca_key, key, asked, cert) =
            (at("-ca.pem"), at("-ca.key"), at(".key"), at(".csr"), at(".crt"));
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        let extensions = at(".ext");
        std::fs::write(&extensions, "subjectAltName=DNS:localhost\n").unwrap();
        openssl(
            &[
                &["req", "-x509", "-days", "2", "-subj", "/CN=a private authority"],
                &curve[..],
                &["-keyout", &ca_key, "-out", &ca],
            ]
            .concat(),
        );
        openssl(
            &[&["req", "-subj", "/CN=localhost"], &curve[..], &["-keyout", &key, "-out", &asked]].concat(),
        );
        openssl(&[
            "x509",
            "-req",
            "-days",
            "2",
            "-in",
            &asked,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-CAcreateserial",
            "-extfile",
            &extensions,
            "-out",
            &cert,
        ]);
    }

    #[test]
    fn the_server_is_verified_by_name_and_authority_or_not_spoken_to() {
        let Engine::Postgres = Engine::here() else { return };
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path(), "right");
        certificates(folder.path(), "other");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Cluster::start(&format!("listen_addresses = '127.0.0.1'\nport = {port}\n"));
        let data = cluster.folder.join("data");
        let owner = std::fs::metadata(&data).unwrap();
        for (from, to) in [("right.crt", "server.crt"), ("right.key", "server.key")] {
            std::fs::copy(folder.path().join(from), data.join(to)).unwrap();
            std::fs::set_permissions(data.join(to), std::fs::Permissions::from_mode(0o600)).unwrap();
            chown(data.join(to), Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        std::fs::write(data.join("pg_hba.conf"), "local all all trust\nhostssl all all 127.0.0.1/32 trust\n")
            .unwrap();
        let by_socket = format!("{}&port={port}", cluster.url("postgres"));
        run(&by_socket, "ALTER SYSTEM SET ssl = on");
        run(&by_socket, &format!("CREATE DATABASE yingzhu TEMPLATE template0 {BYTES}"));
        run(&by_socket, "SELECT pg_reload_conf()");
        until("the server speaks TLS", || {
            count(&by_socket, "SELECT (current_setting('ssl') = 'on')::int") == 1
        });

        let url = |host: &str, mode: &str, ca: &str| {
            let ca = folder.path().join(ca);
            format!("postgres://postgres@{host}:{port}/yingzhu?sslmode={mode}&sslrootcert={}", ca.display())
        };
        let right = url("localhost", "verify-full", "right-ca.pem");
        until("TLS is spoken by new connections", || open(&right).is_ok());
        let secret =
            "SELECT count(*) FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl AND version = 'TLSv1.3'";
        assert_eq!(count(&right, secret), 1);
        for (url, said) in [
            (url("localhost", "verify-full", "other-ca.pem"), "certificate"),
            (url("127.0.0.1", "verify-full", "right-ca.pem"), "certificate"),
            (url("localhost", "verify-full", "nowhere.pem"), "sslrootcert"),
            (url("localhost", "disable", "right-ca.pem"), "login"),
        ] {
            let refused = open(&url).unwrap_err();
            assert_eq!(refused.code, Code::DatabaseRefused, "{url}");
            assert!(refused.detail.en.contains(said), "{url}: {refused}");
        }

        // A whole node, whose every connection is so.
        let home = folder.path().join("node");
        token(&home, "one");
        let node = Node::start(&home, &right, &[]);
        let of_node = "FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'yingzhu'";
        assert!(count(&by_socket, &format!("SELECT count(*) {of_node} AND ssl")) > 0);
        assert_eq!(count(&by_socket, &format!("SELECT count(*) {of_node} AND NOT ssl")), 0);
        drop(node);
    }
}
