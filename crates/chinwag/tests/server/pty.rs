//! The real `telnet` in a terminal: its bytes on the model of a screen, its window's size as a real one's.
//!
//! `script` gives a program a terminal of its own and passes what is typed and shown through pipes.

use crate::real_clients::has;
use crate::support::{TestServer, run, within_deadline};
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::{Child, ChildStdin, Command, Stdio};
use vt100::Parser;
use whippet::sync::mpsc;
use whippet::task::spawn_blocking;

/// A program in a window.
struct Window {
    process: Child,
    keys: Option<ChildStdin>,
    output: mpsc::Receiver<Vec<u8>>,
    screen: Parser,
    /// The terminal's device.
    device: String,
}

fn size(number: u16) -> NonZero<u16> {
    NonZero::new(number).expect("a size")
}

impl Window {
    /// A window of 50 by 12 with this program in it.
    async fn open(command: &str) -> Self {
        let line = format!("stty cols 50 rows 12; tty; exec {command}");
        let mut process = Command::new("script")
            .args(["-qfec", &line, "/dev/null"])
            .env("TERM", "xterm")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut stdout = process.stdout.take().expect("a pipe");
        let (sender, output) = mpsc::channel(1000);
        // Detached: it ends with the program.
        drop(spawn_blocking(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = stdout.read(&mut buffer) {
                if sender.blocking_send(buffer[..read].to_vec()).is_err() {
                    break;
                }
            }
        }));
        let keys = process.stdin.take();
        let screen = Parser::new(size(12), size(50), 0);
        let mut window = Self { process, keys, output, screen, device: String::new() };
        let rows = window
            .until("its terminal", |rows| rows.iter().any(|row| row.starts_with("/dev/")))
            .await;
        let device = rows.into_iter().find(|row| row.starts_with("/dev/"));
        window.device = device.expect("it was seen");
        window
    }

    /// What is on the screen, without the empty rows at its end.
    fn rows(&self) -> Vec<String> {
        let columns = self.screen.screen().size().1.into();
        let rows = self.screen.screen().rows(0, columns);
        let mut rows: Vec<_> = rows.map(|row| row.trim_end().to_owned()).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows
    }

    fn press(&mut self, keys: &str) {
        let input = self.keys.as_mut().expect("the input is open");
        input.write_all(keys.as_bytes()).expect("the program reads");
    }

    /// Waits until the screen is as wanted; says what it shows.
    async fn until(&mut self, what: &str, is: impl Fn(&[String]) -> bool) -> Vec<String> {
        let found = whippet::time::timeout(crate::support::PATIENCE, async {
            while !is(&self.rows()) {
                let Some(bytes) = self.output.recv().await else { return false };
                self.screen.process(&bytes);
            }
            true
        });
        let found = found.await.unwrap_or(false);
        assert!(found, "waited in vain for {what}: {:#?}", self.rows());
        self.rows()
    }

    async fn until_row(&mut self, row: &str) -> Vec<String> {
        self.until(row, |rows| rows.last().is_some_and(|last| last == row)).await
    }

    /// Makes the window so wide, as if it were dragged.
    fn resize(&mut self, columns: u16) {
        let columns_now = columns.to_string();
        let stty = ["-F", &self.device, "cols", &columns_now];
        let status = Command::new("stty").args(stty).status().expect("stty runs");
        assert!(status.success());
        self.screen.screen_mut().set_size(size(12), size(columns));
    }

    /// Waits for the program's end.
    async fn ended(mut self) {
        within_deadline("the program's end", async {
            while self.output.recv().await.is_some() {}
            spawn_blocking(move || self.process.wait()).await.expect("no panic").expect("it ends");
        })
        .await;
    }
}

fn has_all() -> bool {
    ["telnet", "script", "stty"].into_iter().all(has)
}

