//! Many callers at once, callers that send slowly, and callers that stop reading: the others are served, and
//! nobody keeps what is not theirs.

use std::io::Write;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::site::{Site, question, until};
use super::wire::{Came, connect, exchange, is_held, read_answer, request};

const JSON: (&str, &str) = ("content-type", "application/json");

fn lookup(site: &Site, number: usize) -> Vec<u8> {
    let headers = [("authorization", site.tokens[0].as_str()), JSON];
    request("POST", "/v1/eligibility/lookups", &headers, &question(number))
}

#[test]
fn a_thousand_callers_at_once_are_answered_or_told_to_come_back() {
    const CALLERS: usize = 1_000;
    let site = Site::open();
    let node = site.node(0);
    site.enrol(&node, 50);
    let (at_once, idle) = (Barrier::new(CALLERS), node.memory("VmRSS"));
    let (told, most_rounds) = (AtomicU64::new(0), AtomicU64::new(0));
    let since = Instant::now();
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (site, node, at_once, told, most_rounds) = (&site, &node, &at_once, &told, &most_rounds);
            let call = move || {
                let asked = lookup(site, caller % 50);
                let mut stream = connect(&node.address).unwrap();
                at_once.wait();
                stream.write_all(&asked).unwrap();
                let mut came = read_answer(&mut stream);
                for round in 1_u64.. {
                    most_rounds.fetch_max(round, Ordering::Relaxed);
                    match came {
                        Came::Answer { status: 200, .. } => return,
                        Came::Answer { status: 503, retry_after: true } => {
                            told.fetch_add(1, Ordering::Relaxed);
                            // As told, and not all in the same moment.
                            std::thread::sleep(Duration::from_millis(2_000 + u64::try_from(caller).unwrap()));
                            came = exchange(&node.address, &asked);
                        }
                        other => panic!("{other:?}"),
                    }
                    assert!(round < 100, "never answered");
                }
            };
            std::thread::Builder::new().stack_size(256 << 10).spawn_scoped(scope, call).unwrap();
        }
    });
    let (took, peak) = (since.elapsed(), node.memory("VmHWM"));
    assert_eq!(site.look_up(&node, 1).status, 200);
    crate::figure!(
        "{CALLERS} callers at once, 4 connections: all answered after {} ms; told to come back {} times, nobody more \
         than {} times; memory {} MiB before, {} MiB at its peak",
        took.as_millis(),
        told.into_inner(),
        most_rounds.into_inner() - 1,
        idle / 1024,
        peak / 1024
    );
}

#[test]
fn callers_that_send_slowly_are_sent_away_and_the_others_served_meanwhile() {
    const SLOW: usize = 300;
    let site = Site::open();
    let node = site.node_with(0, &["--body-grace-seconds", "1"]);
    site.enrol(&node, 5);
    let whole = lookup(&site, 1);
    let part = &whole[..whole.len() - 10];
    let mut slow: Vec<_> = (0..SLOW).map(|_| connect(&node.address).unwrap()).collect();
    for stream in &mut slow {
        stream.write_all(part).unwrap();
    }
    assert_eq!(site.look_up(&node, 1).status, 200);
    for stream in &mut slow {
        let came = read_answer(stream);
        assert!(matches!(came, Came::Answer { status: 408, .. }), "{came:?}");
    }
    until("their connections are gone", || !slow.iter().any(is_held));
}

/// Sends a byte now and then until the other end hangs up or answers, and takes the answer.
fn trickle(stream: &mut std::net::TcpStream, bytes: &[u8]) -> Came {
    for byte in bytes {
        let answered = stream.set_nonblocking(true).is_ok() && matches!(stream.peek(&mut [0]), Ok(1));
        stream.set_nonblocking(false).unwrap();
        if answered || stream.write_all(&[*byte]).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    read_answer(stream)
}

#[test]
fn callers_that_send_slowly_but_steadily_are_sent_away_whatever_they_send() {
    const SLOW: usize = 20;
    let site = Site::open();
    let node = site.node_with(0, &["--body-grace-seconds", "1"]);
    site.enrol(&node, 5);
    let whole = lookup(&site, 1);
    let body = whole.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    // Spaces before a value are JSON; there is always one byte more to come, and never enough of them.
    let endless = [whole[..body].to_vec(), vec![b' '; whole.len() - body]].concat();
    let came: Vec<Came> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..SLOW)
            .map(|caller| {
                let (node, endless) = (&node, &endless);
                scope.spawn(move || {
                    let mut stream = connect(&node.address).unwrap();
                    // Half of them have sent the head at once, the others not even that.
                    let at_once = if caller % 2 == 0 { body } else { 0 };
                    stream.write_all(&endless[..at_once]).unwrap();
                    trickle(&mut stream, &endless[at_once..].repeat(200))
                })
            })
            .collect();
        assert_eq!(site.look_up(&node, 1).status, 200);
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    for came in came {
        assert!(matches!(came, Came::Answer { status: 408, .. }), "{came:?}");
    }
}

