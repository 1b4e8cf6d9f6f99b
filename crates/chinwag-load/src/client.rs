//! One client: connects, waits for its welcome, sends its lines, and receives all the while.
//!
//! A client is one task and waits for its socket alone. It reads into its thread's buffer within one poll and keeps
//! no more than an unfinished line between polls.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use memchr::memmem;
use whippet::net::{TcpSocket, TcpStream};
use whippet::time::sleep_until;

use crate::context::{ConnectionEnd, Counter, RunContext};
use crate::irc::Irc;
use crate::ledger::{Findings, Ledger};
use crate::line_format::Received;
use crate::line_splitter::LineSplitter;
use crate::sender::Sender;
use crate::thread_state::ThreadState;

/// The receive buffer of a client that does not read, in bytes: the smallest that the kernel takes seriously.
const FROZEN_RECV_BUFFER: u32 = 4096;
/// What a server writes about a client that it disconnected for not reading.
const TOO_SLOW: &[u8] = b"(too slow)";

/// How one client fared.
#[derive(Debug)]
pub(crate) struct ClientOutcome {
    /// Whether it was one of those that do not read.
    pub(crate) frozen: bool,
    /// How its connection ended.
    pub(crate) end: ConnectionEnd,
    /// When it began to connect.
    pub(crate) began: u64,
    /// From the beginning of its connect to the first byte, in nanoseconds; `None` without a welcome.
    pub(crate) welcome: Option<u64>,
    /// What it received.
    pub(crate) findings: Findings,
    /// When it read of a client that was disconnected for being too slow. Only the first client records this.
    pub(crate) too_slow_seen: Vec<u64>,
}

/// A client while it is connected.
#[derive(Debug)]
struct Client {
    /// Its number; the first ones send.
    index: u32,
    /// The run that it is part of.
    context: Arc<RunContext>,
    /// Whether it does not read.
    frozen: bool,
    /// See [`ClientOutcome::began`].
    began: u64,
    /// See [`ClientOutcome::welcome`].
    welcome: Option<u64>,
    /// What it received.
    ledger: Ledger,
    /// Whether it has been counted among those that have everything.
    complete: bool,
    /// The line that is being received.
    splitter: LineSplitter,
    /// See [`ClientOutcome::too_slow_seen`].
    too_slow_seen: Vec<u64>,
    /// What it writes besides its lines, to a server that speaks IRC.
    irc: Option<Irc>,
}

/// Whether there is more to come from the server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// There may be.
    Open,
    /// The server has closed the connection.
    Ended,
}

/// Runs client `index` until the run stops or the connection ends.
pub(crate) async fn run(context: Arc<RunContext>, index: u32) -> ClientOutcome {
    let mut client = Client::new(Arc::clone(&context), index);
    let end = whippet::select! {
        biased;
        end = client.run_connection() => end,
        () = context.stop.cancelled() => ConnectionEnd::Stayed,
    };
    client.finish(end)
}

impl Client {
    /// Client `index`, not connected.
    fn new(context: Arc<RunContext>, index: u32) -> Self {
        let plan = &context.plan;
        let own = (index < plan.senders).then_some(index);
        Self {
            index,
            frozen: index >= plan.readers(),
            began: 0,
            welcome: None,
            ledger: Ledger::new(plan.senders, plan.messages, own),
            complete: false,
            splitter: LineSplitter::default(),
            too_slow_seen: Vec::new(),
            irc: plan.irc.then(|| Irc::new(index)),
            context,
        }
    }

    /// Everything from the connect to the end of the connection.
    async fn run_connection(&mut self) -> ConnectionEnd {
        self.began = self.context.now();
        let stream = match self.connect().await {
            Ok(stream) => stream,
            Err(error) => return ConnectionEnd::Unreachable(error.kind()),
        };
        let ended = if self.frozen {
            self.stay_unread(&stream).await
        } else {
            self.send_and_receive(&stream).await
        };
        match ended {
            Ok(()) => ConnectionEnd::Closed,
            Err(error) => ConnectionEnd::Lost(error.kind()),
        }
    }

    /// Connects.
    async fn connect(&self) -> io::Result<TcpStream> {
        let address = self.context.address;
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if self.frozen {
            // Before the connect: a window that has been offered cannot be taken back.
            socket.set_recv_buffer_size(FROZEN_RECV_BUFFER)?;
        }
        socket.set_nodelay(true)?;
        socket.connect(address).await
    }

    /// Stays connected without reading anything, then reads what is left.
    async fn stay_unread(&mut self, stream: &TcpStream) -> io::Result<()> {
        stream.readable().await?;
        let now = self.context.now();
        self.context.per_thread.current().stats.last_received = now;
        self.record_welcome(now);
        self.context.start_reading.cancelled().await;
        let ended = self.receive(stream).await;
        self.context.frozen_ended.increment();
        ended
    }

    /// Receives, sends its lines once the run starts, and receives until the server closes the connection.
    async fn send_and_receive(&mut self, stream: &TcpStream) -> io::Result<()> {
        let context = Arc::clone(&self.context);
        if self.receive_until(stream, context.start.cancelled()).await? == Flow::Ended {
            return Ok(());
        }
        if self.index < context.plan.senders && self.send(stream).await? == Flow::Ended {
            return Ok(());
        }
        self.receive(stream).await
    }

    /// Receives until the server closes the connection.
    async fn receive(&mut self, stream: &TcpStream) -> io::Result<()> {
        while self.poll_incoming(stream).await? == Flow::Open {}
        Ok(())
    }

