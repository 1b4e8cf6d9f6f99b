//! The server under load: a chinwag started for the run, or one that runs already.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{PidfdFlags, Signal};

use crate::procfs::Process;

/// What precedes the address on the line in which a chinwag prints where it listens.
const ADDRESS_PREFIX: &str = "listening on ";
/// How long a server may take to stop after SIGTERM: its own time limit of 5 s, and as much again.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// A server to put load on.
#[derive(Debug)]
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its process, where it is known.
    pub(crate) process: Option<Process>,
    /// The process, if it was started for the run.
    owned: Option<OwnedServer>,
}

/// How a server that was started for the run ended when it was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExitState {
    /// By itself, with exit code 0.
    Clean,
    /// By itself, with this status.
    Failed(String),
    /// It had to be killed.
    Killed,
}

/// A server that was started for the run. It does not outlive this value.
#[derive(Debug)]
struct OwnedServer {
    /// The process.
    child: Child,
    /// What it prints. Kept open, or a server that prints more would fail.
    stdout: BufReader<ChildStdout>,
}

impl Server {
    /// A server that runs already.
    pub(crate) fn existing(address: SocketAddr, pid: Option<u32>) -> Self {
        Self { address, process: pid.map(Process::new), owned: None }
    }

    /// Starts this very program as a server on a port of the kernel's choice, and waits until it prints which.
    ///
    /// # Errors
    /// When it does not start, or prints something else.
    pub(crate) fn start() -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let mut command = Command::new(program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--no-limits"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let process = Process::new(child.id());
        let mut owned = OwnedServer { child, stdout: BufReader::new(stdout) };
        let address = owned.address()?;
        Ok(Self { address, process: Some(process), owned: Some(owned) })
    }

    /// Stops the server, if it was started for the run, and returns how it ended.
    ///
    /// # Errors
    /// When it could not be stopped.
    pub(crate) fn stop(&mut self) -> io::Result<Option<ExitState>> {
        self.owned.take().map(|mut owned| owned.stop()).transpose()
    }
}

impl OwnedServer {
    /// Reads up to the line that has the address.
    fn address(&mut self) -> io::Result<SocketAddr> {
        let mut line = String::new();
        while self.stdout.read_line(&mut line)? > 0 {
            if let Some(address) = address(&line) {
                return Ok(address);
            }
            line.clear();
        }
        Err(io::Error::other("the server ended before it printed its address"))
    }

    /// Asks it to end, waits for that, and returns how it ended. One that does not end is killed.
    fn stop(&mut self) -> io::Result<ExitState> {
        let pid = rustix::process::Pid::from_child(&self.child);
        let handle = rustix::process::pidfd_open(pid, PidfdFlags::empty())?;
        rustix::process::pidfd_send_signal(&handle, Signal::TERM)?;
        let mut ended = [PollFd::new(&handle, PollFlags::IN)];
        let timeout = Timespec { tv_sec: STOP_TIMEOUT.as_secs() as i64, tv_nsec: 0 };
        if rustix::event::poll(&mut ended, Some(&timeout))? == 0 {
            self.child.kill()?;
            self.child.wait()?;
            return Ok(ExitState::Killed);
        }
        let status = self.child.wait()?;
        Ok(if status.success() { ExitState::Clean } else { ExitState::Failed(status.to_string()) })
    }
}

impl Drop for OwnedServer {
    fn drop(&mut self) {
        // Both fail only where it has ended and been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in a line like `listening on 127.0.0.1:7070`.
fn address(line: &str) -> Option<SocketAddr> {
    line.trim().strip_prefix(ADDRESS_PREFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_its_line() {
        assert_eq!(address("listening on 127.0.0.1:7070\n"), Some(([127, 0, 0, 1], 7070).into()));
        assert_eq!(address("listening on [::1]:9\n").map(|address| address.port()), Some(9));
        assert_eq!(address("join with: nc 127.0.0.1 7070\n"), None);
        assert_eq!(address("listening on somewhere"), None);
    }
}
