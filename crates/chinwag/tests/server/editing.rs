//! Line editing over real sockets, on the model of a terminal's screen; how the editor itself works is tested with it.

use crate::folder::Folder;
use crate::support::{TestClient, TestServer, run};
use std::num::NonZero;
use vt100::Parser;

/// Events of all clients that the broker's queue has permits for.
const EVENT_QUEUE: usize = 256;

/// Somebody with a telnet in a window.
pub(crate) struct Window {
    person: TestClient,
    screen: Parser,
    /// All that came since editing was asked for.
    all: Vec<u8>,
}

impl Window {
    /// Somebody who has been let in, and edits.
    pub(crate) async fn open(server: &TestServer) -> Self {
        let mut person = server.join().await;
        let size = |number| NonZero::new(number).expect("a size");
        let screen = Parser::new(size(12), size(40), 0);
        person.send_line("/edit on").await;
        let asked = b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x1f";
        person.bytes_until("a request", |bytes| bytes.ends_with(asked)).await;
        person
            .send(b"\xff\xfd\x01\xff\xfd\x03\xff\xfb\x1f\xff\xfa\x1f\x00\x28\x00\x0c\xff\xf0")
            .await;
        let mut window = Self { person, screen, all: Vec::new() };
        window
            .until("editing", |rows| rows.last().is_some_and(|row| row == ">") && rows.len() >= 2)
            .await;
        window
    }

    pub(crate) async fn press(&mut self, keys: &str) {
        self.person.send(keys.as_bytes()).await;
    }

    /// Waits until the screen is as wanted; says what it shows.
    pub(crate) async fn until(
        &mut self,
        what: &str,
        is: impl Fn(&[String]) -> bool,
    ) -> Vec<String> {
        let mut seen = 0;
        let screen = &mut self.screen;
        let bytes = self.person.bytes_until(what, |bytes| {
            // What telnet says is not for the screen.
            let shown: Vec<u8> = bytes[seen..].to_vec();
            assert!(!shown.contains(&0xff), "nothing is negotiated while editing");
            screen.process(&shown);
            seen = bytes.len();
            is(&rows(screen))
        });
        self.all.extend(bytes.await);
        rows(&self.screen)
    }

    /// The connection itself.
    pub(crate) fn person(&mut self) -> &mut TestClient {
        &mut self.person
    }

    /// Whether the screen has this row.
    pub(crate) fn shows(&self, row: &str) -> bool {
        rows_contain(&self.screen, row)
    }

    /// Waits for this row at the end of the screen.
    pub(crate) async fn until_row(&mut self, row: &str) -> Vec<String> {
        self.until(row, |rows| rows.last().is_some_and(|last| last == row)).await
    }
}

/// What a screen shows, without the empty rows at its end.
fn rows(screen: &Parser) -> Vec<String> {
    let mut rows: Vec<_> =
        screen.screen().rows(0, 40).map(|row| row.trim_end().to_owned()).collect();
    while rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    rows
}

#[test]
fn a_line_is_edited_sent_and_fetched_back_while_others_talk() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = Window::open(&server).await;
        alice.wait_for("* user-2 joined").await;
        bob.press("hallo ther").await;
        bob.until_row("> hallo ther").await;
        alice.send_line("one").await;
        alice.send_line("two").await;
        let rows = bob.until("both lines", |rows| rows.iter().any(|row| row == "alice: two")).await;
        assert_eq!(rows[rows.len() - 3..], ["alice: one", "alice: two", "> hallo ther"]);
        assert_eq!(bob.screen.screen().cursor_position().1, 12);
        bob.press("e\x1b[H\x1b[C\x1b[3~e\r").await;
        alice.expect("user-2: hello there").await;
        bob.until_row(">").await;
        bob.press("\x1b[A!").await;
        bob.until_row("> hello there!").await;
        bob.press("\x15\x04").await;
        alice.expect("* user-2 left").await;
        let rest = bob.person.rest_of_bytes().await;
        bob.screen.process(&rest);
        assert!(!bob.screen.screen().bracketed_paste(), "the terminal is left as it was");
        assert!(!rows_contain(&bob.screen, ">"), "the prompt is gone");
    });
}

#[test]
fn a_disconnect_while_editing_restores_the_terminal() {
    run(async {
        let folder = Folder::new("editing-oper");
        let server = folder.with_secret("correct horse battery");
        let mut alice = server.join_as("alice").await;
        alice.send_line("/oper correct horse battery").await;
        alice.wait_for("* you are an operator now; /help lists what you can do").await;
        let mut bob = Window::open(&server).await;
        bob.press("/nick bob\r").await;
        alice.wait_for("* user-2 is now bob").await;
        bob.press("half a li").await;
        bob.until_row("#lobby bob> half a li").await;
        alice.send_line("/ban bob").await;
        alice.wait_for("* bob left (banned)").await;
        let rest = bob.person.rest_of_bytes().await;
        bob.screen.process(&rest);
        assert!(!bob.screen.screen().bracketed_paste(), "the terminal is left as it was");
        assert_eq!(
            rows(&bob.screen).last().map(String::as_str),
            Some("! the nick \"bob\" is banned here for good")
        );
        assert!(!rows_contain(&bob.screen, "#lobby bob> half a li"), "the line under way is gone");
    });
}

