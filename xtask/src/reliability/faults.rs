//! System calls that fail under the running server: it does not hang, spin or panic, and once the
//! fault is over every client that is still connected is served as before.
//!
//! `strace` is attached to a server with clients and makes some or all calls of one kind fail with one error. Meanwhile
//! one client sends, and others connect. Then strace detaches, and the clients are checked.

use super::Context;
use super::client::Client;
use super::clock::{now, sleep, wait_until};
use super::server::{Server, ServerCommand};
use super::table::Table;
use rustix::process::{Pid, Signal};
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The calls, by strace's names; `?`: the machine may not have it.
const CALLS: [(&str, &str); 5] = [
    ("accept", "?accept,?accept4"),
    ("read", "?recvfrom,?recvmsg,?readv"),
    ("write", "?sendto,?sendmsg,?writev"),
    ("wait", "?epoll_wait,?epoll_pwait,?epoll_pwait2"),
    ("epoll_ctl", "epoll_ctl"),
];
/// The errors.
const ERRORS: [&str; 5] = ["EINTR", "EAGAIN", "ENOBUFS", "ENOMEM", "ECONNABORTED"];
/// Errors that last for as long as a machine is short of a resource.
const LASTING: [&str; 2] = ["ENOBUFS", "ENOMEM"];
/// Which calls fail in a case.
const SOME: (&str, &str) = ("one in three", "2+3");
/// Which calls fail in a lasting fault.
const ALWAYS: (&str, &str) = ("all", "1+");
/// Clients that are connected before the fault.
const CLIENTS: usize = 4;
/// Lines that one of them sends during the fault; with each of them a new client connects.
const LINES: usize = 10;
/// Time between them.
const LINE_EVERY: Duration = Duration::from_millis(10);
/// How long the server is then observed while nothing happens.
const IDLE: Duration = Duration::from_millis(400);
/// The share of a processor that it may use then; strace stops it at each call, so this is not zero.
const IDLE_SHARE: f64 = 0.1;
/// How long after the fault everything that is due may take.
const RECOVERY: Duration = Duration::from_millis(1_100);
/// How long strace may take to attach, and to detach.
const STRACE_TIMEOUT: Duration = Duration::from_secs(10);

/// One fault.
#[derive(Clone, Copy, Debug)]
struct Fault {
    /// The kind of call, and strace's names for it.
    calls: (&'static str, &'static str),
    /// The error.
    error: &'static str,
    /// Which calls fail: a description, and strace's expression.
    when: (&'static str, &'static str),
}

/// The server's reaction.
#[derive(Debug, Default)]
struct Reaction {
    /// How many calls failed.
    injected: usize,
    /// How many of the first clients stayed connected.
    stayed: usize,
    /// How many of the new clients were welcomed.
    joined: usize,
    /// How many of the new clients were neither welcomed nor closed when the fault was over.
    undecided: usize,
    /// How many of the new clients were closed without a welcome.
    closed: usize,
    /// Lines that clients that stayed did not receive.
    lost: usize,
    /// The server's share of a processor while nothing happened.
    share: f64,
    /// The time from the end of the fault until everything due had come, if it came in time.
    recovery: Option<Duration>,
    /// Whether the log has a panic.
    panicked: bool,
    /// Whether the server ended with exit code 0.
    ended_well: bool,
}

/// Injects every fault; in the short form one of each kind of call.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    if let Err(why) = can_attach(context) {
        table.skipped("faults", &format!("no fault can be injected: {why}"));
        return Ok(());
    }
    for fault in faults(context.short) {
        let reaction = fault.inject(context)?;
        let ok = reaction.is_good(fault);
        table.row(&fault.to_string(), reaction, "no hang, spin, panic, or loss", ok);
    }
    Ok(())
}

/// The faults to inject.
fn faults(short: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (row, calls) in CALLS.into_iter().enumerate() {
        for (index, error) in ERRORS.into_iter().enumerate() {
            if !short || index == row {
                faults.push(Fault { calls, error, when: SOME });
            }
        }
        let lasts = LASTING.iter().filter(|_| !short && calls.0 != "read" && calls.0 != "write");
        faults.extend(lasts.map(|error| Fault { calls, error, when: ALWAYS }));
    }
    faults
}

