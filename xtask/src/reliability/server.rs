//! The program as a server: started with what a scenario needs, observed from outside, stopped, never left running.

use super::clock::wait_until;
use rustix::fs::OFlags;
use rustix::process::{Pid, Resource, Rlimit, Signal};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, PipeReader, Write as _};
use std::net::SocketAddr;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

/// What precedes the address in the line that the server prints when it listens.
const LISTENING: &str = "listening on ";
/// How long a server may take to end after SIGTERM: its grace of 5 s, and as much again.
pub(super) const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// How a server is started.
#[derive(Clone, Debug)]
pub(super) struct ServerCommand {
    /// The program.
    program: PathBuf,
    /// The file of its log.
    log: PathBuf,
    /// A program before it on the command line, which runs it under the same process id.
    wrapper: Vec<String>,
    /// Its limit of descriptors, soft and hard.
    fd_limit: Option<u64>,
    /// Its arguments.
    arguments: Vec<String>,
    /// Whether its log goes into a pipe that is never read.
    log_is_unread: bool,
}

/// A running server. It is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Server {
    /// The process.
    child: Child,
    /// Its standard output: kept open, or a server that prints more would fail.
    _stdout: BufReader<ChildStdout>,
    /// The reading end of its log, if that is never read: kept open, or writing to it would fail.
    unread_log: Option<PipeReader>,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// The file of its log.
    log: PathBuf,
}

/// Builds a program of the workspace in a profile of cargo's; its path.
pub(super) fn build_program(root: &Path, profile: &str, name: &str) -> io::Result<PathBuf> {
    build(root, profile, &["--package", name])?;
    Ok(target(root).join(profile).join(name))
}

/// Builds an example of a package in a profile of cargo's; its path.
pub(super) fn build_example(
    root: &Path,
    profile: &str,
    package: &str,
    name: &str,
) -> io::Result<PathBuf> {
    build(root, profile, &["--package", package, "--example", name])?;
    Ok(target(root).join(profile).join("examples").join(name))
}

/// Builds what the arguments name.
fn build(root: &Path, profile: &str, what: &[&str]) -> io::Result<()> {
    let built = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["build", "--quiet", "--profile", profile])
        .args(what)
        .status()?;
    if !built.success() {
        return Err(io::Error::other(format!("{} does not build", what.join(" "))));
    }
    Ok(())
}

/// Where cargo puts what it builds.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

impl ServerCommand {
    /// The server on a port that the kernel chooses, without rate limits; its log is named for the scenario.
    pub(super) fn new(root: &Path, program: &Path, scenario: &str) -> io::Result<Self> {
        let start = Self::without_arguments(root, program, scenario)?;
        Ok(start.args(&["serve", "--listen", "127.0.0.1:0", "--no-limits"]))
    }

    /// Any program that prints where it listens, without arguments; its log is named for the scenario.
    pub(super) fn without_arguments(
        root: &Path,
        program: &Path,
        scenario: &str,
    ) -> io::Result<Self> {
        let folder = target(root).join("reliability");
        fs::create_dir_all(&folder)?;
        Ok(Self {
            program: program.to_path_buf(),
            log: folder.join(format!("{scenario}.log")),
            wrapper: Vec::new(),
            fd_limit: None,
            arguments: Vec::new(),
            log_is_unread: false,
        })
    }

