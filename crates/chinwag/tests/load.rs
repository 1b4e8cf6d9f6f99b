//! `chinwag load` against servers that lose, double, swap, spoil and return lines, and against honest ones.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

/// How many clients connect, and how many lines each sends.
const CLIENTS: usize = 5;
const MESSAGES: usize = 6;

/// What the server does to one line, the third of the second client to connect, on its way to the first one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Drop,
    Double,
    /// Sends it after the next one.
    Swap,
    /// Changes a letter.
    Spoil,
    /// Sends it to its sender as well.
    Echo,
    /// Closes the connection in its place.
    Close,
}

/// A chat server that welcomes `CLIENTS` clients and passes their lines on with `prefix` before them.
struct FaultyServer {
    fault: Fault,
    prefix: &'static str,
    clients: Mutex<Vec<TcpStream>>,
    /// The line that waits for the next one of its sender.
    held: Mutex<Option<Vec<u8>>>,
}

#[expect(clippy::disallowed_methods, reason = "a server that has nothing to do with ours")]
fn serve(fault: Fault, prefix: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (clients, held) = (Mutex::default(), Mutex::default());
    let server = Arc::new(FaultyServer { fault, prefix, clients, held });
    std::thread::spawn(move || {
        for index in 0..CLIENTS {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"* welcome\n").unwrap();
            server.clients.lock().unwrap().push(stream.try_clone().unwrap());
            let server = Arc::clone(&server);
            std::thread::spawn(move || server.listen(index, stream));
        }
    });
    address
}

impl FaultyServer {
    fn listen(&self, sender: usize, stream: TcpStream) {
        for (number, line) in BufReader::new(stream).lines().map_while(Result::ok).enumerate() {
            let wire = format!("{}{line}\r\n", self.prefix).into_bytes();
            let clients = self.clients.lock().unwrap();
            for (receiver, stream) in clients.iter().enumerate() {
                let chosen = (sender, number, receiver) == (1, 2, 0);
                let back = self.fault == Fault::Echo && (sender, number) == (1, 2);
                if receiver != sender || back {
                    // A client that has left is no concern of this test.
                    let _ =
                        self.deliver(stream, wire.clone(), chosen, (sender, receiver) == (1, 0));
                }
            }
        }
    }

    fn deliver(
        &self,
        mut stream: &TcpStream,
        mut wire: Vec<u8>,
        chosen: bool,
        after: bool,
    ) -> std::io::Result<()> {
        match self.fault {
            Fault::Drop if chosen => return Ok(()),
            Fault::Double if chosen => stream.write_all(&wire)?,
            Fault::Swap if chosen => {
                *self.held.lock().unwrap() = Some(wire);
                return Ok(());
            }
            Fault::Spoil if chosen => {
                let last = wire.len() - 3;
                wire[last] ^= 1;
            }
            Fault::Close if chosen => stream.shutdown(std::net::Shutdown::Both)?,
            _ => {}
        }
        stream.write_all(&wire)?;
        if after && let Some(held) = self.held.lock().unwrap().take() {
            stream.write_all(&held)?;
        }
        Ok(())
    }
}

/// An IRC server for `CLIENTS` clients that must answer its ping and join the channel.
#[expect(clippy::disallowed_methods, reason = "a server that has nothing to do with ours")]
fn serve_irc() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let clients: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    std::thread::spawn(move || {
        for index in 0..CLIENTS {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b":irc NOTICE * :hello\r\nPING :cookie\r\n").unwrap();
            let clients = Arc::clone(&clients);
            std::thread::spawn(move || {
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                lines
                    .map_while(Result::ok)
                    .for_each(|line| handle_irc(index, &line, &stream, &clients));
            });
        }
    });
    address
}