/// Fails if strace is not installed or may not attach to a server.
fn can_attach(context: &Context) -> io::Result<()> {
    let server = ServerCommand::new(&context.root, &context.program, "faults")?.start()?;
    Fault { calls: CALLS[0], error: ERRORS[0], when: SOME }.begin(&server)?.detach().map(drop)
}

impl Fault {
    /// Injects it into a server.
    fn inject(self, context: &Context) -> io::Result<Reaction> {
        let server = ServerCommand::new(&context.root, &context.program, "faults")?.start()?;
        let clients = (0..CLIENTS).map(|_| Client::join(server.address));
        let mut clients = Clients::new(clients.collect::<io::Result<_>>()?);
        let tracer = self.begin(&server)?;
        for line in 0..LINES {
            clients.send(0, &format!("during {line}"));
            // A client that cannot connect counts as closed.
            clients.new.extend(Client::connect(server.address).map(NewClient::new));
            sleep(LINE_EVERY);
            clients.receive();
        }
        let (began, busy) = (now(), server.cpu_time()?);
        sleep(IDLE);
        let spent = server.cpu_time()?.saturating_sub(busy);
        let share = spent.as_secs_f64() / began.elapsed().as_secs_f64();
        let injected = tracer.detach()?;
        let mut reaction = Reaction { injected, share, ..Reaction::default() };
        clients.recover(&server, RECOVERY * context.slack(), &mut reaction)?;
        reaction.panicked = server.log()?.contains("panicked");
        drop(clients);
        reaction.ended_well = server.stop()?.0.success();
        Ok(reaction)
    }

    /// Attaches strace to a server, so that calls fail from now on.
    fn begin(self, server: &Server) -> io::Result<Tracer> {
        let log = server.log_path().with_extension("strace");
        let ((_, calls), (_, when)) = (self.calls, self.when);
        let child = Command::new("strace")
            .args(["-f", "-qq", "-p", &server.pid().to_string(), "-o"])
            .arg(&log)
            .args(["-e", &format!("trace={calls}")])
            .args(["-e", &format!("inject={calls}:error={}:when={when}", self.error)])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut tracer = Tracer { child, log };
        wait_until("strace attached", STRACE_TIMEOUT, || {
            if let Some(status) = tracer.child.try_wait()? {
                return Err(io::Error::other(format!("strace may not attach: {status}")));
            }
            Ok(server.is_traced()?.then_some(()))
        })?;
        Ok(tracer)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fails with {}, {}", self.calls.0, self.error, self.when.0)
    }
}

impl Reaction {
    /// Whether all is as it must be.
    fn is_good(&self, fault: Fault) -> bool {
        // "Try again" must not disconnect a client; epoll_ctl never fails so.
        let again =
            fault.error == "EINTR" || fault.error == "EAGAIN" && fault.calls.0 != "epoll_ctl";
        let all_there = self.stayed == CLIENTS && self.joined == LINES;
        let calm = self.share < IDLE_SHARE && !self.panicked && self.ended_well;
        let served = self.lost == 0 && self.recovery.is_some();
        self.injected > 0 && calm && served && (all_there || !again)
    }
}

impl fmt::Display for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed; {} of {CLIENTS} stay; ", self.injected, self.stayed)?;
        write!(f, "of {LINES} new ones {} joined ", self.joined)?;
        write!(f, "({} late), {} closed; ", self.undecided, self.closed)?;
        write!(f, "{} lines lost; idle at {:.1} %; ", self.lost, self.share * 100.0)?;
        match self.recovery {
            Some(after) => write!(f, "served {} ms after", after.as_millis())?,
            None => f.write_str("NOT SERVED after")?,
        }
        f.write_str(if self.panicked { "; PANICKED" } else { "" })?;
        f.write_str(if self.ended_well { "" } else { "; ENDED BADLY" })
    }
}

/// An attached strace.
#[derive(Debug)]
struct Tracer {
    /// The process.
    child: Child,
    /// The file that it writes.
    log: PathBuf,
}

