//! Keys without end, beside people who must not notice.

use crate::support::{TestClient, TestServer, run, within_deadline};
use chinwag::{Config, RateLimit};
use std::time::Duration;
use whippet::task::JoinHandle;

/// Letters that fill a line but for one, without a blank.
const LETTERS: usize = 4_095;

/// Somebody who edits in a window as wide as telnet can say.
async fn edits(server: &TestServer) -> TestClient {
    let mut person = server.join().await;
    person.send_line("/edit on").await;
    let asked = b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x1f";
    person.bytes_until("a request", |bytes| bytes.ends_with(asked)).await;
    let agreed = b"\xff\xfd\x01\xff\xfd\x03\xff\xfb\x1f";
    let window = b"\xff\xfa\x1f\xff\xff\xff\xff\x00\x18\xff\xf0";
    person.send(&[&agreed[..], window].concat()).await;
    person.bytes_until("a row", |bytes| bytes.ends_with(b"> \x1b[K")).await;
    person
}

/// Fills the line with letters that take no column, then goes to and fro in it for as long as the server takes keys. What comes
/// back is read.
fn endless_keys(person: TestClient, letter: &str) -> JoinHandle<()> {
    let letters = letter.repeat(LETTERS / letter.len());
    let line = format!("\x1b[200~{letters}\x1b[201~");
    let keys = "\x02\x06".repeat(2_048);
    whippet::spawn(async move {
        let mut next = line.as_bytes();
        let mut screen = vec![0; 64 * 1024];
        loop {
            let ready = whippet::net::Interest::READABLE | whippet::net::Interest::WRITABLE;
            let Ok(ready) = person.stream.ready(ready).await else { return };
            if ready.is_readable() && matches!(person.stream.try_read(&mut screen), Ok(0)) {
                return;
            }
            if ready.is_writable() {
                match person.stream.try_write(next) {
                    Ok(sent) => next = &next[sent..],
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(_) => return,
                }
            }
            if next.is_empty() {
                next = keys.as_bytes();
            }
        }
    })
}

/// Two people talk while two others press keys without end; then the server stops.
async fn talks_beside_endless_keys(config: Config) {
    let server = TestServer::with(config);
    let mut alice = server.join_as("alice").await;
    let mut bob = server.join_as("bob").await;
    let mut attacks = Vec::new();
    for letter in ["x", "\u{301}"] {
        attacks.push(endless_keys(edits(&server).await, letter));
    }
    bob.wait_for("* user-4 joined").await;
    for number in 0..80 {
        alice.send_line(&format!("line {number}")).await;
        bob.expect(&format!("alice: line {number}")).await;
    }
    server.stop().await;
    assert_eq!(bob.rest().await, ["* server is shutting down"]);
    for attack in attacks {
        within_deadline("the end of an attack", attack).await.expect("it does not panic");
    }
}

/// The default budget of keys; lines are not the matter here.
fn lines_unlimited() -> Config {
    Config { rate_limit: None, shutdown_timeout: Duration::from_secs(5), ..Config::default() }
}

#[test]
fn endless_keys_delay_no_user_and_no_shutdown() {
    run(talks_beside_endless_keys(lines_unlimited()));
}

#[test]
fn endless_keys_without_limits_hold_up_no_stop() {
    run(talks_beside_endless_keys(Config::default().without_limits()));
}

/// So many keys, and no more for as long as a test may take.
fn keys_for_now(burst: u32) -> Config {
    let keys = Some(RateLimit { burst, interval: Duration::from_secs(3600) });
    Config { key_rate_limit: keys, ..Config::default() }
}

#[test]
fn keys_past_the_budget_wait_and_all_else_goes_on() {
    run(async {
        let server = TestServer::with(keys_for_now(4));
        let mut alice = server.join_as("alice").await;
        let mut bob = edits(&server).await;
        alice.wait_for("* user-2 joined").await;
        // Letters that come together are one key; what does not come together is not.
        bob.send(b"one\r\x02\x02two\r").await;
        alice.expect("user-2: one").await;
        // Messages are still shown, above the keys that were handled.
        alice.send_line("hello").await;
        let ends = b"alice: hello\r\n#lobby user-2> \x1b[K";
        bob.bytes_until("a line", |bytes| bytes.ends_with(ends)).await;
        // And the disconnect is noticed, although the client is not read.
        bob.reset();
        alice.expect("* user-2 left (connection lost)").await;
    });
}

#[test]
fn a_stop_delivers_lines_that_wait_for_keys_and_no_more() {
    run(async {
        let server = TestServer::with(keys_for_now(4));
        let mut alice = server.join_as("alice").await;
        let mut bob = edits(&server).await;
        alice.wait_for("* user-2 joined").await;
        // A Ctrl-C at the start of a line would end the connection.
        bob.send(b"one\rtwo\rthree\r\x03").await;
        alice.expect("user-2: one").await;
        server.stop().await;
        let rest = ["user-2: two", "user-2: three", "* server is shutting down"];
        assert_eq!(alice.rest().await, rest);
        let shown = bob.rest_of_bytes().await;
        assert!(shown.ends_with(b"* server is shutting down\r\n\x1b[?2004l"), "{shown:?}");
    });
}
