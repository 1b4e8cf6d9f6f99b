//! System calls that fail under the running server: whatever it is told, it does not hang, spin or panic, and once the
//! fault is over everybody who is still there is served as before.
//!
//! `strace` is attached to a server with people in it and makes some or all calls of one kind fail with one error. Meanwhile
//! somebody talks, and people come. Then strace lets go, and it is looked at who is there and what he heard.

use super::Context;
use super::client::Client;
use super::clock::{now, pause, wait_for};
use super::server::{Server, Start};
use super::table::Table;
use rustix::process::{Pid, Signal};
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The calls, by the names that strace knows; those that a machine does not have are passed over.
const CALLS: [(&str, &str); 5] = [
    ("accept", "?accept,?accept4"),
    ("read", "?recvfrom,?recvmsg,?readv"),
    ("write", "?sendto,?sendmsg,?writev"),
    ("wait", "?epoll_wait,?epoll_pwait,?epoll_pwait2"),
    ("epoll_ctl", "epoll_ctl"),
];
/// The errors.
const ERRORS: [&str; 5] = ["EINTR", "EAGAIN", "ENOBUFS", "ENOMEM", "ECONNABORTED"];
/// Errors that may go on for as long as a machine is short of something.
const LASTING: [&str; 2] = ["ENOBUFS", "ENOMEM"];
/// How often a call fails in a case.
const OFTEN: (&str, &str) = ("one in three", "2+3");
/// How a lasting fault is injected.
const ALWAYS: (&str, &str) = ("all", "1+");
/// People who are there before the fault.
const PEOPLE: usize = 4;
/// Lines that one of them says during the fault; with each somebody comes.
const LINES: usize = 10;
/// Time between them.
const LINE_EVERY: Duration = Duration::from_millis(10);
/// How long the server is then watched while nothing happens.
const IDLE: Duration = Duration::from_millis(400);
/// The share of a processor that it may use then: strace stops it at each call, which is no spin.
const IDLE_SHARE: f64 = 0.1;
/// How long after the fault everything may take that is due.
const RECOVERY: Duration = Duration::from_millis(1_100);
/// How long strace may take to attach, and to let go.
const PATIENCE: Duration = Duration::from_secs(10);

/// One fault.
#[derive(Clone, Copy, Debug)]
struct Fault {
    /// The kind of call, and strace's names for it.
    calls: (&'static str, &'static str),
    /// The error.
    error: &'static str,
    /// Which calls fail, in words and for strace.
    when: (&'static str, &'static str),
}

/// What became of it.
#[derive(Debug, Default)]
struct Reaction {
    /// How many calls failed.
    injected: usize,
    /// How many of those who were there stayed.
    stayed: usize,
    /// How many of those who came meanwhile are in.
    came_in: usize,
    /// How many of them were neither when the fault was over.
    stirred: usize,
    /// How many of them were closed without a welcome.
    closed: usize,
    /// Lines that those who stayed did not get.
    lost: usize,
    /// The server's share of a processor while nothing happened.
    share: f64,
    /// How long the last of all that was due took after the fault, if it came in time.
    recovery: Option<Duration>,
    /// Whether something panicked.
    panicked: bool,
    /// Whether the server ended with exit code 0.
    ended_well: bool,
}

/// Tries every fault; in the short form one of each kind of call.
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

/// The faults to try.
fn faults(short: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (place, calls) in CALLS.into_iter().enumerate() {
        for (index, error) in ERRORS.into_iter().enumerate() {
            if !short || index == place {
                faults.push(Fault { calls, error, when: OFTEN });
            }
        }
        let lasts = LASTING.iter().filter(|_| !short && calls.0 != "read" && calls.0 != "write");
        faults.extend(lasts.map(|error| Fault { calls, error, when: ALWAYS }));
    }
    faults
}

/// Whether strace is there and may attach to a server.
fn can_attach(context: &Context) -> io::Result<()> {
    let server = Start::new(&context.root, &context.program, "faults")?.start()?;
    Fault { calls: CALLS[0], error: ERRORS[0], when: OFTEN }.begin(&server)?.end().map(drop)
}

impl Fault {
    /// Lets it happen to a server.
    fn inject(self, context: &Context) -> io::Result<Reaction> {
        let server = Start::new(&context.root, &context.program, "faults")?.start()?;
        let people = (0..PEOPLE).map(|_| Client::join(server.address));
        let mut room = Room::new(people.collect::<io::Result<_>>()?);
        let tracer = self.begin(&server)?;
        for line in 0..LINES {
            room.say(0, &format!("during {line}"));
            // Who cannot even connect is as good as closed.
            room.newcomers.extend(Client::connect(server.address).map(Newcomer::new));
            pause(LINE_EVERY);
            room.look();
        }
        let (began, busy) = (now(), server.busy()?);
        pause(IDLE);
        let spent = server.busy()?.saturating_sub(busy);
        let share = spent.as_secs_f64() / began.elapsed().as_secs_f64();
        let injected = tracer.end()?;
        let mut reaction = Reaction { injected, share, ..Reaction::default() };
        room.recover(&server, RECOVERY * context.slack(), &mut reaction)?;
        reaction.panicked = server.log()?.contains("panicked");
        drop(room);
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
        wait_for("strace attached", PATIENCE, || {
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
        // What is no more than "try again" must not cost anybody his connection; epoll_ctl never says so.
        let again =
            fault.error == "EINTR" || fault.error == "EAGAIN" && fault.calls.0 != "epoll_ctl";
        let all_there = self.stayed == PEOPLE && self.came_in == LINES;
        let calm = self.share < IDLE_SHARE && !self.panicked && self.ended_well;
        let served = self.lost == 0 && self.recovery.is_some();
        self.injected > 0 && calm && served && (all_there || !again)
    }
}

impl fmt::Display for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed; {} of {PEOPLE} stay; ", self.injected, self.stayed)?;
        write!(f, "of {LINES} who come {} are in ", self.came_in)?;
        write!(f, "({} late), {} closed; ", self.stirred, self.closed)?;
        write!(f, "{} lines lost; idle at {:.1} %; ", self.lost, self.share * 100.0)?;
        match self.recovery {
            Some(after) => write!(f, "served {} ms after", after.as_millis())?,
            None => f.write_str("NOT SERVED after")?,
        }
        f.write_str(if self.panicked { "; PANICKED" } else { "" })?;
        f.write_str(if self.ended_well { "" } else { "; ENDED BADLY" })
    }
}