impl Tracer {
    /// Detaches from the server; how many calls failed.
    fn detach(mut self) -> io::Result<usize> {
        // On SIGINT it detaches, and its tracees go on.
        rustix::process::kill_process(Pid::from_child(&self.child), Signal::INT)?;
        wait_until("strace detached", STRACE_TIMEOUT, || self.child.try_wait())?;
        Ok(fs::read_to_string(&self.log)?.matches("(INJECTED)").count())
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        // Both fail only where it has ended and been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The clients before the fault and the new ones.
#[derive(Debug)]
struct Clients {
    /// Those before the fault, with the lines that each received; `None` once the connection has ended.
    first: Vec<Option<(Client, Vec<String>)>>,
    /// The new ones.
    new: Vec<NewClient>,
    /// The lines that were sent, each with its sender.
    sent: Vec<(usize, String)>,
}

/// A client that connected during the fault.
#[derive(Debug)]
struct NewClient {
    /// The connection, while it lasts.
    client: Option<Client>,
    /// Whether it was welcomed.
    welcomed: bool,
}

impl NewClient {
    fn new(client: Client) -> Self {
        Self { client: Some(client), welcomed: false }
    }

    /// Reads what has come.
    fn receive(&mut self) {
        let Some(client) = &mut self.client else { return };
        let welcomed = &mut self.welcomed;
        let open = client.drain(|line| *welcomed |= line.starts_with("* welcome"));
        if !open.unwrap_or(false) {
            self.client = None;
        }
    }

    /// Sends an empty line, which causes an event. The server believes a false EAGAIN until the socket's next event: no
    /// kernel returns it without one.
    fn nudge(&mut self) {
        if let Some(client) = &mut self.client {
            // Reading tells whether the connection is closed.
            let _ = client.send("\n");
        }
    }

    /// Whether it was welcomed or closed.
    fn is_decided(&self) -> bool {
        self.welcomed || self.client.is_none()
    }
}

impl Clients {
    fn new(clients: Vec<Client>) -> Self {
        let first = clients.into_iter().map(|client| Some((client, Vec::new()))).collect();
        Self { first, new: Vec::new(), sent: Vec::new() }
    }

    /// One of the first clients sends a line, if it is still connected.
    fn send(&mut self, sender: usize, line: &str) {
        if let Some((client, _)) = &mut self.first[sender]
            && client.send(&format!("{line}\n")).is_ok()
        {
            self.sent.push((sender, line.to_owned()));
        }
    }

    /// Reads what has come to all clients.
    fn receive(&mut self) {
        for slot in &mut self.first {
            let open = match slot {
                Some((client, received)) => client
                    .drain(|line| received.extend(line.split_once(": ").map(|it| it.1.to_owned()))),
                None => continue,
            };
            if !open.unwrap_or(false) {
                *slot = None;
            }
        }
        self.new.iter_mut().for_each(NewClient::receive);
    }

    /// After the fault: every connected client sends a line, which must reach all others; one more client joins.
    fn recover(
        &mut self,
        server: &Server,
        timeout: Duration,
        reaction: &mut Reaction,
    ) -> io::Result<()> {
        self.receive();
        for sender in 0..CLIENTS {
            self.send(sender, &format!("after {sender}"));
        }
        let undecided = self.new.iter_mut().filter(|one| !one.is_decided());
        reaction.undecided = undecided.map(NewClient::nudge).count();
        self.new.push(NewClient::new(Client::connect(server.address)?));
        let waited = wait_until("what is due", timeout, || {
            self.receive();
            let decided = self.new.iter().all(NewClient::is_decided);
            Ok((decided && self.lost() == 0).then_some(()))
        });
        let last = self.new.pop().is_some_and(|last| last.welcomed);
        reaction.recovery = waited.ok().filter(|_| last).map(|((), after)| after);
        reaction.stayed = self.first.iter().flatten().count();
        reaction.joined = self.new.iter().filter(|one| one.welcomed).count();
        reaction.closed = LINES - reaction.joined;
        reaction.lost = self.lost();
        Ok(())
    }

    /// Lines of connected clients that another connected client did not receive in order.
    fn lost(&self) -> usize {
        let is_connected = |sender: &usize| self.first[*sender].is_some();
        let mut lost = 0;
        for (receiver, slot) in self.first.iter().enumerate() {
            let Some((_, received)) = slot else { continue };
            for sender in (0..CLIENTS).filter(|sender| *sender != receiver).filter(is_connected) {
                let sent = self.sent.iter().filter(|(by, _)| *by == sender).map(|(_, line)| line);
                let mut received = received.iter();
                lost += sent.filter(|&line| !received.any(|one| one == line)).count();
            }
        }
        lost
    }
}
