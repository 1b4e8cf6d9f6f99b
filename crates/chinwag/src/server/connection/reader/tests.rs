//! Tests of what comes from a person: turns, keys and lines that wait.

use super::*;
use crate::limits::MAX_LINE_BYTES;
use crate::protocol::telnet::negotiation::ECHO;
use whippet::net::TcpListener;

/// A connection's ends, and somebody who edits at the first: the keys of this line are already in.
async fn editing(line: &str) -> (TcpStream, TcpStream, Incoming, Option<Box<Terminal>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let mut incoming = Incoming::new(None, &address(), now());
    let mut terminal = None;
    incoming.decoder.keep(&[&b"/edit on\n\xff\xfd"[..], &[ECHO], line.as_bytes()].concat());
    while incoming.has_waiting() {
        hear(&mut incoming, &stream, &mut terminal);
    }
    incoming.decoder.steps().take();
    (stream, peer, incoming, terminal)
}

fn now() -> Instant {
    whippet::time::Instant::now().into_std()
}

/// What an address may do of which nobody came before.
fn address() -> AddressBudget {
    let address = "127.0.0.1".parse().unwrap();
    crate::server::address_limits::AddressBudgets::new(now()).admit(address, None, now()).unwrap()
}

/// One turn without limits, and a draw behind it.
fn hear(
    incoming: &mut Incoming,
    stream: &TcpStream,
    terminal: &mut Option<Box<Terminal>>,
) -> Option<Heard> {
    let (budget, lock) = (&address(), &Lock::new(None));
    let pace = Pace { rate: None, keys: None };
    let limits = Limits { pace, budget, lock, told_address: None };
    let heard = incoming.hear(stream, terminal, &limits, now());
    if let Some(terminal) = terminal {
        terminal.draw(&[], false);
        terminal.wrote(terminal.unwritten().len());
    }
    heard
}

/// Runs a test on this thread.
fn run_test<F: Future>(test: F) -> F::Output {
    let mut builder = whippet::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(test)
}

/// One read of the dearest keys: it is many turns, each of bounded work, and others are let in between.
#[test]
fn a_turn_ends_when_enough_was_done_and_loses_no_key() {
    run_test(async {
        let word = "\u{301}".repeat(MAX_LINE_BYTES / 2 - 1);
        let (stream, peer, mut incoming, mut terminal) = editing(&word).await;
        peer.writable().await.unwrap();
        let keys = "\x1bb\x05".repeat(READ_BUFFER / 3 - 1) + "\x15end\r";
        assert_eq!(peer.try_write(keys.as_bytes()).unwrap(), keys.len());
        stream.readable().await.unwrap();
        let (mut turns, mut said) = (0, 0);
        while let Some(heard) = hear(&mut incoming, &stream, &mut terminal) {
            // What is begun is ended: at most 16 bytes, and the draw that was due.
            let steps = incoming.decoder.steps().get();
            assert!(steps < MAX_STEPS_PER_POLL + 10_000, "{steps} steps");
            said += heard.inputs.len();
            turns += usize::from(incoming.ends_turn());
        }
        assert!(said == 1 && turns > 50, "{said} lines in {turns} turns");
    });
}

/// What follows a key that ends a line, in the same read, is not lost, whatever bytes the key has.
#[test]
fn no_key_is_lost_behind_one_that_ends_a_line() {
    run_test(async {
        for letter in b' '..=b'~' {
            let (stream, peer, mut incoming, mut terminal) = editing("").await;
            let letter = char::from(letter);
            let keys = format!("a\x1bO{letter}b\x1b[{letter}~c\x1b[A\x1b[B\x05end\r");
            peer.writable().await.unwrap();
            assert_eq!(peer.try_write(keys.as_bytes()).unwrap(), keys.len());
            stream.readable().await.unwrap();
            let mut lines = Vec::new();
            while let Some(heard) = hear(&mut incoming, &stream, &mut terminal) {
                lines.extend(heard.inputs.iter().map(|input| input.text.to_owned()));
            }
            let enters = if letter == 'M' { 3 } else { 1 };
            assert_eq!(lines.len(), enters, "{letter}: {lines:?}");
            assert!(lines[enters - 1].ends_with("end"), "{letter}: {lines:?}");
        }
    });
}

