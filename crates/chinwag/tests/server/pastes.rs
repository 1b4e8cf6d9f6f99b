//! Lines that come faster than one may speak, from an editor: pastes, what is shown of them, and how they are dropped.

use crate::editing::Window;
use crate::support::{TestClient, TestServer, run};
use chinwag::{Config, RateLimit};
use std::time::Duration;

/// So many lines, and no more for as long as a test may take.
fn lines_for_now(burst: u32) -> Config {
    let rate_limit = Some(RateLimit { burst, interval: Duration::from_secs(3600) });
    Config { rate_limit, key_rate_limit: None, ..Config::default() }
}

/// So many lines, each with this end.
fn lines(count: usize, end: &str) -> String {
    (1..=count).map(|number| format!("line {number}{end}")).collect()
}

/// Whether the last row asks about a paste, as far as there is room for it.
fn is_asked(rows: &[String]) -> bool {
    rows.last()
        .is_some_and(|row| row.starts_with("> paste ") && row.contains(" lines? Enter sends"))
}

/// What was dropped, as the screen says it.
async fn dropped(bob: &mut Window) -> usize {
    let is_told = |row: &String| row.starts_with("* dropped ") && row.ends_with(" lines");
    let rows = bob.until("what was dropped", |rows| rows.iter().any(is_told)).await;
    let row = rows.iter().rfind(|row| is_told(row)).expect("it is there");
    row.split(' ').nth(2).and_then(|count| count.parse().ok()).expect("a number")
}

/// Somebody reads so many lines of another, and then nothing for as long as they are asked.
async fn reads(alice: &mut TestClient, count: usize) {
    for number in 1..=count {
        alice.expect(&format!("user-2: line {number}")).await;
    }
}

#[test]
fn an_interrupt_drops_the_rest_of_a_paste() {
    run(async {
        let server = TestServer::with(lines_for_now(30));
        let mut alice = server.join_as("alice").await;
        let mut bob = Window::open(&server).await;
        alice.wait_for("* user-2 joined").await;
        bob.press(&format!("\x1b[200~{}\x1b[201~", lines(200, "\r"))).await;
        bob.until("a question", is_asked).await;
        bob.press("\r").await;
        reads(&mut alice, 29).await;
        // What was said is on the screen, and nothing else is.
        bob.until("the last that was said", |rows| rows.iter().any(|row| row == "> line 29")).await;
        bob.press("\x03").await;
        assert_eq!(dropped(&mut bob).await, 171);
        assert!(!bob.shows("> line 30"));
        bob.press("\x03").await;
        alice.expect("* user-2 left").await;
    });
}

/// A terminal that does not mark a paste sends it as if it were typed.
#[test]
fn an_interrupt_drops_lines_that_came_as_keys() {
    run(async {
        let server = TestServer::with(lines_for_now(30));
        let mut alice = server.join_as("alice").await;
        let mut bob = Window::open(&server).await;
        alice.wait_for("* user-2 joined").await;
        bob.press(&lines(200, "\r")).await;
        bob.press("half\x03").await;
        assert_eq!(dropped(&mut bob).await, 171);
        reads(&mut alice, 29).await;
        bob.until_row(">").await;
        server.stop().await;
        assert_eq!(alice.rest().await, ["* server is shutting down"], "nothing else was said");
    });
}

#[test]
fn lines_that_wait_are_said_before_an_end() {
    run(async {
        for by_key in [true, false] {
            let interval = Duration::from_millis(10);
            let rate_limit = Some(RateLimit { burst: 5, interval });
            let server =
                TestServer::with(Config { rate_limit, key_rate_limit: None, ..Config::default() });
            let mut alice = server.join().await;
            let mut bob = Window::open(&server).await;
            alice.wait_for("* user-2 joined").await;
            bob.press(&lines(40, "\r")).await;
            if by_key {
                bob.press("\x04").await;
            } else {
                bob.person().end();
            }
            reads(&mut alice, 40).await;
            alice.expect("* user-2 left").await;
        }
    });
}

#[test]
fn a_stop_says_lines_that_wait_and_no_unanswered_paste() {
    run(async {
        let server = TestServer::with(lines_for_now(3));
        let mut alice = server.join().await;
        let mut bob = Window::open(&server).await;
        alice.wait_for("* user-2 joined").await;
        bob.press(&lines(20, "\r")).await;
        bob.press(&format!("\x1b[200~{}\x1b[201~", lines(9, "\r"))).await;
        bob.until("a question", is_asked).await;
        reads(&mut alice, 2).await;
        server.stop().await;
        let rest: Vec<_> = (3..=20).map(|number| format!("user-2: line {number}")).collect();
        let told = alice.rest().await;
        assert_eq!((&told[..18], told[18].as_str()), (&rest[..], "* server is shutting down"));
    });
}

