//! The program as a child process: the harness of the tests that start it.

use crate::support::{TestClient, within_deadline};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Output, Stdio};
use whippet::net::TcpStream;
use whippet::task::spawn_blocking;

/// The program under test.
pub(crate) const CHINWAG: &str = env!("CARGO_BIN_EXE_chinwag");

/// What `chinwag admin` says through a socket, and how it ends.
pub(crate) async fn admin(socket: &str, words: &[&str]) -> Output {
    let mut command = chinwag(&["admin", "--admin-socket", socket]);
    command.args(words);
    let output = within_deadline("an answer", spawn_blocking(move || command.output())).await;
    output.expect("no panic").expect("the program runs")
}

/// A running server of its own. Dropped, it is killed.
pub(crate) struct Program {
    pub(crate) process: Child,
    pub(crate) address: SocketAddr,
    /// What it prints.
    out: Option<BufReader<ChildStdout>>,
    /// What it logs, once somebody has begun to read that.
    log: Option<BufReader<ChildStderr>>,
}

/// A setting, as its flag tells of it.
pub(crate) struct Setting {
    /// Its name.
    pub(crate) key: String,
    /// What stands for its value.
    pub(crate) placeholder: String,
    /// Whether it can be given without a value.
    pub(crate) is_switch: bool,
}

/// All settings: the flags of `chinwag config` but for the file.
pub(crate) fn settings() -> Vec<Setting> {
    let command = chinwag::cli::command();
    let config = command.find_subcommand("config").expect("a command");
    let flags = config.get_arguments().filter(|flag| flag.get_id() != "config");
    let settings = flags.map(|flag| Setting {
        key: flag.get_long().expect("a long flag").to_owned(),
        placeholder: flag.get_value_names().map_or_else(String::new, |names| names[0].to_string()),
        is_switch: flag.is_require_equals_set(),
    });
    let settings: Vec<_> = settings.collect();
    assert!(settings.len() > 20, "{}", settings.len());
    settings
}

impl Setting {
    /// Its variable of the environment.
    pub(crate) fn variable(&self) -> String {
        format!("CHINWAG_{}", self.key.to_ascii_uppercase().replace('-', "_"))
    }

    /// Whether the command line takes this value for it.
    pub(crate) fn takes(&self, value: &str) -> bool {
        let flag = format!("--{}={value}", self.key);
        chinwag::cli::command().try_get_matches_from(["chinwag", &flag]).is_ok()
    }
}

impl Program {
    /// Starts a server by this command, and learns its address from what it prints.
    pub(crate) async fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null());
        Self::start_with_stdin(command).await
    }

    /// The same; the command says what its standard input is.
    pub(crate) async fn start_with_stdin(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("the program starts");
        let mut out = BufReader::new(process.stdout.take().expect("a pipe"));
        let lines = spawn_blocking(move || {
            let mut lines = [String::new(), String::new()];
            lines.iter_mut().for_each(|line| drop(out.read_line(line)));
            (lines, out)
        });
        let ([listening, join], out) =
            within_deadline("the program's words", lines).await.expect("no panic");
        let address = listening.trim_end().strip_prefix("listening on ").expect("an address");
        let address: SocketAddr = address.parse().expect("an address");
        assert_eq!(join, format!("join with: nc {} {}\n", address.ip(), address.port()));
        Self { process, address, out: Some(out), log: None }
    }

    /// A server that was just started, once it has said where it listens; else how it ended.
    pub(crate) async fn take_over(mut process: Child) -> Option<Result<Self, Output>> {
        let mut out = BufReader::new(process.stdout.take().expect("a pipe"));
        let words = spawn_blocking(move || {
            let mut line = String::new();
            out.read_line(&mut line).ok().map(|_| (line, out))
        });
        let (line, out) = words.await.expect("no panic")?;
        match line.trim_end().strip_prefix("listening on ") {
            Some(address) => {
                let address = address.parse().expect("an address");
                Some(Ok(Self { process, address, out: Some(out), log: None }))
            }
            None => {
                let output = spawn_blocking(move || process.wait_with_output()).await;
                Some(Err(output.expect("no panic").expect("it can be waited for")))
            }
        }
    }

    /// One whose words nobody reads, so that its address is not known.
    pub(crate) fn unannounced(process: Child) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { process, address, out: None, log: None }
    }

    /// Somebody who has been welcomed.
    pub(crate) async fn join(&self) -> TestClient {
        let mut person = self.connect().await;
        person.expect_welcome().await;
        person
    }

    /// A connection, nothing read yet.
    pub(crate) async fn connect(&self) -> TestClient {
        let stream = within_deadline("a connection", TcpStream::connect(self.address)).await;
        TestClient::new(stream.expect("a connection"))
    }

    /// The next line that it prints.
    pub(crate) async fn printed(&mut self) -> String {
        let mut out = self.out.take().expect("one at a time");
        let reading = spawn_blocking(move || {
            let mut line = String::new();
            out.read_line(&mut line).expect("UTF-8");
            (line, out)
        });
        let (line, out) = within_deadline("the program's words", reading).await.expect("no panic");
        self.out = Some(out);
        line.trim_end().to_owned()
    }

    /// Reads the log up to a line with these words in it; gives that line.
    pub(crate) async fn logged(&mut self, words: &'static str) -> String {
        let mut log = self
            .log
            .take()
            .unwrap_or_else(|| BufReader::new(self.process.stderr.take().expect("a pipe")));
        let reading = spawn_blocking(move || {
            let mut line = String::new();
            while !line.contains(words) {
                line.clear();
                assert_ne!(log.read_line(&mut line).expect("UTF-8"), 0, "{words:?} was not logged");
            }
            (line, log)
        });
        let (line, log) = within_deadline(words, reading).await.expect("no panic");
        self.log = Some(log);
        line
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.process);
        kill_process(pid, signal).expect("the program runs");
    }

    /// The process, whose end is the caller's to wait for.
    pub(crate) fn take_process(&mut self) -> Child {
        std::mem::replace(&mut self.process, none())
    }

    /// Waits for its end; says how it ended and what it logged.
    pub(crate) async fn ended(mut self) -> (ExitStatus, String) {
        let mut process = std::mem::replace(&mut self.process, none());
        let begun = self.log.take();
        let ended = spawn_blocking(move || {
            let mut log = String::new();
            match (begun, process.stderr.take()) {
                (Some(mut rest), _) => rest.read_to_string(&mut log),
                (None, Some(mut whole)) => whole.read_to_string(&mut log),
                (None, None) => panic!("a pipe"),
            }
            .expect("the log is UTF-8");
            (process.wait().expect("the program can be waited for"), log)
        });
        within_deadline("the program's end", ended).await.expect("no panic")
    }
}

/// A process that is nothing to anybody.
fn none() -> Child {
    Command::new("true").spawn().expect("there is a program that does nothing")
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The program with these arguments, without any settings of whoever runs the tests.
pub(crate) fn chinwag(arguments: &[&str]) -> Command {
    let mut command = Command::new(CHINWAG);
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("CHINWAG_")) {
        command.env_remove(name);
    }
    command.args(arguments).env("CHINWAG_CONFIG", "/dev/null");
    command
}
