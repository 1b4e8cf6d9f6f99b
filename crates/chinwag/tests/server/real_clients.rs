//! Real `nc` and `telnet`. Where a program is missing its tests are skipped aloud, but for CI, where they fail.

use crate::program::{Program, admin, chinwag};
use crate::support::{TestServer, run, within_deadline};
use rustix::process::Signal;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use whippet::sync::mpsc;
use whippet::task::spawn_blocking;

/// Whether a program is there.
pub(crate) fn has(program: &str) -> bool {
    let there = std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
    });
    if !there {
        assert!(std::env::var_os("CI").is_none(), "CI must have {program} installed");
        eprintln!("SKIPPED: {program} is not installed");
    }
    there
}

/// A running program whose lines a test writes and reads.
pub(crate) struct Session {
    process: Child,
    input: Option<ChildStdin>,
    output: mpsc::Receiver<String>,
}

impl Session {
    pub(crate) fn start(program: &str, arguments: &[&str]) -> Self {
        let mut process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let input = process.stdin.take();
        let stdout = process.stdout.take().expect("a pipe");
        let (sender, output) = mpsc::channel(1000);
        // Detached: it ends with the program.
        drop(spawn_blocking(move || {
            for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                // A program may show what is not meant for it: telnet's bytes.
                let line = String::from_utf8_lossy(&line).into_owned();
                if sender.blocking_send(line).is_err() {
                    break;
                }
            }
        }));
        Self { process, input, output }
    }

    pub(crate) fn type_line(&mut self, line: &str) {
        let input = self.input.as_mut().expect("the input is open");
        writeln!(input, "{line}").expect("the program reads");
    }

    /// Reads up to a line that ends so (a terminal may show something before it).
    pub(crate) async fn wait_for(&mut self, end: &str) {
        within_deadline(&format!("{end:?}"), self.find(|line| line.ends_with(end))).await;
    }

    /// Reads up to a line of some kind.
    pub(crate) async fn wait_until(&mut self, is: impl Fn(&str) -> bool) -> String {
        within_deadline("a line", self.find(is)).await
    }

    /// Reads up to a line of some kind, without its end.
    async fn find(&mut self, is: impl Fn(&str) -> bool) -> String {
        while let Some(line) = self.output.recv().await {
            if is(line.trim_end()) {
                return line.trim_end().to_owned();
            }
        }
        panic!("the program ended before that");
    }

    /// Reads to the end of the program, which comes although nothing more is typed; says what it showed last.
    pub(crate) async fn ends_by_itself(&mut self) -> String {
        within_deadline("the program's end", async {
            let mut last = String::new();
            while let Some(line) = self.output.recv().await {
                line.trim_end().clone_into(&mut last);
            }
            last
        })
        .await
    }

    /// Reads to the end of the program, and says whether it went well.
    pub(crate) async fn ended(mut self) -> bool {
        drop(self.input.take());
        within_deadline("the program's end", async {
            while self.output.recv().await.is_some() {}
            spawn_blocking(move || self.process.wait().is_ok_and(|status| status.success()))
                .await
                .expect("waiting does not panic")
        })
        .await
    }
}

#[test]
fn two_windows_of_nc_talk() {
    if !has("nc") {
        return;
    }
    run(async {
        let server = TestServer::start();
        let port = server.address.port().to_string();
        let mut alice = Session::start("nc", &["127.0.0.1", &port]);
        alice.wait_for("* welcome to chinwag, you are user-1").await;
        let mut bob = Session::start("nc", &["127.0.0.1", &port]);
        bob.wait_for("* welcome to chinwag, you are user-2").await;
        alice.type_line("/nick alice");
        bob.wait_for("* user-1 is now alice").await;
        bob.type_line("/nick bob");
        alice.wait_for("* user-2 is now bob").await;
        alice.type_line("hello");
        bob.wait_for("alice: hello").await;
        bob.type_line("/who");
        bob.wait_for("* 2 here: alice, bob").await;
        bob.type_line("/quit");
        alice.wait_for("* bob left").await;
        assert!(bob.ended().await);
    });
}