fn rows_contain(screen: &Parser, row: &str) -> bool {
    rows(screen).iter().any(|seen| seen == row)
}

#[test]
fn tab_completes_who_is_here() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let _albert = server.join_as("albert").await;
        alice.wait_for("* user-2 is now albert").await;
        let mut bob = Window::open(&server).await;
        alice.wait_for("* user-3 joined").await;
        // What is typed behind the Tab waits for the answer.
        bob.press("ali\thow are you\r").await;
        alice.expect("user-3: alice: how are you").await;
        bob.press("I ask al\t").await;
        let rows =
            bob.until("a list", |rows| rows.iter().any(|row| row.starts_with("* 2 match"))).await;
        assert_eq!(rows[rows.len() - 2..], ["* 2 match: albert, alice", "> I ask al"]);
        bob.press("b\t\r").await;
        alice.expect("user-3: I ask albert ").await;
        bob.press("meet in #lo\t\r").await;
        alice.expect("user-3: meet in #lobby ").await;
    });
}

/// A Tab takes a place in the broker's queue, as a line does, and gives it back.
#[test]
fn more_tabs_than_there_are_places_are_answered() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = Window::open(&server).await;
        alice.wait_for("* user-2 joined").await;
        bob.press(&"zz\t ".repeat(EVENT_QUEUE + 10)).await;
        bob.press("\x15still here\r").await;
        alice.expect("user-2: still here").await;
    });
}

#[test]
fn editing_ends_as_it_began() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = Window::open(&server).await;
        alice.wait_for("* user-2 joined").await;
        bob.press("/edit off\r").await;
        let off = b"\xff\xfc\x01\xff\xfc\x03* editing is off\r\n";
        let bytes = bob.person.bytes_until("an end", |bytes| bytes.ends_with(off)).await;
        bob.screen.process(&bytes[..bytes.len() - off.len()]);
        assert!(!bob.screen.screen().bracketed_paste());
        bob.person.send(b"\xff\xfe\x01\xff\xfe\x03plain a\x1b[Dgain\r\n").await;
        alice.expect("user-2: plain a[Dgain").await;
        alice.send_line("hello").await;
        bob.person.expect("alice: hello").await;
        // Once more, as if it had never been.
        bob.person.send_line("/edit on").await;
        let asked = b"\xff\xfb\x01\xff\xfb\x03";
        bob.person.bytes_until("a request", |bytes| bytes.ends_with(asked)).await;
        bob.person.send(b"half \xff\xfd\x01\xff\xfd\x03a line\r").await;
        alice.expect("user-2: half a line").await;
        // A client that changes its mind keeps what was typed.
        bob.person.send(b"kept \xff\xfe\x01and ended\r\n").await;
        alice.expect("user-2: kept and ended").await;
    });
}

#[test]
fn no_message_breaks_the_screen() {
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = Window::open(&server).await;
        alice.wait_for("* user-2 joined").await;
        bob.press("intact").await;
        bob.until_row("> intact").await;
        let wild = "\x1b[2J\x1b]0;x\x07\u{9b}5A\x1b7\x0c\x0b\u{202e}\r\x1b[?2004l> forged";
        alice.send(format!("{wild}\nend\n").as_bytes()).await;
        let rows = bob.until("the end", |rows| rows.iter().any(|row| row == "alice: end")).await;
        assert_eq!(rows.last().map(String::as_str), Some("> intact"));
        assert!(bob.screen.screen().bracketed_paste());
        let known: [&[u8]; 6] = [b"[K", b"[J", b"7", b"8", b"[?2004h", b"[?2004l"];
        for (at, _) in bob.all.iter().enumerate().filter(|&(_, &byte)| byte == 0x1b) {
            let rest = &bob.all[at + 1..];
            assert!(
                known.iter().any(|known| rest.starts_with(known)),
                "{:?}",
                &rest[..8.min(rest.len())]
            );
        }
    });
}

#[test]
fn a_graceful_stop_ends_the_editor() {
    run(async {
        let server = TestServer::without_limits();
        let mut bob = Window::open(&server).await;
        bob.press("half").await;
        bob.until_row("> half").await;
        server.shutdown.cancel();
        let rest = bob.person.rest_of_bytes().await;
        bob.screen.process(&rest);
        let rows = rows(&bob.screen);
        assert_eq!(rows.last().map(String::as_str), Some("* server is shutting down"), "{rows:?}");
        assert!(!bob.screen.screen().bracketed_paste());
        server.ended().await;
    });
}
