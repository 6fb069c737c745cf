//! Requests byte by byte, for what a well-behaved client library would hide: who was answered whole, who was
//! cut, and who was never let in.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::site::DEADLINE;

/// What became of one request on a connection of its own.
#[derive(Debug)]
pub(crate) enum Came {
    /// A whole answer.
    Answer { status: u16, retry_after: bool },
    /// Nothing listens there.
    Closed,
    /// The connection was taken back before a byte of an answer.
    NotAccepted,
    /// An answer that breaks off.
    Cut,
}

/// A whole request that asks for the connection to be closed after it.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: t\r\nconnection: close\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend(format!("{name}: {value}\r\n").bytes());
    }
    bytes.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
    bytes.extend(body);
    bytes
}

pub(crate) fn connect(address: &str) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    // Only bounds a test that would otherwise hang.
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    Ok(stream)
}

/// Whether the other end of this connection, on this machine too, still has it.
pub(crate) fn is_held(stream: &TcpStream) -> bool {
    const ESTABLISHED: &str = "01";
    let port = |address: std::net::SocketAddr| format!(":{:04X}", address.port());
    let (here, there) = (port(stream.local_addr().unwrap()), port(stream.peer_addr().unwrap()));
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().any(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let ends = fields.next().is_some_and(|end| end.ends_with(&there))
            && fields.next().is_some_and(|end| end.ends_with(&here));
        ends && fields.next() == Some(ESTABLISHED)
    })
}

/// Sends a request on a new connection and reads its answer to the end.
pub(crate) fn exchange(address: &str, request: &[u8]) -> Came {
    let Ok(mut stream) = connect(address) else { return Came::Closed };
    // A server that answers early need not have read the rest.
    let _ = stream.write_all(request);
    read_answer(&mut stream)
}

/// Reads an answer to the end of the connection.
pub(crate) fn read_answer(stream: &mut TcpStream) -> Came {
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    if text.is_empty() {
        return Came::NotAccepted;
    }
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return Came::Cut };
    let head = head.to_ascii_lowercase();
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let whole = match header("content-length:") {
        Some(length) => length.parse() == Ok(body.len()),
        None => header("transfer-encoding:") == Some("chunked") && body.ends_with("0\r\n\r\n"),
    };
    if ended.is_err() || !whole {
        return Came::Cut;
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Came::Answer { status, retry_after: header("retry-after:").is_some() }
}