#[test]
fn a_stop_looks_at_keys_up_to_the_last_line_end() {
    run_test(async {
        let (stream, _peer, mut incoming, mut terminal) = editing("").await;
        incoming.decoder.keep(b"one\rtwo\nthree\x1bb\x05");
        incoming.drop_unfinished_keys();
        assert_eq!(incoming.decoder.waiting(), b"one\rtwo\n");
        while incoming.has_waiting() {
            hear(&mut incoming, &stream, &mut terminal);
        }
        incoming.decoder.keep(b"\x1bb\x05");
        incoming.drop_unfinished_keys();
        assert!(!incoming.has_waiting());
        incoming.decoder.keep(b"from the keypad\x1bOMthen not");
        incoming.drop_unfinished_keys();
        assert_eq!(incoming.decoder.waiting(), b"from the keypad\x1bOM");
    });
}

#[test]
fn only_what_stays_on_the_machine_crosses_no_network() {
    for (peer, crosses) in [
        ("127.0.0.1", false),
        ("127.9.9.9", false),
        ("::1", false),
        ("::ffff:127.0.0.1", false),
        ("192.168.1.7", true),
        ("2001:db8::1", true),
    ] {
        assert_eq!(crosses_a_network(peer.parse().unwrap()), crosses, "{peer}");
    }
}

/// What one connection may say and press in a test in which no time passes.
fn limits<'a>(budget: &'a AddressBudget, lock: &'a Lock, lines: u32) -> Limits<'a> {
    let interval = std::time::Duration::from_secs(3600);
    let connection = Allowance { burst: lines, interval };
    let pace = Pace { rate: Some(LineRate { connection, address: None }), keys: None };
    Limits { pace, budget, lock, told_address: None }
}

/// Nobody gets more Tabs, signs of life or junk than lines by sending lines first that must wait.
#[test]
fn what_costs_a_line_is_not_free_ahead_of_lines() {
    run_test(async {
        for dear in [&b"\t"[..], b"\xff\xf6", &b"\xff\xf1".repeat(200)] {
            let (stream, _peer, mut incoming, mut terminal) = editing("").await;
            let (budget, lock, start) = (address(), Lock::new(None), now());
            incoming.meter.budget = ConnectionBudget::new(None, &budget, start);
            let limits = limits(&budget, &lock, 3);
            incoming.decoder.keep(&b"line\r".repeat(10));
            let mut said = 0;
            let mut hear = |incoming: &mut Incoming, terminal: &mut Option<Box<Terminal>>| {
                let heard = incoming.hear(&stream, terminal, &limits, start).expect("it waits");
                let terminal = terminal.as_mut().expect("somebody edits");
                terminal.draw(&[], false);
                terminal.wrote(terminal.unwritten().len());
                terminal.forget_question();
                said += heard.inputs.len();
            };
            while incoming.has_waiting() {
                hear(&mut incoming, &mut terminal);
            }
            for _ in 0..10 {
                incoming.decoder.keep(dear);
            }
            let before = incoming.decoder.waiting().len();
            let pace = limits.pace;
            while incoming.has_waiting()
                && incoming.silent_until(terminal.as_deref(), pace, start).is_none()
            {
                hear(&mut incoming, &mut terminal);
            }
            assert_eq!(said, 3);
            let taken = before - incoming.decoder.waiting().len();
            assert!(
                taken <= READ_BUFFER && (dear.len() > 100 || taken <= dear.len()),
                "{taken} of {dear:?}"
            );
            let until = incoming.silent_until(terminal.as_deref(), pace, start);
            assert!(until.is_some_and(|until| until > start), "nothing more before it is paid for");
        }
    });
}
