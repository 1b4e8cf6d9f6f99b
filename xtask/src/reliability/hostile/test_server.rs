//! A server with its default limits, and all that may be asked of one: it listens on addresses of its own, and has an admin
//! socket, a listener for metrics and a secret of operators.

use super::super::Context;
use super::super::server::{Server, Start};
use super::attack::{Process, SECRET};
use super::network::Addresses;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

/// A server, and where it is reached.
#[derive(Debug)]
pub(super) struct TestServer {
    /// The server.
    pub(super) server: Server,
    /// Its addresses.
    pub(super) addresses: Addresses,
}

impl TestServer {
    /// Starts the server with this number.
    pub(super) fn start(
        context: &Context,
        number: u8,
        grace: Duration,
        process: Process,
    ) -> io::Result<Self> {
        let it = Addresses::of(number);
        let name = format!("hostile-{number}");
        let mut start = Start::bare(&context.root, &context.program, &name)?;
        // The secret has a folder of its own.
        let folder = start.folder().join(&name);
        fs::create_dir_all(&folder)?;
        let secret = folder.join("secret");
        fs::write(&secret, format!("{SECRET}\n"))?;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
        start = start.with(&["serve", "--grace", &format!("{}s", grace.as_secs())]);
        for listener in [it.chat(), it.chat6(), it.chat_loopback()] {
            start = start.with(&["--listen", &listener.to_string()]);
        }
        start = start.with(&["--metrics", &it.metrics().to_string()]);
        let [admin, secret] = [it.admin(), secret].map(|path| path.display().to_string());
        start = start.with(&["--admin-socket", &admin, "--oper-file", &secret]);
        if let Process::LogIsFull(level) = process {
            start = start.with(&["--log", level]).unread_log();
        }
        Ok(Self { server: start.start()?, addresses: it })
    }

    /// The most memory that it has had, in bytes.
    pub(super) fn peak(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.server.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok());
        kilobytes.map(|count: u64| count * 1024).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}
