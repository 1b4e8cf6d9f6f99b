//! `chinwag load` against servers that lose, double, swap, spoil and return lines, and against honest ones.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

/// How many people come, and how many lines each sends.
const CLIENTS: usize = 5;
const MESSAGES: usize = 6;

/// What the server does to one line, the third of the second person to come, on its way to the first one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mischief {
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

/// A chat server that greets `CLIENTS` people and passes their lines on with `prefix` before them.
struct Room {
    mischief: Mischief,
    prefix: &'static str,
    people: Mutex<Vec<TcpStream>>,
    /// The line that waits for the next one of its sender.
    held: Mutex<Option<Vec<u8>>>,
}

#[expect(clippy::disallowed_methods, reason = "a server that has nothing to do with ours")]
fn serve(mischief: Mischief, prefix: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (people, held) = (Mutex::default(), Mutex::default());
    let room = Arc::new(Room { mischief, prefix, people, held });
    std::thread::spawn(move || {
        for index in 0..CLIENTS {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"* welcome\n").unwrap();
            room.people.lock().unwrap().push(stream.try_clone().unwrap());
            let room = Arc::clone(&room);
            std::thread::spawn(move || room.listen(index, stream));
        }
    });
    address
}

impl Room {
    fn listen(&self, sender: usize, stream: TcpStream) {
        for (number, line) in BufReader::new(stream).lines().map_while(Result::ok).enumerate() {
            let wire = format!("{}{line}\r\n", self.prefix).into_bytes();
            let people = self.people.lock().unwrap();
            for (receiver, stream) in people.iter().enumerate() {
                let chosen = (sender, number, receiver) == (1, 2, 0);
                let back = self.mischief == Mischief::Echo && (sender, number) == (1, 2);
                if receiver != sender || back {
                    // Somebody who left is no concern of this test.
                    let _ =
                        self.pass_on(stream, wire.clone(), chosen, (sender, receiver) == (1, 0));
                }
            }
        }
    }

    fn pass_on(
        &self,
        mut stream: &TcpStream,
        mut wire: Vec<u8>,
        chosen: bool,
        after: bool,
    ) -> std::io::Result<()> {
        match self.mischief {
            Mischief::Drop if chosen => return Ok(()),
            Mischief::Double if chosen => stream.write_all(&wire)?,
            Mischief::Swap if chosen => {
                *self.held.lock().unwrap() = Some(wire);
                return Ok(());
            }
            Mischief::Spoil if chosen => {
                let last = wire.len() - 3;
                wire[last] ^= 1;
            }
            Mischief::Close if chosen => stream.shutdown(std::net::Shutdown::Both)?,
            _ => {}
        }
        stream.write_all(&wire)?;
        if after && let Some(held) = self.held.lock().unwrap().take() {
            stream.write_all(&held)?;
        }
        Ok(())
    }
}

/// An IRC server for `CLIENTS` people that lets nobody in who does not answer its ping and join the channel.
#[expect(clippy::disallowed_methods, reason = "a server that has nothing to do with ours")]
fn serve_irc() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let people: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    std::thread::spawn(move || {
        for index in 0..CLIENTS {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b":irc NOTICE * :hello\r\nPING :cookie\r\n").unwrap();
            let people = Arc::clone(&people);
            std::thread::spawn(move || {
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                lines.map_while(Result::ok).for_each(|line| obey(index, &line, &stream, &people));
            });
        }
    });
    address
}

/// Does what one line asks an IRC server for.
fn obey(index: usize, line: &str, mut stream: &TcpStream, people: &Mutex<Vec<TcpStream>>) {
    match line.trim_end() {
        "PONG :cookie" => stream.write_all(b":irc 001 you :Welcome\r\n").unwrap(),
        "JOIN #load" => {
            let mut people = people.lock().unwrap();
            people.push(stream.try_clone().unwrap());
            stream.write_all(b":irc 366 you #load :End of NAMES list\r\n").unwrap();
        }
        line if line.starts_with("PRIVMSG #load :") => {
            let address = stream.peer_addr().unwrap();
            for mut other in people.lock().unwrap().iter() {
                if other.peer_addr().is_ok_and(|other| other != address) {
                    // Somebody who left is no concern of this test.
                    let _ =
                        other.write_all(format!(":load{index}!~load@host {line}\r\n").as_bytes());
                }
            }
        }
        line => assert!(line.starts_with("NICK load") || line == "USER load 0 * :load", "{line}"),
    }
}

/// Runs `chinwag load` and gives its output.
fn load(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chinwag")).arg("load").args(arguments).output().unwrap()
}

