//! A server in the background and clients of it, for all tests.
//!
//! Nothing here sleeps: each wait is for a line, an end or a count, and for at most [`PATIENCE`].
#![allow(dead_code, reason = "each file of tests uses a part of it")]

use chinwag::Config;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;
use whippet::net::TcpStream;
use whippet::runtime::Builder;
use whippet::sync::CancellationToken;
use whippet::task::JoinHandle;
use whippet::time::timeout;

/// How long a test waits for what must come. Long, for machines are busy; nothing that passes takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a test on a runtime of its own, with two workers.
pub(crate) fn run<F: Future>(test: F) -> F::Output {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(test)
}

/// Waits for something that must happen.
pub(crate) async fn within_deadline<F: Future>(what: &str, future: F) -> F::Output {
    match timeout(PATIENCE, future).await {
        Ok(output) => output,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// A server of one test, in the background, on a port that the kernel chose.
pub(crate) struct TestServer {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Stops it.
    pub(crate) shutdown: CancellationToken,
    /// What it returns.
    task: JoinHandle<io::Result<()>>,
}

impl TestServer {
    /// A server with the documented limits.
    pub(crate) fn start() -> Self {
        Self::with(Config::default())
    }

    /// A server without rate limits.
    pub(crate) fn without_limits() -> Self {
        Self::with(Config::default().without_limits())
    }

    /// A server with these settings.
    pub(crate) fn with(config: Config) -> Self {
        let any = "127.0.0.1:0".parse().expect("an address");
        let listeners = chinwag::listen(&[any]).expect("a listener");
        let address = listeners[0].local_addr().expect("an address");
        let shutdown = CancellationToken::new();
        let task = whippet::spawn(chinwag::serve(listeners, config, shutdown.clone()));
        Self { address, shutdown, task }
    }

    /// Stops it gracefully and waits for its end.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.ended().await;
    }

    /// Waits for its end.
    pub(crate) async fn ended(self) {
        let ended = within_deadline("the end of the server", self.task).await;
        ended.expect("the server does not panic").expect("the server stops without an error");
    }

    /// A client that has been welcomed.
    pub(crate) async fn join(&self) -> TestClient {
        let mut person = self.connect().await;
        person.expect_welcome().await;
        person
    }

    /// A client that has been welcomed and has this nick. Other clients have announcements to read.
    pub(crate) async fn join_as(&self, nick: &str) -> TestClient {
        let mut person = self.join().await;
        person.send_line(&format!("/nick {nick}")).await;
        person.wait_for(&format!("* you are {nick} now")).await;
        nick.clone_into(&mut person.nick);
        person
    }

    /// A connection, nothing read yet.
    pub(crate) async fn connect(&self) -> TestClient {
        let stream = within_deadline("a connection", TcpStream::connect(self.address)).await;
        TestClient::new(stream.expect("a connection"))
    }
}

/// The client's end of a connection.
pub(crate) struct TestClient {
    /// The connection.
    pub(crate) stream: TcpStream,
    /// The nick, once it is known.
    pub(crate) nick: String,
    /// What was read and not looked at.
    unread: Vec<u8>,
    /// All bytes ever read.
    pub(crate) received: usize,
}

impl TestClient {
    /// The client of this connection.
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, nick: String::new(), unread: Vec::new(), received: 0 }
    }

    /// Reads the welcome, and learns the nick from it.
    pub(crate) async fn expect_welcome(&mut self) {
        let first = self.next_line().await;
        let nick = first.strip_prefix("* welcome to chinwag, you are ");
        nick.unwrap_or_else(|| panic!("{first:?} is no welcome")).clone_into(&mut self.nick);
        while !self.next_line().await.contains("/help") {}
    }

    /// Sends a line.
    pub(crate) async fn send_line(&mut self, line: &str) {
        self.send(format!("{line}\n").as_bytes()).await;
    }

    /// Sends bytes.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let sent = within_deadline("room to send", self.try_send(bytes)).await;
        sent.expect("the connection takes what is sent");
    }

    /// Sends bytes on a connection that may be closed.
    ///
    /// # Errors
    /// It is.
    pub(crate) async fn try_send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(bytes) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Says that nothing more will be sent.
    pub(crate) fn end(&self) {
        self.stream.shutdown_now(Shutdown::Write).expect("the connection is open");
    }

    /// Breaks the connection, so that the other side sees a reset.
    pub(crate) fn reset(self) {
        self.stream.set_linger(Some(Duration::ZERO)).expect("the connection is open");
    }

    /// The next line, which ends with CR LF.
    pub(crate) async fn next_line(&mut self) -> String {
        let nick = self.nick.clone();
        let line = within_deadline(&format!("a line for {nick}"), self.try_next_line()).await;
        line.unwrap_or_else(|| panic!("the server closed the connection of {nick:?}"))
    }

    /// The next line; `None` at the end of the connection.
    pub(crate) async fn try_next_line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                let line = String::from_utf8(line).expect("the server writes UTF-8");
                let line = line.strip_suffix("\r\n").expect("the server ends lines with CR LF");
                return Some(line.to_owned());
            }
            if self.read().await == 0 {
                assert_eq!(self.unread, b"", "the last line has an end");
                return None;
            }
        }
    }

    /// Reads once more; 0 at the end of the connection or when it breaks.
    async fn read(&mut self) -> usize {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            if self.stream.readable().await.is_err() {
                return 0;
            }
            match self.stream.try_read(&mut buffer) {
                Ok(read) => {
                    self.unread.extend_from_slice(&buffer[..read]);
                    self.received += read;
                    return read;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return 0,
            }
        }
    }

    /// The next line is this one.
    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move { assert_eq!(self.next_line().await, line, "at {caller}, for {}", self.nick) }
    }

    /// Reads up to this line; says what came before it.
    pub(crate) async fn wait_for(&mut self, line: &str) -> Vec<String> {
        self.wait_until(line, |seen| seen == line).await
    }

    /// Reads up to a line of some kind; it is the last of the lines.
    pub(crate) async fn wait_until(
        &mut self,
        what: &str,
        is: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let mut seen = Vec::new();
        let found = timeout(PATIENCE, async {
            while let Some(line) = self.try_next_line().await {
                let found = is(&line);
                seen.push(line);
                if found {
                    return true;
                }
            }
            false
        });
        let found = found.await.unwrap_or(false);
        assert!(found, "{} waited in vain for {what:?}, and saw {seen:?}", self.nick);
        seen
    }

    /// Reads to the end of the connection; says what came.
    pub(crate) async fn rest(&mut self) -> Vec<String> {
        within_deadline("the end of the connection", async {
            let mut rest = Vec::new();
            while let Some(line) = self.try_next_line().await {
                rest.push(line);
            }
            rest
        })
        .await
    }

    /// Reads until what has come since the last look is as wanted; says which bytes came. What was read and not taken as
    /// lines is part of them.
    pub(crate) async fn bytes_until(
        &mut self,
        what: &str,
        mut is: impl FnMut(&[u8]) -> bool,
    ) -> Vec<u8> {
        let found = timeout(PATIENCE, async {
            while !is(&self.unread) {
                if self.read().await == 0 {
                    return false;
                }
            }
            true
        });
        let found = found.await.unwrap_or(false);
        let seen = String::from_utf8_lossy(&self.unread);
        assert!(found, "{} waited in vain for {what}, and saw {seen:?}", self.nick);
        std::mem::take(&mut self.unread)
    }

    /// Reads to the end of the connection; says which bytes came.
    pub(crate) async fn rest_of_bytes(&mut self) -> Vec<u8> {
        within_deadline("the end of the connection", async {
            while self.read().await > 0 {}
            std::mem::take(&mut self.unread)
        })
        .await
    }
}