/// Telnet's own command for it does what the key does.
#[test]
fn an_interrupt_of_telnet_drops_lines_and_then_ends() {
    run(async {
        let server = TestServer::with(lines_for_now(3));
        let mut alice = server.join().await;
        let mut bob = Window::open(&server).await;
        alice.wait_for("* user-2 joined").await;
        bob.press(&lines(12, "\r")).await;
        bob.person().send(b"\xff\xf4").await;
        assert_eq!(dropped(&mut bob).await, 10);
        bob.person().send(b"\xff\xf4").await;
        reads(&mut alice, 2).await;
        alice.expect("* user-2 left").await;
    });
}

/// The seconds of a day that a line is stamped with.
fn stamped(line: &str, rest: &str) -> u32 {
    let (stamp, said) = line.split_once(' ').expect("a stamp");
    assert_eq!(said, rest);
    let parts: Vec<u32> = stamp.split(':').map(|part| part.parse().expect("digits")).collect();
    parts[0] * 3600 + parts[1] * 60 + parts[2]
}

#[test]
fn times_are_by_ones_own_clock() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join_as("bob").await;
        alice.wait_for("* user-2 is now bob").await;
        let ahead = |told: &str, utc: &str, rest: &str| {
            (86_400 + stamped(told, rest) - stamped(utc, rest)) % 86_400
        };
        alice.send_line("/time on").await;
        bob.send_line("/time -03:30").await;
        assert!(alice.next_line().await.contains("the time in UTC stands before"));
        assert!(bob.next_line().await.contains("the time in UTC-03:30 stands before"));
        let mut cy = server.join_as("cy").await;
        for told in ["* user-3 joined", "* user-3 is now cy"] {
            assert_eq!(
                ahead(&bob.next_line().await, &alice.next_line().await, told),
                86_400 - 12_600
            );
        }
        cy.send_line("10:00:00 hi").await;
        let (here, utc) = (bob.next_line().await, alice.next_line().await);
        assert_eq!(ahead(&here, &utc, "cy: 10:00:00 hi"), 86_400 - 12_600);
        // The past, too, by when it was said.
        bob.send_line("/history 1").await;
        bob.next_line().await;
        assert_eq!(bob.next_line().await, here.replace("cy:", "| cy:"));
        bob.send_line("/time").await;
        assert!(bob.next_line().await.contains("in UTC-03:30; /time off"));
        bob.send_line("/time utc").await;
        bob.next_line().await;
        cy.send_line("again").await;
        assert_eq!(ahead(&bob.next_line().await, &alice.next_line().await, "cy: again"), 0);
        bob.send_line("/time off").await;
        bob.expect("* no time stands before the lines now").await;
        cy.send_line("without").await;
        bob.expect("cy: without").await;
    });
}

#[test]
fn ones_own_edited_lines_carry_times() {
    run(async {
        let server = TestServer::without_limits();
        let mut bob = Window::open(&server).await;
        bob.press("/time +02:00\r").await;
        bob.until("an answer", |rows| rows.iter().any(|row| row.contains(" * the time in UTC+02")))
            .await;
        bob.press("hello\r").await;
        let stamped = |row: &String| {
            row.len() == "00:00:00 > hello".len() && row.ends_with(" > hello") && &row[2..3] == ":"
        };
        bob.until("a stamped line", |rows| rows.iter().any(stamped)).await;
        bob.press("/time off\r").await;
        bob.until("an answer", |rows| rows.iter().any(|row| row.starts_with("* no time stands")))
            .await;
        bob.press("bare\r").await;
        bob.until("a bare line", |rows| rows.iter().any(|row| row == "> bare")).await;
    });
}

#[test]
fn a_bell_is_the_only_control_byte_of_a_plain_connection() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = server.join_as("bob").await;
        alice.wait_for("* user-2 is now bob").await;
        alice.send_line("bob, not yet").await;
        bob.expect("alice: bob, not yet").await;
        bob.send_line("/bell on").await;
        bob.next_line().await;
        alice.send_line("bob, now").await;
        let rung = bob.bytes_until("a bell", |bytes| bytes.ends_with(b"\x07")).await;
        assert_eq!(rung, b"alice: bob, now\r\n\x07");
        alice.send_line("and bob, so soon again").await;
        bob.expect("alice: and bob, so soon again").await;
    });
}
