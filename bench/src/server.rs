//! The servers that are measured, as child processes.

use crate::ngircd;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A server to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerKind {
    /// The product.
    Chinwag,
    /// The obvious design tuned by hand on tokio.
    TokioTuned,
    /// The same, with all lines of one read put together, as chinwag does.
    TokioMerged,
    /// The obvious design, written plainly on tokio.
    TokioPlain,
    /// An IRC server in C.
    Ngircd,
    /// One thread, one epoll, no runtime.
    EpollFloor,
}

impl ServerKind {
    /// All of them, in the order of tables and of measuring.
    pub const ALL: [Self; 6] = [
        Self::Chinwag,
        Self::TokioTuned,
        Self::TokioMerged,
        Self::TokioPlain,
        Self::Ngircd,
        Self::EpollFloor,
    ];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chinwag => "chinwag",
            Self::TokioTuned => "tokio, tuned",
            Self::TokioMerged => "tokio, merged",
            Self::TokioPlain => "tokio, plain",
            Self::Ngircd => "ngircd",
            Self::EpollFloor => "bare epoll",
        }
    }

    /// Its name on the command line.
    pub fn flag_value(self) -> &'static str {
        match self {
            Self::Chinwag => "chinwag",
            Self::TokioTuned => "tokio-tuned",
            Self::TokioMerged => "tokio-merged",
            Self::TokioPlain => "tokio-plain",
            Self::Ngircd => "ngircd",
            Self::EpollFloor => "epoll-floor",
        }
    }

    /// What it is, for readers of the tables.
    pub fn description(self) -> &'static str {
        match self {
            Self::Chinwag => "the product, with `--no-limits`",
            Self::TokioTuned => {
                "the obvious design tuned by hand on tokio: shared frames of a line each, batched receive, vectored writes, \
                 two tasks a client; no names, no flow control. What the targets are measured by"
            }
            Self::TokioMerged => {
                "the same with chinwag's idea in it, as far as it goes in a few lines: all lines of one read in one frame"
            }
            Self::TokioPlain => {
                "the obvious design written plainly on tokio: one write a line, every channel awaited"
            }
            Self::Ngircd => {
                "an IRC server in C, one thread, limits lifted; all clients in one channel"
            }
            Self::EpollFloor => {
                "one thread, one epoll, no runtime, no names, no flow control: the floor"
            }
        }
    }

    /// Why it cannot be measured here, if so.
    pub fn unavailable(self) -> Option<&'static str> {
        (self == Self::Ngircd && ngircd::program().is_none())
            .then_some("not installed (`apt-get install ngircd`)")
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
    /// Starts a server and waits until it listens.
    pub fn start(kind: ServerKind, chinwag: &Path) -> io::Result<Self> {
        match kind {
            ServerKind::Ngircd => {
                let (process, address) = ngircd::start()?;
                Ok(Self { process, address: address.to_string() })
            }
            ServerKind::Chinwag => {
                let mut command = Command::new(chinwag);
                Self::start_announced(command.args([
                    "serve",
                    "--listen",
                    "127.0.0.1:0",
                    "--no-limits",
                ]))
            }
            _ => {
                let mut command = Command::new(std::env::current_exe()?);
                Self::start_announced(command.args(["peer", kind.flag_value()]))
            }
        }
    }

    /// Starts a server that prints where it listens as chinwag does.
    fn start_announced(command: &mut Command) -> io::Result<Self> {
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let mut server = Self { process, address: String::new() };
        match line.trim().strip_prefix("listening on ") {
            Some(address) => address.clone_into(&mut server.address),
            None => {
                return Err(io::Error::other(format!(
                    "it does not print where it listens: {line:?}"
                )));
            }
        }
        Ok(server)
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