    /// Adds arguments.
    pub(super) fn args(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// The folder of its log.
    pub(super) fn folder(&self) -> PathBuf {
        self.log.parent().unwrap_or(&self.log).to_path_buf()
    }

    /// Sends the log into a pipe that is never read.
    pub(super) fn unread_log(self) -> Self {
        Self { log_is_unread: true, ..self }
    }

    /// Sets the limit of descriptors.
    pub(super) fn fd_limit(self, limit: u64) -> Self {
        Self { fd_limit: Some(limit), ..self }
    }

    /// Starts it, and waits until it prints where it listens.
    pub(super) fn start(&self) -> io::Result<Server> {
        let mut line = self.wrapper.clone();
        line.push(self.program.display().to_string());
        line.extend(self.arguments.iter().cloned());
        let mut command = Command::new("sh");
        let limit = self.fd_limit.map_or(String::new(), |limit| format!("ulimit -n {limit} && "));
        command.args(["-c", &format!("{limit}exec \"$@\""), "sh"]).args(line);
        command.env("NO_COLOR", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let log = File::create(&self.log)?;
        let unread_log = if self.log_is_unread {
            let (reader, writer) = io::pipe()?;
            command.stderr(writer);
            Some(reader)
        } else {
            command.stderr(log);
            None
        };
        let mut child = command.spawn()?;
        // `command` holds the writing end of that pipe, too.
        drop(command);
        let stdout = child.stdout.take().map(BufReader::new);
        let mut stdout = stdout.ok_or(io::ErrorKind::BrokenPipe)?;
        match read_address(&mut stdout) {
            Ok(address) => {
                let log = self.log.clone();
                Ok(Server { child, _stdout: stdout, unread_log, address, log })
            }
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                Err(io::Error::other(format!("the server did not start: {error}: {log}")))
            }
        }
    }
}

/// Reads up to the line with the address.
fn read_address(stdout: &mut impl BufRead) -> io::Result<SocketAddr> {
    let mut line = String::new();
    while stdout.read_line(&mut line)? > 0 {
        if let Some(address) = line.trim().strip_prefix(LISTENING) {
            return address.parse().map_err(io::Error::other);
        }
        line.clear();
    }
    Err(io::Error::other("it ended before it printed its address"))
}

impl Server {
    /// Its process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its process id, as the kernel's calls take it.
    fn process(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The processor time of all its threads.
    pub(super) fn cpu_time(&self) -> io::Result<Duration> {
        let mut sum = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.pid()))? {
            // The time of a thread that has ended meanwhile is not counted.
            if let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) {
                let first = text.split_ascii_whitespace().next();
                let nanos = first.and_then(|nanos| nanos.parse::<u64>().ok());
                sum += nanos.ok_or(io::ErrorKind::InvalidData)?;
            }
        }
        Ok(Duration::from_nanos(sum))
    }

    /// The lowest free descriptor number, which the kernel gives to the next one.
    pub(super) fn next_fd(&self) -> io::Result<u64> {
        let mut open = Vec::new();
        for entry in fs::read_dir(format!("/proc/{}/fd", self.pid()))? {
            open.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        Ok((0..).find(|number| !open.contains(number)).unwrap_or(u64::MAX))
    }

    /// Whether another process traces all its threads.
    pub(super) fn is_traced(&self) -> io::Result<bool> {
        for thread in fs::read_dir(format!("/proc/{}/task", self.pid()))? {
            let status = fs::read_to_string(thread?.path().join("status"))?;
            let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
            if tracer.is_none_or(|tracer| tracer.trim() == "0") {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sets the soft limit of its descriptors while it runs; the hard one stays.
    pub(super) fn set_soft_fd_limit(&self, soft: u64) -> io::Result<()> {
        let process = Some(self.process());
        let keep = rustix::process::prlimit(
            process,
            Resource::Nofile,
            Rlimit { current: Some(soft), maximum: Some(self.hard_limit()?) },
        );
        keep.map(drop).map_err(Into::into)
    }

    /// The hard limit of its descriptors.
    fn hard_limit(&self) -> io::Result<u64> {
        let limits = fs::read_to_string(format!("/proc/{}/limits", self.pid()))?;
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
        let hard = line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse().ok());
        hard.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Fills the pipe of its log, if that is never read.
    pub(super) fn fill_log(&self) -> io::Result<()> {
        let Some(reader) = &self.unread_log else { return Ok(()) };
        let path = format!("/proc/self/fd/{}", reader.as_raw_fd());
        let nonblocking = OFlags::NONBLOCK.bits() as i32;
        let mut pipe = OpenOptions::new().write(true).custom_flags(nonblocking).open(path)?;
        // Down to the last byte: a pipe takes part of what is too much for it.
        for bytes in [[0; 4096].as_slice(), &[0]] {
            while pipe.write(bytes).is_ok() {}
        }
        Ok(())
    }

    /// Its log so far.
    pub(super) fn log(&self) -> io::Result<String> {
        fs::read_to_string(&self.log)
    }

    /// The file of its log, which stays when it has ended.
    pub(super) fn log_path(&self) -> PathBuf {
        self.log.clone()
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(rustix::process::kill_process(self.process(), signal)?)
    }

    /// Its exit status, if it has ended.
    pub(super) fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Sends SIGTERM; returns the exit status, and the time until the end. A server that does not end is an error.
    pub(super) fn stop(mut self) -> io::Result<(ExitStatus, Duration)> {
        self.signal(Signal::TERM)?;
        wait_until("the server's end", STOP_TIMEOUT, || self.try_wait())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only where it has ended and been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_its_line() {
        let mut printed = "hello\nlistening on 127.0.0.1:7070\n".as_bytes();
        assert_eq!(read_address(&mut printed).unwrap(), ([127, 0, 0, 1], 7070).into());
        assert!(read_address(&mut "listening on somewhere\n".as_bytes()).is_err());
        assert!(read_address(&mut "".as_bytes()).is_err());
    }
}