/// Nobody types anything after it, and nothing closes the input of `nc`.
#[test]
fn nc_ends_when_it_was_sent_home() {
    if !has("nc") {
        return;
    }
    run(async {
        let folder = std::env::temp_dir().join(format!("chinwag-nc-{}", std::process::id()));
        let socket = folder.to_str().expect("UTF-8");
        let server = chinwag(&["--listen", "127.0.0.1:0", "--admin-socket", socket]);
        let server = Program::start(server).await;
        let port = server.address.port().to_string();
        let mut people = Vec::new();
        for nick in ["quitter", "kicked", "banned", "stayer"] {
            let mut nc = Session::start("nc", &["127.0.0.1", &port]);
            nc.type_line(&format!("/nick {nick}"));
            nc.wait_for(&format!("* you are {nick} now")).await;
            people.push(nc);
        }
        let mut people = people.into_iter();
        let mut next = || people.next().expect("another one");
        let mut quitter = next();
        quitter.type_line("/quit bye");
        assert_eq!(quitter.ends_by_itself().await, "* goodbye");
        assert!(admin(socket, &["kick", "kicked"]).await.status.success());
        assert_eq!(next().ends_by_itself().await, "! you were kicked");
        assert!(admin(socket, &["ban", "banned", "1h"]).await.status.success());
        let last = next().ends_by_itself().await;
        assert!(last.starts_with("! ") && last.contains("banned here"), "{last:?}");
        server.signal(Signal::TERM);
        assert_eq!(next().ends_by_itself().await, "* server is shutting down");
        assert_eq!(server.ended().await.0.code(), Some(0));
    });
}

/// `printf 'hi\n' | nc -N host port`: nc ends its side after its input, and still reads the answer.
#[test]
fn regression_25_a_half_close_of_a_real_nc_is_answered() {
    if !has("nc") {
        return;
    }
    run(async {
        let server = TestServer::start();
        let port = server.address.port().to_string();
        let mut alice = server.join_as("alice").await;
        for last in ["hi\n", "hi"] {
            let line =
                format!("printf '/who\\n{}' | nc -N 127.0.0.1 {port}", last.escape_default());
            let mut nc = Session::start("sh", &["-c", &line]);
            alice.wait_until("a line", |line| line.ends_with(": hi")).await;
            alice.wait_until("the end", |line| line.ends_with(" left")).await;
            within_deadline("the answer", async {
                while let Some(line) = nc.output.recv().await {
                    if line.starts_with("* 2 here: ") {
                        return;
                    }
                }
                panic!("no answer came back");
            })
            .await;
            assert!(nc.ended().await);
        }
    });
}

/// ncat and socat: other programs that people join with.
#[test]
fn ncat_and_socat_talk() {
    for (program, arguments) in
        [("ncat", ["127.0.0.1", "PORT"]), ("socat", ["-", "TCP:127.0.0.1:PORT"])]
    {
        if !has(program) {
            continue;
        }
        run(async {
            let server = TestServer::start();
            let port = server.address.port().to_string();
            let mut alice = server.join_as("alice").await;
            let arguments = arguments.map(|argument| argument.replace("PORT", &port));
            let mut bob = Session::start(program, &[&arguments[0], &arguments[1]]);
            bob.wait_for("* welcome to chinwag, you are user-2").await;
            bob.type_line("/nick bob");
            alice.wait_for("* user-2 is now bob").await;
            bob.type_line("hello from here");
            alice.expect("bob: hello from here").await;
            alice.send_line("hello back").await;
            bob.wait_for("alice: hello back").await;
            bob.type_line("/quit");
            alice.expect("* bob left").await;
            bob.ended().await;
        });
    }
}

/// `nc -t` refuses each option that it is asked for: whoever asks for editing with it is told that there is none.
#[test]
fn an_nc_that_refuses_every_option_goes_on_as_before() {
    if !has("nc") {
        return;
    }
    run(async {
        let server = TestServer::start();
        let port = server.address.port().to_string();
        let mut alice = server.join_as("alice").await;
        let mut bob = Session::start("nc", &["-t", "127.0.0.1", &port]);
        bob.wait_for("* welcome to chinwag, you are user-2").await;
        bob.type_line("/edit on");
        bob.wait_for("! your telnet keeps its own echo: editing is off").await;
        bob.type_line("hello");
        alice.wait_for("user-2: hello").await;
        bob.type_line("/quit");
        bob.ended().await;
    });
}

#[test]
fn a_telnet_session_works() {
    if !has("telnet") {
        return;
    }
    run(async {
        let server = TestServer::start();
        let port = server.address.port().to_string();
        let mut alice = server.join_as("alice").await;
        let mut telnet = Session::start("telnet", &["127.0.0.1", &port]);
        telnet.wait_for("* welcome to chinwag, you are user-2").await;
        telnet.type_line("/nick bob");
        alice.wait_for("* user-2 is now bob").await;
        telnet.type_line("hello from telnet");
        alice.expect("bob: hello from telnet").await;
        alice.send_line("hello back").await;
        telnet.wait_for("alice: hello back").await;
        telnet.type_line("/quit bye");
        alice.expect("* bob left (\"bye\")").await;
        telnet.ended().await;
    });
}