#[test]
fn a_real_telnet_edits_lines_under_incoming_messages() {
    if !has_all() {
        return;
    }
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = Window::open(&format!("telnet 127.0.0.1 {}", server.address.port())).await;
        bob.until("a welcome", |rows| rows.iter().any(|row| row.contains("try /help"))).await;
        bob.press("/edit on\r");
        bob.until_row("#lobby user-2>").await;
        bob.press("half a sentense");
        bob.until_row("#lobby user-2> half a sentense").await;
        alice.send_line("a line in between").await;
        let rows = bob
            .until("both", |rows| rows.iter().any(|row| row == "alice: a line in between"))
            .await;
        assert_eq!(rows.last().map(String::as_str), Some("#lobby user-2> half a sentense"));
        bob.press("\x1b[D\x7fc\x1b[F, h\u{f6}\u{65e5}\r");
        alice
            .wait_until("the line", |line| line == "user-2: half a sentence, h\u{f6}\u{65e5}")
            .await;
        bob.press("al\t");
        bob.until_row("#lobby user-2> alice:").await;
        bob.press("\x15\x10");
        bob.until_row("#lobby user-2> half a sentence, h\u{f6}\u{65e5}").await;

        // A narrower window, and a wider one.
        bob.resize(30);
        bob.press("\x0c and on and on");
        let rows = bob
            .until("a part", |rows| rows.last().is_some_and(|row| row.ends_with("and on and on")))
            .await;
        assert!(
            rows.last().is_some_and(|row| row.starts_with("> <") && row.chars().count() < 30),
            "{rows:?}"
        );
        bob.resize(70);
        bob.until_row("#lobby user-2> half a sentence, h\u{f6}\u{65e5} and on and on").await;
        bob.press("\x15/edit off\r");
        bob.until("the end", |rows| rows.last().is_some_and(|row| row == "* editing is off")).await;
        bob.press("plain again\r");
        alice.expect("user-2: plain again").await;
        alice.send_line("seen").await;
        let rows =
            bob.until("it", |rows| rows.last().is_some_and(|row| row == "alice: seen")).await;
        assert!(rows.iter().any(|row| row == "plain again"), "telnet echoes itself: {rows:#?}");
        bob.press("/quit\r");
        alice.expect("* user-2 left").await;
        bob.ended().await;
    });
}

/// `telnet -- HOST -PORT` negotiates from the first byte on, as a telnet to its own port does, and is offered to edit.
async fn offered_to_edit(server: &TestServer) -> Window {
    let mut window = Window::open(&format!("telnet -- 127.0.0.1 -{}", server.address.port())).await;
    window
        .until("an offer", |rows| {
            rows.iter().any(|row| row == "* your telnet can edit lines here: /edit on")
        })
        .await;
    window
}

#[test]
fn a_real_telnet_that_negotiates_is_offered_to_edit() {
    if !has_all() {
        return;
    }
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = offered_to_edit(&server).await;
        bob.press("hello\r");
        alice.wait_until("the message", |line| line == "user-2: hello").await;
        bob.press("/edit on\r");
        bob.until_row("#lobby user-2>").await;
        bob.press("there\r");
        alice.expect("user-2: there").await;
        // The interruption of an empty line.
        bob.press("\x03");
        alice.expect("* user-2 left").await;
        bob.ended().await;
    });
}

/// Ctrl-C in a telnet that edits its lines itself.
#[test]
fn an_interruption_of_a_real_telnet_ends_it() {
    if !has_all() {
        return;
    }
    run(async {
        let server = TestServer::without_limits();
        let mut alice = server.join_as("alice").await;
        let mut bob = offered_to_edit(&server).await;
        bob.press("\x03");
        alice.wait_until("a leave", |line| line == "* user-2 left").await;
        bob.ended().await;
    });
}

/// Ctrl-Z and Ctrl-\ in a real telnet: commands that ask for nothing here, and the telnet shows nothing more until it is answered.
#[test]
fn ctrl_z_of_a_real_telnet_leaves_the_next_line_clean() {
    if !has_all() {
        return;
    }
    run(async {
        for options in ["", "-- "] {
            let server = TestServer::without_limits();
            let mut alice = server.join_as("alice").await;
            let sign = if options.is_empty() { "" } else { "-" };
            let port = server.address.port();
            let mut bob = Window::open(&format!("telnet {options}127.0.0.1 {sign}{port}")).await;
            bob.until("a welcome", |rows| rows.iter().any(|row| row.contains("/help"))).await;
            for keys in ["\x1a", "\x1a", "\x1c"] {
                bob.press(keys);
                bob.press("hello\r");
                alice.wait_for("user-2: hello").await;
                alice.send_line("seen").await;
                bob.until("it", |rows| rows.last().is_some_and(|row| row == "alice: seen")).await;
                alice.send_line("and again").await;
                bob.until("it", |rows| rows.last().is_some_and(|row| row.ends_with("again"))).await;
            }
            bob.press("/quit\r");
            bob.ended().await;
        }
    });
}