/// Handles one line as an IRC server does.
fn handle_irc(index: usize, line: &str, mut stream: &TcpStream, clients: &Mutex<Vec<TcpStream>>) {
    match line.trim_end() {
        "PONG :cookie" => stream.write_all(b":irc 001 you :Welcome\r\n").unwrap(),
        "JOIN #load" => {
            let mut clients = clients.lock().unwrap();
            clients.push(stream.try_clone().unwrap());
            stream.write_all(b":irc 366 you #load :End of NAMES list\r\n").unwrap();
        }
        line if line.starts_with("PRIVMSG #load :") => {
            let address = stream.peer_addr().unwrap();
            for mut other in clients.lock().unwrap().iter() {
                if other.peer_addr().is_ok_and(|other| other != address) {
                    // A client that has left is no concern of this test.
                    let _ =
                        other.write_all(format!(":load{index}!~load@host {line}\r\n").as_bytes());
                }
            }
        }
        line => assert!(line.starts_with("NICK load") || line == "USER load 0 * :load", "{line}"),
    }
}

/// A chat server for `CLIENTS` clients that passes on what it reads as it is, and counts the most lines that one read had.
#[expect(clippy::disallowed_methods, reason = "a server that has nothing to do with ours")]
fn serve_counting_lines() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let clients: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    let most = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&most);
    std::thread::spawn(move || {
        for _ in 0..CLIENTS {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"* welcome\n").unwrap();
            clients.lock().unwrap().push(stream.try_clone().unwrap());
            let (clients, most) = (Arc::clone(&clients), Arc::clone(&counter));
            std::thread::spawn(move || {
                let own = stream.peer_addr().unwrap();
                let mut bytes = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut bytes) {
                    let lines = bytes[..length].iter().filter(|&&byte| byte == b'\n').count();
                    most.fetch_max(lines, Relaxed);
                    for mut other in clients.lock().unwrap().iter() {
                        if other.peer_addr().is_ok_and(|other| other != own) {
                            // A client that has left is no concern of this test.
                            let _ = other.write_all(&bytes[..length]);
                        }
                    }
                }
            });
        }
    });
    (address, most)
}

/// Runs `chinwag load` and gives its output.
fn load(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chinwag")).arg("load").args(arguments).output().unwrap()
}

