//! One client: connects, waits for its welcome, sends its script, and receives all the while.
//!
//! A client is one task and waits for its socket alone. It reads into its thread's lane within one poll and keeps
//! between polls no more than an unfinished line.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use memchr::memmem;
use whippet::net::{TcpSocket, TcpStream};
use whippet::time::sleep_until;

use crate::check::{Findings, Ledger};
use crate::irc::Irc;
use crate::lanes::Lane;
use crate::line::Received;
use crate::script::Script;
use crate::split::Splitter;
use crate::stage::{End, Stage};

/// The receive buffer of somebody who does not read, in bytes: the smallest that the kernel takes seriously.
const FROZEN_BUFFER: u32 = 4096;
/// What a server says of somebody whom it cut for not reading.
const TOO_SLOW: &[u8] = b"(too slow)";

/// How one client fared.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Whether it was one of those who do not read.
    pub(crate) frozen: bool,
    /// How its part ended.
    pub(crate) end: End,
    /// When it began to connect.
    pub(crate) began: u64,
    /// From the beginning of its connect to the first byte, in nanoseconds; `None` without a greeting.
    pub(crate) welcome: Option<u64>,
    /// What it received.
    pub(crate) findings: Findings,
    /// When it read of somebody cut for being too slow. Only the first client takes note.
    pub(crate) cuts: Vec<u64>,
}

/// A client while it takes part.
#[derive(Debug)]
struct Client {
    /// Its number; the first ones send.
    index: u32,
    /// Where it takes part.
    stage: Arc<Stage>,
    /// Whether it does not read.
    frozen: bool,
    /// See [`Outcome::began`].
    began: u64,
    /// See [`Outcome::welcome`].
    welcome: Option<u64>,
    /// What it received.
    ledger: Ledger,
    /// Whether it has passed the gate of those who have everything.
    complete: bool,
    /// The line under way to it.
    splitter: Splitter,
    /// See [`Outcome::cuts`].
    cuts: Vec<u64>,
    /// What it says to the server beside its lines, where that speaks IRC.
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

/// Takes part as client `index` until everybody goes home or the connection ends.
pub(crate) async fn attend(stage: Arc<Stage>, index: u32) -> Outcome {
    let mut client = Client::new(Arc::clone(&stage), index);
    let end = whippet::select! {
        biased;
        end = client.live() => end,
        () = stage.stop.cancelled() => End::Stayed,
    };
    client.finish(end)
}

impl Client {
    /// Client `index`, not connected.
    fn new(stage: Arc<Stage>, index: u32) -> Self {
        let plan = &stage.plan;
        let own = (index < plan.senders).then_some(index);
        Self {
            index,
            frozen: index >= plan.readers(),
            began: 0,
            welcome: None,
            ledger: Ledger::new(plan.senders, plan.messages, own),
            complete: false,
            splitter: Splitter::default(),
            cuts: Vec::new(),
            irc: plan.irc.then(|| Irc::new(index)),
            stage,
        }
    }

    /// The whole of its part.
    async fn live(&mut self) -> End {
        self.began = self.stage.now();
        let stream = match self.connect().await {
            Ok(stream) => stream,
            Err(error) => return End::Unreachable(error.kind()),
        };
        let ended = if self.frozen { self.freeze(&stream).await } else { self.talk(&stream).await };
        match ended {
            Ok(()) => End::Closed,
            Err(error) => End::Lost(error.kind()),
        }
    }

    /// Connects.
    async fn connect(&self) -> io::Result<TcpStream> {
        let address = self.stage.address;
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if self.frozen {
            // Before the connect: a window that has been offered cannot be taken back.
            socket.set_recv_buffer_size(FROZEN_BUFFER)?;
        }
        socket.set_nodelay(true)?;
        socket.connect(address).await
    }

    /// Takes part without reading anything, then reads what is left.
    async fn freeze(&mut self, stream: &TcpStream) -> io::Result<()> {
        stream.readable().await?;
        let now = self.stage.now();
        self.stage.lanes.mine().tally.last_heard = now;
        self.greet(now);
        self.stage.thaw.cancelled().await;
        let ended = self.receive(stream).await;
        self.stage.thawed.pass();
        ended
    }

    /// Takes part: listens, sends its script when it is time, listens on. Returns when the server closes.
    async fn talk(&mut self, stream: &TcpStream) -> io::Result<()> {
        let stage = Arc::clone(&self.stage);
        {
            let mut start = pin!(stage.start.cancelled());
            loop {
                whippet::select! {
                    biased;
                    () = &mut start => break,
                    flow = self.heed(stream) => if flow? == Flow::Ended { return Ok(()) },
                }
            }
        }
        if self.index < stage.plan.senders && self.send(stream).await? == Flow::Ended {
            return Ok(());
        }
        self.receive(stream).await
    }

