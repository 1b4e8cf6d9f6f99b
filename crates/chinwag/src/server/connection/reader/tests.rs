//! Tests of the read half: steps, keys and queued lines.

use super::*;
use crate::limits::MAX_LINE_BYTES;
use crate::os::clock::now;
use crate::protocol::telnet::negotiation::ECHO;
use whippet::net::TcpListener;

/// A connection's ends, and a user who edits at the first: the keys of this line are already buffered.
async fn editing(line: &str) -> (TcpStream, TcpStream, Reader, Option<Box<Terminal>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let mut reader = Reader::new(None, &address(), now());
    let mut terminal = None;
    reader.decoder.buffer(&[&b"/edit on\n\xff\xfd"[..], &[ECHO], line.as_bytes()].concat());
    while reader.has_buffered() {
        hear(&mut reader, &stream, &mut terminal);
    }
    reader.decoder.steps().take();
    (stream, peer, reader, terminal)
}

/// The budget of an address that is new.
fn address() -> AddressBudget {
    let address = "127.0.0.1".parse().unwrap();
    crate::server::address_budgets::AddressBudgets::new(now()).admit(address, None, now()).unwrap()
}

/// One step without limits, and a draw after it.
fn hear(
    reader: &mut Reader,
    stream: &TcpStream,
    terminal: &mut Option<Box<Terminal>>,
) -> Option<ReadOutcome> {
    let (budget, oper_auth) = (&address(), &OperAuthenticator::new(None));
    let rates = RateLimits { lines: None, keys: None };
    let limits = Limits { rates, budget, oper_auth, proxied_address: None };
    let outcome = reader.read_commands(stream, terminal, &limits, now());
    if let Some(terminal) = terminal {
        terminal.draw(&[], false);
        terminal.wrote(terminal.unwritten().len());
    }
    outcome
}

/// Runs a test on this thread.
fn run_test<F: Future>(test: F) -> F::Output {
    let mut builder = whippet::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(test)
}

/// One read of the most expensive keys: it is many steps, each of bounded work, and other tasks run in between.
#[test]
fn a_step_ends_when_enough_was_done_and_loses_no_key() {
    run_test(async {
        let word = "\u{301}".repeat(MAX_LINE_BYTES / 2 - 1);
        let (stream, peer, mut reader, mut terminal) = editing(&word).await;
        peer.writable().await.unwrap();
        let keys = "\x1bb\x05".repeat(READ_BUFFER / 3 - 1) + "\x15end\r";
        assert_eq!(peer.try_write(keys.as_bytes()).unwrap(), keys.len());
        stream.readable().await.unwrap();
        let (mut turns, mut said) = (0, 0);
        while let Some(outcome) = hear(&mut reader, &stream, &mut terminal) {
            // What is begun is ended: at most 16 bytes, and the draw that was due.
            let steps = reader.decoder.steps().get();
            assert!(steps < MAX_STEPS_PER_POLL + 10_000, "{steps} steps");
            said += outcome.commands.len();
            turns += usize::from(reader.take_should_yield());
        }
        assert!(said == 1 && turns > 50, "{said} lines in {turns} turns");
    });
}

/// What follows a key that ends a line, in the same read, is not lost, whatever bytes the key has.
#[test]
fn no_key_is_lost_behind_one_that_ends_a_line() {
    run_test(async {
        for letter in b' '..=b'~' {
            let (stream, peer, mut reader, mut terminal) = editing("").await;
            let letter = char::from(letter);
            let keys = format!("a\x1bO{letter}b\x1b[{letter}~c\x1b[A\x1b[B\x05end\r");
            peer.writable().await.unwrap();
            assert_eq!(peer.try_write(keys.as_bytes()).unwrap(), keys.len());
            stream.readable().await.unwrap();
            let mut lines = Vec::new();
            while let Some(outcome) = hear(&mut reader, &stream, &mut terminal) {
                lines.extend(outcome.commands.iter().map(|input| input.text.to_owned()));
            }
            let enters = if letter == 'M' { 3 } else { 1 };
            assert_eq!(lines.len(), enters, "{letter}: {lines:?}");
            assert!(lines[enters - 1].ends_with("end"), "{letter}: {lines:?}");
        }
    });
}

#[test]
fn a_shutdown_handles_keys_up_to_the_last_line_end() {
    run_test(async {
        let (stream, _peer, mut reader, mut terminal) = editing("").await;
        reader.decoder.buffer(b"one\rtwo\nthree\x1bb\x05");
        reader.drop_unfinished_keys();
        assert_eq!(reader.decoder.buffered(), b"one\rtwo\n");
        while reader.has_buffered() {
            hear(&mut reader, &stream, &mut terminal);
        }
        reader.decoder.buffer(b"\x1bb\x05");
        reader.drop_unfinished_keys();
        assert!(!reader.has_buffered());
        reader.decoder.buffer(b"from the keypad\x1bOMthen not");
        reader.drop_unfinished_keys();
        assert_eq!(reader.decoder.buffered(), b"from the keypad\x1bOM");
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

/// What one connection may send in a test in which no time passes.
fn limits<'a>(
    budget: &'a AddressBudget,
    oper_auth: &'a OperAuthenticator,
    lines: u32,
) -> Limits<'a> {
    let interval = std::time::Duration::from_secs(3600);
    let connection = RateLimit { burst: lines, interval };
    let rates = RateLimits {
        lines: Some(LineRateLimit { connection, address_multiplier: None }),
        keys: None,
    };
    Limits { rates, budget, oper_auth, proxied_address: None }
}

/// No client gets more Tabs, signs of life or junk than lines by sending lines first that must wait.
#[test]
fn what_costs_a_line_is_not_free_ahead_of_lines() {
    run_test(async {
        for dear in [&b"\t"[..], b"\xff\xf6", &b"\xff\xf1".repeat(200)] {
            let (stream, _peer, mut reader, mut terminal) = editing("").await;
            let (budget, oper_auth, start) = (address(), OperAuthenticator::new(None), now());
            reader.throttle.budget = ConnectionBudget::new(None, &budget, start);
            let limits = limits(&budget, &oper_auth, 3);
            reader.decoder.buffer(&b"line\r".repeat(10));
            let mut said = 0;
            let mut hear = |reader: &mut Reader, terminal: &mut Option<Box<Terminal>>| {
                let outcome =
                    reader.read_commands(&stream, terminal, &limits, start).expect("it waits");
                let terminal = terminal.as_mut().expect("somebody edits");
                terminal.draw(&[], false);
                terminal.wrote(terminal.unwritten().len());
                terminal.cancel_completion();
                said += outcome.commands.len();
            };
            while reader.has_buffered() {
                hear(&mut reader, &mut terminal);
            }
            for _ in 0..10 {
                reader.decoder.buffer(dear);
            }
            let before = reader.decoder.buffered().len();
            let rates = limits.rates;
            while reader.has_buffered()
                && reader.throttled_until(terminal.as_deref(), rates, start).is_none()
            {
                hear(&mut reader, &mut terminal);
            }
            assert_eq!(said, 3);
            let taken = before - reader.decoder.buffered().len();
            assert!(
                taken <= READ_BUFFER && (dear.len() > 100 || taken <= dear.len()),
                "{taken} of {dear:?}"
            );
            let until = reader.throttled_until(terminal.as_deref(), rates, start);
            assert!(until.is_some_and(|until| until > start), "nothing more before it is paid for");
        }
    });
}
