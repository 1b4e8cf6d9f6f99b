//! Telnet: what is answered to commands of a client, and what keys do for a client that sends each of them.

use crate::support::{TestClient, TestServer, run};
use chinwag::Config;

/// Interpret as command.
const IAC: u8 = 255;
const WILL: u8 = 251;
const WONT: u8 = 252;
const DO: u8 = 253;
const DONT: u8 = 254;
const NAWS: u8 = 31;
const TTYPE: u8 = 24;

/// What a newcomer with a telnet is told.
const OFFER: &str = "* your telnet can edit lines here: /edit on\r\n";

/// What comes up to the answer to a question asked now, that excepted.
async fn answers(person: &mut TestClient) -> Vec<u8> {
    person.send_line("/nick").await;
    let end = b"! you are ";
    let is_end = |bytes: &[u8]| bytes.windows(end.len()).any(|window| window == end);
    let bytes =
        person.bytes_until("a refusal", |bytes| is_end(bytes) && bytes.ends_with(b"\r\n")).await;
    let at = bytes.windows(end.len()).position(|window| window == end).expect("it was seen");
    bytes[..at].to_vec()
}

#[test]
fn no_telnet_bytes_before_the_client_sends_some() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.connect().await;
        alice.send(b"/nick alice\n/who\n/help\n/me waves\nhello\n/color off\n/quit\n").await;
        let bytes = alice.rest_of_bytes().await;
        assert!(bytes.starts_with(b"* welcome") && bytes.is_ascii(), "{bytes:?}");
        assert!(!bytes.contains(&0x1b));
    });
}

#[test]
fn each_option_is_refused_once_and_editing_is_offered_once() {
    run(async {
        let server = TestServer::without_limits();
        let mut bob = server.join().await;
        // ECHO, SGA, LINEMODE, BINARY; first asked for, then offered, then both again, and what is so already.
        let options = [1, 3, 34, 0];
        let ask =
            |verb: u8| options.iter().flat_map(|&option| [IAC, verb, option]).collect::<Vec<_>>();
        bob.send(&[ask(DO), ask(WILL)].concat()).await;
        let expected = [ask(WONT), ask(DONT)].concat();
        let seen = answers(&mut bob).await;
        assert_eq!(&seen[..3], [IAC, WONT, 1]);
        let text: Vec<u8> = seen.windows(1).map(|byte| byte[0]).filter(u8::is_ascii).collect();
        assert!(String::from_utf8_lossy(&text).contains(OFFER), "{seen:?}");
        let offer = OFFER.as_bytes();
        let at = seen.windows(offer.len()).position(|window| window == offer).expect("an offer");
        assert_eq!([&seen[..at], &seen[at + offer.len()..]].concat(), expected);
        for _ in 0..3 {
            bob.send(&[ask(DO), ask(WILL), ask(WONT), ask(DONT)].concat()).await;
            assert_eq!(
                answers(&mut bob).await,
                b"",
                "no answer is answered, and nothing is offered again"
            );
        }
    });
}

#[test]
fn the_window_and_the_terminal_are_taken_when_offered() {
    run(async {
        let server = TestServer::without_limits();
        let mut bob = server.join().await;
        bob.send(&[IAC, WILL, NAWS, IAC, WILL, TTYPE]).await;
        let seen = answers(&mut bob).await;
        assert!(seen.starts_with(&[IAC, DO, NAWS]), "{seen:?}");
        assert!(seen.ends_with(&[IAC, DO, TTYPE, IAC, 250, TTYPE, 1, IAC, 240]), "{seen:?}");
        bob.send(&[IAC, 250, NAWS, 0, 80, 0, 24, IAC, 240]).await;
        bob.send(b"\xff\xfa\x18\x00dumb\xff\xf0").await;
        assert_eq!(answers(&mut bob).await, b"");
        bob.send_line("/edit on").await;
        bob.expect("! your terminal calls itself dumb: it cannot show an edited line").await;
    });
}

#[test]
fn a_question_whether_we_are_there_gets_one_visible_line() {
    run(async {
        let server = TestServer::without_limits();
        let mut bob = server.join().await;
        bob.send(b"he\xff\xf6llo").await;
        bob.expect("* chinwag is here").await;
        bob.send(b"\xff\xf6\xff\xf6\n").await;
        bob.expect("* chinwag is here").await;
        bob.expect("* chinwag is here").await;
        assert_eq!(answers(&mut bob).await, b"");
    });
}

#[test]
fn a_telnet_that_speaks_at_once_is_welcomed_first() {
    run(async {
        let server = TestServer::start();
        let mut bob = server.connect().await;
        bob.send(&[IAC, DO, 3, IAC, WILL, NAWS, IAC, 246]).await;
        bob.expect("* welcome to chinwag, you are user-1").await;
        bob.wait_until("/help", |line| line.contains("/help")).await;
        let rest = bob.bytes_until("a sign of life", |bytes| bytes.ends_with(b"is here\r\n")).await;
        assert!(rest.starts_with(&[IAC, WONT, 3]), "{rest:?}");
    });
}

#[test]
fn keys_that_end_it_at_the_start_of_a_line_do() {
    run(async {
        // What the one before said must not be told to the next.
        let config = Config { history_lines: 0, ..Config::default() };
        let server = TestServer::with(config);
        let mut alice = server.join_as("alice").await;
        for end in [&b"\x03"[..], b"\x04", b"half\x15\x04", b"\xff\xf4", b"\xff\xf4\xff\xfd\x06"] {
            let mut bob = server.join().await;
            alice.wait_until("a join", |line| line.ends_with(" joined")).await;
            bob.send(b"said\n").await;
            bob.send(end).await;
            let rest = bob.rest_of_bytes().await;
            assert_eq!(rest, b"* goodbye\r\n");
            alice.expect(&format!("{}: said", bob.nick)).await;
            alice.expect(&format!("* {} left", bob.nick)).await;
        }
        let mut bob = server.join().await;
        bob.send(b"not\x03 the \x04end\n").await;
        alice.wait_until("the message", |line| line.ends_with(": not the end")).await;
    });
}

#[test]
fn keys_that_erase_do_so_although_nobody_echoes() {
    run(async {
        let server = TestServer::start();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join().await;
        alice.wait_until("a join", |line| line.ends_with(" joined")).await;
        // A key a write, as a terminal in raw mode sends them.
        for key in "helo\x7flo w\u{f6}\u{65e5}\x08\x08rold\x17world\0\r".as_bytes() {
            bob.send(&[*key]).await;
        }
        alice.expect("user-2: hello world").await;
        bob.send(b"never mind\x15better\r\n").await;
        alice.expect("user-2: better").await;
    });
}

#[test]
fn colors_are_for_those_who_ask() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join_as("bob").await;
        alice.wait_for("* user-2 is now bob").await;
        bob.send_line("/color on").await;
        bob.expect("\u{1b}[36m* colors are on\u{1b}[0m").await;
        alice.send_line("hello \u{1b}[31mred").await;
        bob.expect("\u{1b}[1malice\u{1b}[0m: hello [31mred").await;
        bob.send_line("/nick").await;
        assert!(bob.next_line().await.starts_with("\u{1b}[33m! "));
        bob.send_line("/color off").await;
        bob.expect("* colors are off").await;
        alice.send_line("/me waves").await;
        bob.expect("~ alice waves").await;
        bob.send_line("so").await;
        alice.expect("bob: so").await;
    });
}
