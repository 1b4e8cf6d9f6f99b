//! A server with its default limits: it listens on addresses of its own, and has an admin socket, a listener for metrics and an
//! operators' secret.

use super::super::Context;
use super::super::server::{Server, ServerCommand};
use super::attack::{Process, SECRET};
use super::network::Addresses;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

/// A server, and its addresses.
#[derive(Debug)]
pub(super) struct TestServer {
    /// The process.
    pub(super) process: Server,
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
        let mut start = ServerCommand::without_arguments(&context.root, &context.program, &name)?;
        // The secret has a folder of its own.
        let folder = start.folder().join(&name);
        fs::create_dir_all(&folder)?;
        let secret = folder.join("secret");
        fs::write(&secret, format!("{SECRET}\n"))?;
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600))?;
        start = start.args(&["serve", "--shutdown-timeout", &format!("{}s", grace.as_secs())]);
        for listener in [it.chat(), it.chat6(), it.chat_loopback()] {
            start = start.args(&["--listen", &listener.to_string()]);
        }
        start = start.args(&["--metrics", &it.metrics().to_string()]);
        let [admin, secret] = [it.admin(), secret].map(|path| path.display().to_string());
        start = start.args(&["--admin-socket", &admin, "--oper-file", &secret]);
        if let Process::LogIsFull(level) = process {
            start = start.args(&["--log", level]).unread_log();
        }
        Ok(Self { process: start.start()?, addresses: it })
    }

    /// The peak of its memory, in bytes.
    pub(super) fn peak(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_ascii_whitespace().next()?.parse().ok());
        kilobytes.map(|count: u64| count * 1024).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}