    /// Receives until `event`, or until the server closes the connection.
    async fn receive_until(
        &mut self,
        stream: &TcpStream,
        event: impl Future<Output = ()>,
    ) -> io::Result<Flow> {
        let mut event = pin!(event);
        loop {
            whippet::select! {
                biased;
                () = &mut event => return Ok(Flow::Open),
                flow = self.poll_incoming(stream) => if flow? == Flow::Ended {
                    return Ok(Flow::Ended);
                },
            }
        }
    }

    /// Waits until there is something to read and reads it, or replies to the server. Cancel safe.
    async fn poll_incoming(&mut self, stream: &TcpStream) -> io::Result<Flow> {
        whippet::select! {
            biased;
            ready = stream.writable(), if self.has_reply() => {
                ready?;
                self.write_reply(stream)?;
                Ok(Flow::Open)
            }
            ready = stream.readable() => {
                ready?;
                self.read(stream)
            }
        }
    }

    /// Whether something is to be written that is no line of the run.
    fn has_reply(&self) -> bool {
        self.irc.as_ref().is_some_and(|irc| !irc.pending().is_empty())
    }

    /// Writes that, as much as the kernel takes.
    fn write_reply(&mut self, stream: &TcpStream) -> io::Result<()> {
        let Some(irc) = &mut self.irc else { return Ok(()) };
        match stream.try_write(irc.pending()) {
            Ok(written) => irc.written(written),
            Err(error) if is_retryable(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Sends its lines, and receives meanwhile.
    async fn send(&mut self, stream: &TcpStream) -> io::Result<Flow> {
        let context = Arc::clone(&self.context);
        let mut sender = Sender::new(&context, self.index);
        while let Some(due) = sender.next_due(&context) {
            if due > context.now() {
                let wait = sleep_until(context.instant(due));
                if self.receive_until(stream, wait).await? == Flow::Ended {
                    return Ok(Flow::Ended);
                }
            }
            if let Some((delivered, sent)) = sender.awaited_delivery(&context)
                && self.receive_until(stream, delivered.wait_for(sent)).await? == Flow::Ended
            {
                return Ok(Flow::Ended);
            }
            whippet::select! {
                ready = stream.readable() => {
                    ready?;
                    if self.read(stream)? == Flow::Ended {
                        return Ok(Flow::Ended);
                    }
                }
                ready = stream.writable() => {
                    ready?;
                    if self.has_reply() && sender.is_between_lines() {
                        self.write_reply(stream)?;
                    } else {
                        sender.write(&context, stream)?;
                    }
                }
            }
        }
        Ok(Flow::Open)
    }

    /// Reads once and records what came. Nothing is allocated for a line.
    fn read(&mut self, stream: &TcpStream) -> io::Result<Flow> {
        let context = &*self.context;
        let mut state = context.per_thread.current();
        let ThreadState { buffer, stats } = &mut *state;
        let received = match stream.try_read(buffer) {
            Ok(0) => return Ok(Flow::Ended),
            Ok(length) => &buffer[..length],
            Err(error) if is_retryable(&error) => return Ok(Flow::Open),
            Err(error) => return Err(error),
        };
        let now = context.now();
        stats.last_received = now;
        let ledger = &mut self.ledger;
        let watched = context.watched_by(self.index);
        let (is_first, frozen) = (self.index == 0, self.frozen);
        let (too_slow_seen, irc) = (&mut self.too_slow_seen, &mut self.irc);
        self.splitter.feed(received, |line| match context.format.parse(line) {
            Received::Ours(delivery) => {
                // What frozen clients find when they read at last is no delivery that a reader waited for.
                if ledger.record(delivery.sender, delivery.sequence) && !frozen {
                    stats.record(delivery.sent, now);
                    if let Some((_, counter)) = watched.filter(|one| one.0 == delivery.sender) {
                        counter.increment();
                    }
                }
            }
            Received::Garbled => ledger.record_garbled(),
            Received::Foreign => {
                if let Some(irc) = irc {
                    irc.handle_line(line);
                }
                if is_first && memmem::find(line, TOO_SLOW).is_some() {
                    too_slow_seen.push(now);
                    context.too_slow.increment();
                }
            }
        });
        drop(state);
        if self.irc.as_ref().is_none_or(Irc::is_joined) {
            self.record_welcome(now);
        }
        if !self.complete && self.ledger.is_complete() {
            self.mark_complete();
        }
        Ok(Flow::Open)
    }

    /// Records the welcome, when it is the first thing received.
    fn record_welcome(&mut self, now: u64) {
        if self.welcome.is_none() {
            self.welcome = Some(now.saturating_sub(self.began));
            self.context.welcomed.increment();
        }
    }

    /// Counts it among those that have received everything; only readers count.
    fn mark_complete(&mut self) {
        self.complete = true;
        if !self.frozen {
            self.context.complete.increment();
        }
    }

    /// Ends its part: increments every counter that it has not incremented, so that nothing waits for it, and closes its ledger.
    fn finish(mut self, end: ConnectionEnd) -> ClientOutcome {
        if self.welcome.is_none() {
            self.context.welcomed.increment();
        }
        if !self.complete {
            self.mark_complete();
        }
        if let Some((_, counter)) = self.context.watched_by(self.index) {
            Counter::release(counter);
        }
        ClientOutcome {
            frozen: self.frozen,
            end,
            began: self.began,
            welcome: self.welcome,
            findings: self.ledger.close(!self.frozen),
            too_slow_seen: self.too_slow_seen,
        }
    }
}

/// Whether a call only has to be made again later.
fn is_retryable(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