    /// Receives until the server closes the connection.
    async fn receive(&mut self, stream: &TcpStream) -> io::Result<()> {
        while self.heed(stream).await? == Flow::Open {}
        Ok(())
    }

    /// Waits until there is something to read and reads it, or answers the server. Cancel safe.
    async fn heed(&mut self, stream: &TcpStream) -> io::Result<Flow> {
        whippet::select! {
            biased;
            ready = stream.writable(), if self.owes() => {
                ready?;
                self.answer(stream)?;
                Ok(Flow::Open)
            }
            ready = stream.readable() => {
                ready?;
                self.read(stream)
            }
        }
    }

    /// Whether the server is to be told something that is no line of the run.
    fn owes(&self) -> bool {
        self.irc.as_ref().is_some_and(|irc| !irc.owed().is_empty())
    }

    /// Writes what the server is to be told, as much as the kernel takes.
    fn answer(&mut self, stream: &TcpStream) -> io::Result<()> {
        let Some(irc) = &mut self.irc else { return Ok(()) };
        match stream.try_write(irc.owed()) {
            Ok(taken) => irc.pay(taken),
            Err(error) if is_no_failure(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Sends its script, and receives meanwhile.
    async fn send(&mut self, stream: &TcpStream) -> io::Result<Flow> {
        let stage = Arc::clone(&self.stage);
        let mut script = Script::new(&stage, self.index);
        while let Some(due) = script.due(&stage) {
            if due > stage.now() {
                let mut turn = pin!(sleep_until(stage.instant(due)));
                loop {
                    whippet::select! {
                        biased;
                        () = &mut turn => break,
                        flow = self.heed(stream) => if flow? == Flow::Ended {
                            return Ok(Flow::Ended);
                        },
                    }
                }
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
                    if self.owes() && script.is_between_lines() {
                        self.answer(stream)?;
                    } else {
                        script.push(&stage, stream)?;
                    }
                }
            }
        }
        Ok(Flow::Open)
    }

    /// Reads once and enters what came. Nothing is allocated for a line.
    fn read(&mut self, stream: &TcpStream) -> io::Result<Flow> {
        let stage = &*self.stage;
        let mut lane = stage.lanes.mine();
        let Lane { buffer, tally } = &mut *lane;
        let received = match stream.try_read(buffer) {
            Ok(0) => return Ok(Flow::Ended),
            Ok(length) => &buffer[..length],
            Err(error) if is_no_failure(&error) => return Ok(Flow::Open),
            Err(error) => return Err(error),
        };
        let now = stage.now();
        tally.last_heard = now;
        let ledger = &mut self.ledger;
        let (watching, frozen) = (self.index == 0, self.frozen);
        let (cuts, irc) = (&mut self.cuts, &mut self.irc);
        self.splitter.feed(received, |line| match stage.format.parse(line) {
            Received::Ours(delivery) => {
                // What the frozen find when they read at last is no delivery that anybody waited for.
                if ledger.enter(delivery.sender, delivery.sequence) && !frozen {
                    tally.enter(delivery.sent, now);
                }
            }
            Received::Garbled => ledger.enter_garbled(),
            Received::Foreign => {
                if let Some(irc) = irc {
                    irc.hear(line);
                }
                if watching && memmem::find(line, TOO_SLOW).is_some() {
                    cuts.push(now);
                    stage.cut.pass();
                }
            }
        });
        drop(lane);
        if self.irc.as_ref().is_none_or(Irc::is_joined) {
            self.greet(now);
        }
        if !self.complete && self.ledger.is_complete() {
            self.pass_complete();
        }
        Ok(Flow::Open)
    }

    /// Notes the welcome, when it is the first thing heard.
    fn greet(&mut self, now: u64) {
        if self.welcome.is_none() {
            self.welcome = Some(now.saturating_sub(self.began));
            self.stage.welcomed.pass();
        }
    }

    /// Passes the gate of those who have received everything; only readers count.
    fn pass_complete(&mut self) {
        self.complete = true;
        if !self.frozen {
            self.stage.complete.pass();
        }
    }

    /// Ends its part: passes every gate it has not passed, so that nobody waits for it, and closes its ledger.
    fn finish(mut self, end: End) -> Outcome {
        if self.welcome.is_none() {
            self.stage.welcomed.pass();
        }
        if !self.complete {
            self.pass_complete();
        }
        Outcome {
            frozen: self.frozen,
            end,
            began: self.began,
            welcome: self.welcome,
            findings: self.ledger.close(!self.frozen),
            cuts: self.cuts,
        }
    }
}

/// Whether a call only has to be made again later.
fn is_no_failure(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