/// Runs the burst workload, made small, against such a server.
fn load_faulty(fault: Fault, prefix: &'static str) -> (i32, String, String) {
    let address = serve(fault, prefix).to_string();
    let (clients, messages) = (CLIENTS.to_string(), MESSAGES.to_string());
    let numbers = ["--clients", &clients, "--messages", &messages, "--timeout", "2", "--json"];
    let output = load(&[&["--server", &address][..], &numbers].concat());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_server_started_for_the_run_passes_and_stops() {
    let output = load(&["--clients", "20", "--messages", "5", "--json"]);
    let json = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{json}");
    assert!(json.contains("\"deliveries\":1900,\"deliveries_expected\":1900,"), "{json}");
    assert!(json.contains("\"server_stop\":\"clean\""), "{json}");
}

#[test]
fn slow_readers_alone_are_disconnected() {
    let numbers = ["--clients", "20", "--frozen", "2", "--senders", "4", "--messages", "1500"];
    let output = load(&[&["--workload", "slow-readers", "--json"][..], &numbers].concat());
    let json = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{json}");
    assert!(json.contains("\"with_left_too_slow\":2,"), "{json}");
    assert!(json.contains("\"with_frozen_cut_off\":2,"), "{json}");
    assert!(json.contains("\"without_left_too_slow\":0,"), "{json}");
}

#[test]
fn all_who_connect_at_once_are_welcomed() {
    for workload in ["connect-storm", "idle"] {
        let output = load(&["--workload", workload, "--clients", "300", "--json"]);
        let json = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{json}");
        assert!(json.contains("\"welcomed\":300,\"welcomed_expected\":300,"), "{json}");
    }
}

#[test]
fn flood_single_puts_one_line_into_each_read() {
    let (address, most) = serve_counting_lines();
    let numbers = ["--clients", "5", "--messages", "200", "--timeout", "2", "--json"];
    let server = ["--server", &address.to_string(), "--workload", "flood-single"];
    let output = load(&[&server[..], &numbers].concat());
    let json = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{json}");
    assert!(json.contains("\"deliveries\":4000,\"deliveries_expected\":4000,"), "{json}");
    assert_eq!(most.load(Relaxed), 1);
}

#[test]
fn flood_single_ends_where_there_is_nobody_to_deliver_to() {
    let output = load(&["--workload", "flood-single", "--clients", "1", "--json"]);
    let json = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{json}");
}

#[test]
fn a_single_line_has_a_latency() {
    let output = load(&["--workload", "latency", "--messages", "20", "--json"]);
    let json = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{json}");
    assert!(json.contains("\"deliveries\":20,\"deliveries_expected\":20,"), "{json}");
    assert!(json.contains("\"latency_p50_ns\":"), "{json}");
}

#[test]
fn clients_connect_in_groups_and_again() {
    let output =
        load(&["--workload", "idle", "--clients", "20", "--group", "7", "--rounds", "2", "--json"]);
    let json = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{json}");
    assert!(json.contains("\"rounds\":2,\"welcomed\":40,\"welcomed_expected\":40,"), "{json}");
}

#[test]
fn any_prefix_before_a_line_is_accepted() {
    for prefix in ["", "alice: ", "[alice] ", "12:00 <alice> "] {
        let (code, json, failures) = load_faulty(Fault::None, prefix);
        assert_eq!((code, failures.as_str()), (0, ""), "{prefix:?}");
        let all = CLIENTS * (CLIENTS - 1) * MESSAGES;
        let deliveries = format!("\"deliveries\":{all},\"deliveries_expected\":{all},");
        assert!(json.contains(&deliveries), "{json}");
        assert!(json.contains("\"ok\":true"), "{json}");
    }
}

#[test]
fn lines_of_an_irc_server_are_checked() {
    let address = serve_irc().to_string();
    let numbers = ["--clients", "5", "--messages", "40", "--timeout", "2", "--json"];
    let output = load(&[&["--server", &address, "--irc"][..], &numbers].concat());
    let json = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{json}");
    assert!(json.contains("\"deliveries\":800,\"deliveries_expected\":800,"), "{json}");
}

/// Asserts that the fault is found: by the number in JSON and by the text on stderr.
#[track_caller]
fn assert_found(fault: Fault, fact: &str, text: &str) {
    let (code, json, failures) = load_faulty(fault, "alice: ");
    assert_eq!(code, 1, "{json}");
    assert!(json.contains(fact), "{fact}: {json}");
    assert!(json.contains("\"ok\":false"), "{json}");
    // The client that connected second to the server need not be number 1 of the run.
    let failures = failures.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(failures.contains(text), "{text}: {failures}");
}

#[test]
fn a_lost_line_is_missing() {
    assert_found(Fault::Drop, "\"missing\":1,", "wrong: 1 missing receiver sender");
}

#[test]
fn a_line_sent_twice_is_doubled() {
    assert_found(Fault::Double, "\"doubled\":1,", "doubled 2");
}

#[test]
fn a_line_sent_late_is_out_of_order() {
    assert_found(Fault::Swap, "\"out_of_order\":1,", "out of order 2");
}

#[test]
fn a_changed_line_is_garbled_and_missing() {
    assert_found(Fault::Spoil, "\"garbled\":1,", "wrong: 1 missing, 1 garbled");
}

#[test]
fn a_line_that_comes_back_is_echoed() {
    assert_found(Fault::Echo, "\"echoed\":1,", "echoed 2");
}

#[test]
fn a_connection_that_ends_is_lost() {
    // "closed by the server", or "lost: broken pipe" when a write of the client found it out before a read did.
    let text = "1 connection ";
    assert_found(Fault::Close, "\"connections_lost\":1,", text);
}

#[test]
fn a_server_that_is_not_there_is_reported_at_once() {
    // Nobody listens where nobody can.
    let output = load(&["--server", "127.0.0.1:1", "--clients", "2"]);
    assert_eq!(output.status.code(), Some(1));
    let failures = String::from_utf8(output.stderr).unwrap();
    assert!(failures.contains("2 connections not made: connection refused"), "{failures}");
}

#[test]
fn numbers_that_do_not_fit_together_are_a_usage_error() {
    let output = load(&["--clients", "3", "--senders", "4"]);
    assert_eq!(output.status.code(), Some(2));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(complaint, "chinwag load: 4 senders are more than the 3 who read\n");
}
