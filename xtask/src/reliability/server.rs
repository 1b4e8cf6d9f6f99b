//! The release program as a server: started with what a scenario needs, watched from outside, stopped, never left behind.

use super::clock::wait_for;
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

/// What precedes the address on the line in which the server says where it listens.
const LISTENING: &str = "listening on ";
/// How long a server may take to end once asked: its grace of 5 s, and as much again.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How a server is started.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// The program.
    program: PathBuf,
    /// Where its log goes.
    log: PathBuf,
    /// What stands before it on the command line: another program that runs it under the same process id.
    wrapper: Vec<String>,
    /// Its limit of descriptors, soft and hard.
    descriptors: Option<u64>,
    /// Its arguments.
    arguments: Vec<String>,
    /// Whether its log goes into a pipe that nobody reads.
    log_is_unread: bool,
}

/// A server that runs. It does not outlive this value.
#[derive(Debug)]
pub(super) struct Server {
    /// The process.
    child: Child,
    /// What it prints. Kept open, or a server that prints more would fail.
    _stdout: BufReader<ChildStdout>,
    /// The other end of its log, which nobody reads. Kept open, or writing to it would fail.
    unread_log: Option<PipeReader>,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// Where its log goes.
    log: PathBuf,
}

/// Builds a program of the workspace for release; its path.
pub(super) fn build_program(root: &Path, name: &str) -> io::Result<PathBuf> {
    build(root, &["--package", name])?;
    Ok(target(root).join("release").join(name))
}

/// Builds an example of a package for release; its path.
pub(super) fn build_example(root: &Path, package: &str, name: &str) -> io::Result<PathBuf> {
    build(root, &["--package", package, "--example", name])?;
    Ok(target(root).join("release/examples").join(name))
}

/// Builds for release what the arguments name.
fn build(root: &Path, what: &[&str]) -> io::Result<()> {
    let built = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["build", "--quiet", "--release"])
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

impl Start {
    /// A server on a port of the kernel's choice, without limits on speech; its log gets the scenario's name.
    pub(super) fn new(root: &Path, program: &Path, scenario: &str) -> io::Result<Self> {
        let start = Self::bare(root, program, scenario)?;
        Ok(start.with(&["serve", "--listen", "127.0.0.1:0", "--no-limits"]))
    }

    /// Any program that prints where it listens, without arguments; its log gets the scenario's name.
    pub(super) fn bare(root: &Path, program: &Path, scenario: &str) -> io::Result<Self> {
        let folder = target(root).join("reliability");
        fs::create_dir_all(&folder)?;
        Ok(Self {
            program: program.to_path_buf(),
            log: folder.join(format!("{scenario}.log")),
            wrapper: Vec::new(),
            descriptors: None,
            arguments: Vec::new(),
            log_is_unread: false,
        })
    }

    /// With these arguments, too.
    pub(super) fn with(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// The folder of its log.
    pub(super) fn folder(&self) -> PathBuf {
        self.log.parent().unwrap_or(&self.log).to_path_buf()
    }

    /// With a log that goes into a pipe which nobody reads.
    pub(super) fn unread_log(self) -> Self {
        Self { log_is_unread: true, ..self }
    }

    /// With so many descriptors.
    pub(super) fn descriptors(self, limit: u64) -> Self {
        Self { descriptors: Some(limit), ..self }
    }

    /// Starts it, and waits until it says where it listens.
    pub(super) fn start(&self) -> io::Result<Server> {
        let mut words = self.wrapper.clone();
        words.push(self.program.display().to_string());
        words.extend(self.arguments.iter().cloned());
        let mut command = Command::new("sh");
        let limit =
            self.descriptors.map_or(String::new(), |limit| format!("ulimit -n {limit} && "));
        command.args(["-c", &format!("{limit}exec \"$@\""), "sh"]).args(words);
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
        // It holds the writing end of that pipe, which shall be the server's alone.
        drop(command);
        let stdout = child.stdout.take().map(BufReader::new);
        let mut stdout = stdout.ok_or(io::ErrorKind::BrokenPipe)?;
        match listening(&mut stdout) {
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

/// Reads up to the line that tells the address.
fn listening(stdout: &mut impl BufRead) -> io::Result<SocketAddr> {
    let mut line = String::new();
    while stdout.read_line(&mut line)? > 0 {
        if let Some(address) = line.trim().strip_prefix(LISTENING) {
            return address.parse().map_err(io::Error::other);
        }
        line.clear();
    }
    Err(io::Error::other("it ended before it told its address"))
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

    /// Nanoseconds on a processor, of all its threads.
    pub(super) fn busy(&self) -> io::Result<Duration> {
        let mut sum = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.pid()))? {
            // A thread that ended meanwhile takes its share with it.
            if let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) {
                let first = text.split_ascii_whitespace().next();
                let nanos = first.and_then(|nanos| nanos.parse::<u64>().ok());
                sum += nanos.ok_or(io::ErrorKind::InvalidData)?;
            }
        }
        Ok(Duration::from_nanos(sum))
    }

    /// The lowest number that none of its descriptors has: the kernel gives it to the next one.
    pub(super) fn next_descriptor(&self) -> io::Result<u64> {
        let mut open = Vec::new();
        for entry in fs::read_dir(format!("/proc/{}/fd", self.pid()))? {
            open.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        Ok((0..).find(|number| !open.contains(number)).unwrap_or(u64::MAX))
    }

    /// Whether all its threads are under the eyes of another process.
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
    pub(super) fn limit_descriptors(&self, soft: u64) -> io::Result<()> {
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

    /// Fills the pipe that its log goes into, if nobody reads it.
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

    /// What it has logged so far.
    pub(super) fn log(&self) -> io::Result<String> {
        fs::read_to_string(&self.log)
    }

    /// Where its log goes, also when it has ended.
    pub(super) fn log_path(&self) -> PathBuf {
        self.log.clone()
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(rustix::process::kill_process(self.process(), signal)?)
    }

    /// How it has ended, if it has.
    pub(super) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Asks it to end; how it ended, and after how long. One that does not end is an error.
    pub(super) fn stop(mut self) -> io::Result<(ExitStatus, Duration)> {
        self.signal(Signal::TERM)?;
        wait_for("the server's end", PATIENCE, || self.ended())
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
    fn the_address_stands_in_its_line() {
        let mut printed = "hello\nlistening on 127.0.0.1:7070\n".as_bytes();
        assert_eq!(listening(&mut printed).unwrap(), ([127, 0, 0, 1], 7070).into());
        assert!(listening(&mut "listening on somewhere\n".as_bytes()).is_err());
        assert!(listening(&mut "".as_bytes()).is_err());
    }
}
