//! The server under load: a chinwag of our own, or one that runs already.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{PidfdFlags, Signal};

use crate::procfs::Process;

/// What precedes the address on the line in which a chinwag says where it listens.
const LISTENING: &str = "listening on ";
/// How long a server may take to stop after SIGTERM: its grace of 5 s, and as much again.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server to put load on.
#[derive(Debug)]
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its process, where it is known.
    pub(crate) process: Option<Process>,
    /// It, where it is ours.
    child: Option<Own>,
}

/// How a server of ours ended when it was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// By itself, with exit code 0.
    Clean,
    /// By itself, with these words of the operating system.
    Failed(String),
    /// It had to be killed.
    Killed,
}

/// A server that we started. It does not outlive this value.
#[derive(Debug)]
struct Own {
    /// The process.
    child: Child,
    /// What it prints. Kept open, or a server that prints more would fail.
    stdout: BufReader<ChildStdout>,
}

impl Server {
    /// A server that somebody else started.
    pub(crate) fn foreign(address: SocketAddr, pid: Option<u32>) -> Self {
        Self { address, process: pid.map(Process::new), child: None }
    }

    /// Starts this very program as a server on a port of the kernel's choice, and waits until it says which.
    ///
    /// # Errors
    /// When it does not start, or says something else.
    pub(crate) fn start() -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--no-limits"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let process = Process::new(child.id());
        let mut own = Own { child, stdout: BufReader::new(stdout) };
        let address = own.address()?;
        Ok(Self { address, process: Some(process), child: Some(own) })
    }

    /// Stops the server, if it is ours, and says how it ended.
    ///
    /// # Errors
    /// When it could not be stopped.
    pub(crate) fn stop(&mut self) -> io::Result<Option<Stopped>> {
        self.child.take().map(|mut own| own.stop()).transpose()
    }
}

impl Own {
    /// Reads up to the line that tells the address.
    fn address(&mut self) -> io::Result<SocketAddr> {
        let mut line = String::new();
        while self.stdout.read_line(&mut line)? > 0 {
            if let Some(address) = address(&line) {
                return Ok(address);
            }
            line.clear();
        }
        Err(io::Error::other("the server ended before it told its address"))
    }

    /// Asks it to end, waits for that, and says how it ended. One that does not end is killed.
    fn stop(&mut self) -> io::Result<Stopped> {
        let pid = rustix::process::Pid::from_child(&self.child);
        let handle = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
        rustix::process::pidfd_send_signal(&handle, Signal::TERM)?;
        let mut ended = [PollFd::new(&handle, PollFlags::IN)];
        let patience = Timespec { tv_sec: PATIENCE.as_secs() as i64, tv_nsec: 0 };
        if rustix::event::poll(&mut ended, Some(&patience))? == 0 {
            self.child.kill()?;
            self.child.wait()?;
            return Ok(Stopped::Killed);
        }
        let status = self.child.wait()?;
        Ok(if status.success() { Stopped::Clean } else { Stopped::Failed(status.to_string()) })
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // Both fail only where it has ended and been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in a line like `listening on 127.0.0.1:7070`.
fn address(line: &str) -> Option<SocketAddr> {
    line.trim().strip_prefix(LISTENING)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_stands_in_its_line() {
        assert_eq!(address("listening on 127.0.0.1:7070\n"), Some(([127, 0, 0, 1], 7070).into()));
        assert_eq!(address("listening on [::1]:9\n").map(|address| address.port()), Some(9));
        assert_eq!(address("join with: nc 127.0.0.1 7070\n"), None);
        assert_eq!(address("listening on somewhere"), None);
    }
}