#[test]
fn callers_that_read_slowly_but_steadily_are_dropped() {
    use rustix::net::{AddressFamily, SocketType, connect, socket, sockopt};
    let site = Site::open();
    // Nobody takes ten megabytes a second by sixteen bytes at a time.
    let node = site.node_with(0, &["--body-grace-seconds", "1", "--body-min-rate", "10000000"]);
    site.enrol(&node, 50);
    let lines: Vec<u8> = (0..1_000).flat_map(|n| [question(n % 50), b"\n".to_vec()].concat()).collect();
    let headers = [("authorization", site.tokens[0].as_str()), ("content-type", "application/x-ndjson")];
    let asked = request("POST", "/v1/eligibility/lookups", &headers, &lines);
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    // What the system keeps for the caller is small, so that the caller's pace is felt.
    sockopt::set_socket_recv_buffer_size(&socket, 4_096).unwrap();
    connect(&socket, &node.address.parse::<std::net::SocketAddr>().unwrap()).unwrap();
    let mut stream = std::net::TcpStream::from(socket);
    let mut sender = stream.try_clone().unwrap();
    let taken = std::thread::scope(|scope| {
        // Ends when the server hangs up, if it has not taken it all by then.
        scope.spawn(move || {
            let _ = sender.write_all(&asked);
        });
        let (mut taken, mut some) = (0, [0; 16]);
        while let Ok(read @ 1..) = std::io::Read::read(&mut stream, &mut some) {
            taken += read;
            std::thread::sleep(Duration::from_millis(1));
        }
        taken
    });
    assert!(taken > 0 && taken < 1_000 * 5_000, "{taken} bytes of some ten million");
    until("it was told in the log", || node.said().contains("event=answer_taken_too_slowly"));
    assert_eq!(site.look_up(&node, 1).status, 200);
}

#[test]
fn callers_that_stop_reading_are_dropped_and_hold_nothing() {
    const STALLED: usize = 6;
    let site = Site::open();
    // With one connection to the database, whoever held it would keep everybody out.
    let node = site.node_with(0, &["--unread-seconds", "1", "--pool-size", "1"]);
    site.enrol(&node, 50);
    let idle = node.memory("VmRSS");
    let lines: Vec<u8> = (0..4_000).flat_map(|n| [question(n % 50), b"\n".to_vec()].concat()).collect();
    let headers = [("authorization", site.tokens[0].as_str()), ("content-type", "application/x-ndjson")];
    let asked = request("POST", "/v1/eligibility/lookups", &headers, &lines);
    let stalled: Vec<_> = (0..STALLED).map(|_| connect(&node.address).unwrap()).collect();
    let (peak, others) = std::thread::scope(|scope| {
        for stream in &stalled {
            let asked = &asked;
            // The server takes no more of the questions than it can answer: this ends when it hangs up.
            scope.spawn(move || {
                let mut stream = stream;
                let _ = stream.write_all(asked);
            });
        }
        for stream in &stalled {
            // Something has come; it stays where it is.
            assert!(stream.peek(&mut [0]).unwrap() > 0);
        }
        assert!(stalled.iter().any(is_held));
        let (mut peak, mut others) = (0, 0);
        until("they are dropped", || {
            // Not a byte is read of their answers, and yet others are answered.
            let came = exchange(&node.address, &lookup(&site, 1));
            match came {
                Came::Answer { status: 200, .. } => others += 1,
                Came::Answer { status: 503, retry_after: true } => {}
                other => panic!("{other:?}"),
            }
            peak = peak.max(node.memory("VmRSS"));
            !stalled.iter().any(is_held)
        });
        (peak, others)
    });
    assert!(others > 0);
    assert!(peak < idle + (96 << 10), "{idle} KiB before, {peak} KiB while nobody read");
    assert_eq!(site.look_up(&node, 1).status, 200);
    crate::figure!(
        "{STALLED} callers who asked 4,000 lookups each and read nothing: all dropped, {others} others answered \
         meanwhile; memory {} MiB before, {} MiB at most",
        idle / 1024,
        peak / 1024
    );
}