/// A strace that is attached.
#[derive(Debug)]
struct Tracer {
    /// The process.
    child: Child,
    /// Where it writes what it saw.
    log: PathBuf,
}

impl Tracer {
    /// Lets go of the server; how many calls failed.
    fn end(mut self) -> io::Result<usize> {
        // Asked so, it lets its tracees go on.
        rustix::process::kill_process(Pid::from_child(&self.child), Signal::INT)?;
        wait_for("strace let go", PATIENCE, || self.child.try_wait())?;
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

/// Those who were there and those who came.
#[derive(Debug)]
struct Room {
    /// Those who were there, with what each heard; `None` once his connection has ended.
    people: Vec<Option<(Client, Vec<String>)>>,
    /// Those who came.
    newcomers: Vec<Newcomer>,
    /// What was said, by whom, as far as the connection took it.
    said: Vec<(usize, String)>,
}

/// Somebody who came during the fault.
#[derive(Debug)]
struct Newcomer {
    /// His connection, while it lasts.
    person: Option<Client>,
    /// Whether he was welcomed.
    welcomed: bool,
}

impl Newcomer {
    fn new(person: Client) -> Self {
        Self { person: Some(person), welcomed: false }
    }

    /// Looks what has come.
    fn look(&mut self) {
        let Some(person) = &mut self.person else { return };
        let welcomed = &mut self.welcomed;
        let open = person.drain(|line| *welcomed |= line.starts_with("* welcome"));
        if !open.unwrap_or(false) {
            self.person = None;
        }
    }

    /// Says something that nobody hears. An "again" that is not true is believed until the socket's next event: no
    /// kernel says so and lets no event follow.
    fn stir(&mut self) {
        if let Some(person) = &mut self.person {
            // Whether he is closed is seen by reading.
            let _ = person.say("\n");
        }
    }

    /// Whether it is known what becomes of him.
    fn is_settled(&self) -> bool {
        self.welcomed || self.person.is_none()
    }
}

impl Room {
    fn new(people: Vec<Client>) -> Self {
        let people = people.into_iter().map(|person| Some((person, Vec::new()))).collect();
        Self { people, newcomers: Vec::new(), said: Vec::new() }
    }

    /// One of those who were there says a line, if he still is.
    fn say(&mut self, speaker: usize, line: &str) {
        if let Some((person, _)) = &mut self.people[speaker]
            && person.say(&format!("{line}\n")).is_ok()
        {
            self.said.push((speaker, line.to_owned()));
        }
    }

    /// Takes what has come to everybody.
    fn look(&mut self) {
        for place in &mut self.people {
            let open = match place {
                Some((person, heard)) => person
                    .drain(|line| heard.extend(line.split_once(": ").map(|it| it.1.to_owned()))),
                None => continue,
            };
            if !open.unwrap_or(false) {
                *place = None;
            }
        }
        self.newcomers.iter_mut().for_each(Newcomer::look);
    }

    /// The fault is over: everybody who is left says something, and all of it must reach all others; somebody comes.
    fn recover(
        &mut self,
        server: &Server,
        patience: Duration,
        reaction: &mut Reaction,
    ) -> io::Result<()> {
        self.look();
        for speaker in 0..PEOPLE {
            self.say(speaker, &format!("after {speaker}"));
        }
        let unsettled = self.newcomers.iter_mut().filter(|one| !one.is_settled());
        reaction.stirred = unsettled.map(Newcomer::stir).count();
        self.newcomers.push(Newcomer::new(Client::connect(server.address)?));
        let waited = wait_for("what is due", patience, || {
            self.look();
            let settled = self.newcomers.iter().all(Newcomer::is_settled);
            Ok((settled && self.lost() == 0).then_some(()))
        });
        let last = self.newcomers.pop().is_some_and(|last| last.welcomed);
        reaction.recovery = waited.ok().filter(|_| last).map(|((), after)| after);
        reaction.stayed = self.people.iter().flatten().count();
        reaction.came_in = self.newcomers.iter().filter(|one| one.welcomed).count();
        reaction.closed = LINES - reaction.came_in;
        reaction.lost = self.lost();
        Ok(())
    }

    /// Lines that somebody who is still there said, and somebody who is still there has not got in its place.
    fn lost(&self) -> usize {
        let here = |speaker: &usize| self.people[*speaker].is_some();
        let mut lost = 0;
        for (listener, place) in self.people.iter().enumerate() {
            let Some((_, heard)) = place else { continue };
            for speaker in (0..PEOPLE).filter(|speaker| *speaker != listener).filter(here) {
                let said = self.said.iter().filter(|(by, _)| *by == speaker).map(|(_, line)| line);
                let mut heard = heard.iter();
                lost += said.filter(|&line| !heard.any(|one| one == line)).count();
            }
        }
        lost
    }
}