/// Runs the seed workload, made small, against such a server.
fn load_room(mischief: Mischief, prefix: &'static str) -> (i32, String, String) {
    let address = serve(mischief, prefix).to_string();
    let (clients, messages) = (CLIENTS.to_string(), MESSAGES.to_string());
    let numbers = ["--clients", &clients, "--messages", &messages, "--timeout", "2", "--json"];
    let output = load(&[&["--server", &address][..], &numbers].concat());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn our_own_server_passes_and_ends_cleanly() {
    let output = load(&["--clients", "20", "--messages", "5", "--json"]);
    let json = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{json}");
    assert!(json.contains("\"deliveries\":1900,\"deliveries_expected\":1900,"), "{json}");
    assert!(json.contains("\"server_stop\":\"clean\""), "{json}");
}

#[test]
fn our_own_server_cuts_those_who_never_read_and_nobody_else() {
    let numbers = ["--clients", "20", "--frozen", "2", "--senders", "4", "--messages", "1500"];
    let output = load(&[&["--workload", "frozen", "--json"][..], &numbers].concat());
    let json = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{json}");
    assert!(json.contains("\"with_left_too_slow\":2,"), "{json}");
    assert!(json.contains("\"with_frozen_cut_off\":2,"), "{json}");
    assert!(json.contains("\"without_left_too_slow\":0,"), "{json}");
}

#[test]
fn our_own_server_welcomes_a_storm() {
    for workload in ["storm", "idle"] {
        let output = load(&["--workload", workload, "--clients", "300", "--json"]);
        let json = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{json}");
        assert!(json.contains("\"welcomed\":300,\"welcomed_expected\":300,"), "{json}");
    }
}

#[test]
fn a_lone_line_has_a_latency() {
    let output = load(&["--workload", "lone", "--messages", "20", "--json"]);
    let json = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{json}");
    assert!(json.contains("\"deliveries\":20,\"deliveries_expected\":20,"), "{json}");
    assert!(json.contains("\"latency_p50_ns\":"), "{json}");
}

#[test]
fn people_come_in_groups_and_come_again() {
    let output =
        load(&["--workload", "idle", "--clients", "20", "--group", "7", "--rounds", "2", "--json"]);
    let json = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{json}");
    assert!(json.contains("\"rounds\":2,\"welcomed\":40,\"welcomed_expected\":40,"), "{json}");
}

#[test]
fn an_honest_server_passes_whatever_it_puts_before_a_line() {
    for prefix in ["", "alice: ", "[alice] ", "12:00 <alice> "] {
        let (code, json, complaints) = load_room(Mischief::None, prefix);
        assert_eq!((code, complaints.as_str()), (0, ""), "{prefix:?}");
        let all = CLIENTS * (CLIENTS - 1) * MESSAGES;
        let deliveries = format!("\"deliveries\":{all},\"deliveries_expected\":{all},");
        assert!(json.contains(&deliveries), "{json}");
        assert!(json.contains("\"ok\":true"), "{json}");
    }
}

#[test]
fn an_irc_server_gets_what_it_wants_and_its_lines_are_checked() {
    let address = serve_irc().to_string();
    let numbers = ["--clients", "5", "--messages", "40", "--timeout", "2", "--json"];
    let output = load(&[&["--server", &address, "--irc"][..], &numbers].concat());
    let json = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{json}");
    assert!(json.contains("\"deliveries\":800,\"deliveries_expected\":800,"), "{json}");
}

/// Asserts that the server is found out: by the number in JSON and by the words for people.
#[track_caller]
fn assert_found(mischief: Mischief, fact: &str, words: &str) {
    let (code, json, complaints) = load_room(mischief, "alice: ");
    assert_eq!(code, 1, "{json}");
    assert!(json.contains(fact), "{fact}: {json}");
    assert!(json.contains("\"ok\":false"), "{json}");
    // The client that came second to the server need not be our number 1.
    let complaints = complaints.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(complaints.contains(words), "{words}: {complaints}");
}

#[test]
fn a_lost_line_is_missing() {
    assert_found(Mischief::Drop, "\"missing\":1,", "wrong: 1 missing receiver sender");
}

#[test]
fn a_line_sent_twice_is_doubled() {
    assert_found(Mischief::Double, "\"doubled\":1,", "doubled 2");
}

#[test]
fn a_line_sent_late_is_out_of_order() {
    assert_found(Mischief::Swap, "\"out_of_order\":1,", "out of order 2");
}

#[test]
fn a_changed_line_is_garbled_and_missing() {
    assert_found(Mischief::Spoil, "\"garbled\":1,", "wrong: 1 missing, 1 garbled");
}

#[test]
fn a_line_that_comes_back_is_echoed() {
    assert_found(Mischief::Echo, "\"echoed\":1,", "echoed 2");
}

#[test]
fn a_connection_that_ends_is_lost() {
    // "closed by the server", or "lost: broken pipe" when a line of his found it out before a read did.
    let words = "1 connection ";
    assert_found(Mischief::Close, "\"connections_lost\":1,", words);
}

#[test]
fn a_server_that_is_not_there_is_told_and_not_waited_for() {
    // Nobody listens where nobody can.
    let output = load(&["--server", "127.0.0.1:1", "--clients", "2"]);
    assert_eq!(output.status.code(), Some(1));
    let complaints = String::from_utf8(output.stderr).unwrap();
    assert!(complaints.contains("2 connections not made: connection refused"), "{complaints}");
}

#[test]
fn numbers_that_do_not_fit_together_are_a_usage_error() {
    let output = load(&["--clients", "3", "--senders", "4"]);
    assert_eq!(output.status.code(), Some(2));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(complaint, "chinwag load: 4 senders are more than the 3 who read\n");
}
