//! SIGHUP: the end of a server whose terminal is gone, and a reload for every other.
//!
//! `script` gives the program a terminal, which goes when `script` is killed.

use crate::hanging::patient;
use crate::program::CHINWAG;
use crate::real_clients::has;
use crate::support::{TestClient, run};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use whippet::net::TcpStream;
use whippet::task::spawn_blocking;

/// A server that was started in a terminal.
struct InTerminal {
    /// The terminal: `script`, until it is closed.
    terminal: Child,
    /// The server.
    server: Pid,
    address: SocketAddr,
    /// Where its log is.
    log: PathBuf,
}

impl InTerminal {
    /// Starts it by these words of a shell, which print its number; `$0` is the program with its arguments.
    async fn start(test: &str, how: &str) -> Self {
        let log =
            std::env::temp_dir().join(format!("chinwag-hangup-{test}-{}", std::process::id()));
        let server = format!(
            "env CHINWAG_CONFIG=/dev/null {CHINWAG} --listen 127.0.0.1:0 --log info 2>{}",
            log.display()
        );
        let line = how.replace("$0", &server);
        // Whoever runs the tests may have been started by `nohup`.
        let mut terminal = Command::new("env")
            .args(["--default-signal=HUP", "script", "-qfec", &line, "/dev/null"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let out = BufReader::new(terminal.stdout.take().expect("a pipe"));
        let reading = spawn_blocking(move || {
            let mut found = (None, None);
            for line in out.lines().map_while(Result::ok) {
                let line = line.trim_end().to_owned();
                if let Some(pid) = line.strip_prefix("pid ") {
                    found.0 = Some(pid.parse().expect("a number"));
                } else if let Some(address) = line.strip_prefix("listening on ") {
                    found.1 = Some(address.parse().expect("an address"));
                    break;
                }
            }
            found
        });
        let (pid, address) = patient("the program's words", reading).await.expect("no panic");
        let server = Pid::from_raw(pid.expect("a process")).expect("a process");
        Self { terminal, server, address: address.expect("an address"), log }
    }

    async fn join(&self) -> TestClient {
        let stream = patient("a connection", TcpStream::connect(self.address)).await;
        let mut person = TestClient::new(stream.expect("a connection"));
        person.expect_welcome().await;
        person
    }

    fn hang_up(&self) {
        kill_process(self.server, Signal::HUP).expect("it runs");
    }

    /// Waits until the log has these words.
    async fn logged(&self, words: &str) {
        patient(words, async {
            loop {
                let log = std::fs::read_to_string(&self.log).expect("a log");
                if log.contains(words) {
                    return;
                }
                whippet::task::yield_now().await;
            }
        })
        .await;
    }

    /// Closes the terminal.
    async fn close(&mut self) {
        self.terminal.kill().expect("it runs");
        self.terminal.wait().expect("it can be waited for");
    }
}

impl Drop for InTerminal {
    fn drop(&mut self) {
        // They may have ended.
        let _ = kill_process(self.server, Signal::KILL);
        let _ = self.terminal.kill();
        let _ = self.terminal.wait();
        let _ = std::fs::remove_file(&self.log);
    }
}

#[test]
fn a_server_ends_when_its_terminal_is_closed() {
    if !has("script") {
        return;
    }
    run(async {
        // In the place of the terminal's shell, and as a job of a shell that passes the signal on.
        let job = "trap 'kill -HUP $!' HUP; $0 & echo pid $!; wait; wait";
        for (test, how) in [("exec", "echo pid $$; exec $0"), ("job", job)] {
            let mut server = InTerminal::start(test, how).await;
            let mut alice = server.join().await;
            // Its terminal is there: this is a reload.
            server.hang_up();
            server.logged("settings read anew").await;
            server.close().await;
            assert_eq!(alice.rest().await, ["* server is shutting down"], "{test}");
        }
    });
}

#[test]
fn a_signal_after_the_terminals_end_is_the_second() {
    if !has("script") {
        return;
    }
    run(async {
        let code = std::env::temp_dir().join(format!("chinwag-hangup-code-{}", std::process::id()));
        // A shell that outlives its terminal writes down how the server ended.
        let how = format!(
            "trap 'kill -HUP $!' HUP; $0 --no-limits --shutdown-timeout 1h & echo pid $!; wait $!; wait $!; echo $? > {}",
            code.display()
        );
        let mut server = InTerminal::start("second", &how).await;
        // Somebody who is owed more than the kernel holds, and does not read.
        let mut alice = server.join().await;
        let _frozen = server.join().await;
        let line = format!("{}\n", "x".repeat(1000));
        for _ in 0..900 {
            alice.send(line.as_bytes()).await;
        }
        alice.send_line("/who").await;
        alice.wait_until("an answer", |line| line.starts_with("* 2 here")).await;
        server.close().await;
        server.logged("the terminal is gone").await;
        kill_process(server.server, Signal::TERM).expect("it runs");
        let ended = patient("the exit code", async {
            loop {
                match std::fs::read_to_string(&code) {
                    Ok(code) if code.ends_with('\n') => return code,
                    _ => whippet::task::yield_now().await,
                }
            }
        });
        let ended = ended.await;
        std::fs::remove_file(&code).expect("a file");
        assert_eq!(ended, "143\n");
    });
}

#[test]
fn a_server_that_ignored_the_hangup_outlives_its_terminal() {
    if !has("script") || !has("setsid") {
        return;
    }
    run(async {
        // What `nohup` does, and a session of its own, which has no terminal.
        let nohup = "trap '' HUP; echo pid $$; exec $0";
        let setsid = "setsid $0 & echo pid $!; wait";
        for (test, how) in [("nohup", nohup), ("setsid", setsid)] {
            let mut server = InTerminal::start(test, how).await;
            let mut alice = server.join().await;
            server.close().await;
            server.hang_up();
            server.logged("settings read anew").await;
            alice.send_line("/who").await;
            alice.wait_until("an answer", |line| line.contains("user-1")).await;
        }
    });
}
