//! The servers that are measured, as child processes.

use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A server to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The product.
    Chinwag,
    /// The course's design, written plainly on tokio.
    TokioPlain,
    /// The same, tuned by hand on tokio.
    TokioTuned,
    /// One thread, one epoll, no runtime.
    EpollFloor,
}

impl Kind {
    /// All of them, in the order of their turns.
    pub const ALL: [Self; 4] =
        [Self::Chinwag, Self::TokioTuned, Self::EpollFloor, Self::TokioPlain];

    /// Its name in tables.
    pub fn name(self) -> String {
        match self {
            Self::Chinwag => "chinwag",
            Self::TokioPlain => "tokio, plain",
            Self::TokioTuned => "tokio, tuned",
            Self::EpollFloor => "bare epoll",
        }
        .to_owned()
    }

    fn command(self, chinwag: &Path) -> io::Result<Command> {
        let mut command = match self {
            Self::Chinwag => Command::new(chinwag),
            _ => Command::new(std::env::current_exe()?),
        };
        match self {
            Self::Chinwag => command.args(["serve", "--listen", "127.0.0.1:0", "--no-limits"]),
            Self::TokioPlain => command.args(["peer", "tokio-plain"]),
            Self::TokioTuned => command.args(["peer", "tokio-tuned"]),
            Self::EpollFloor => command.args(["peer", "epoll-floor"]),
        };
        Ok(command)
    }
}

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Server {
    process: Child,
    /// Where it listens.
    pub address: String,
}

impl Server {
    /// Starts a server and waits until it says where it listens.
    pub fn start(kind: Kind, chinwag: &Path) -> io::Result<Self> {
        let mut process =
            kind.command(chinwag)?.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let address = line.trim().strip_prefix("listening on ").map(str::to_owned);
        match address {
            Some(address) => Ok(Self { process, address }),
            None => {
                process.kill()?;
                Err(io::Error::other(format!(
                    "{} did not say where it listens: {line:?}",
                    kind.name()
                )))
            }
        }
    }

    /// Its process.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
