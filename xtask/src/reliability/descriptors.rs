//! A server that has no descriptor left: it does not spin, those inside notice nothing, and whoever waits is in as soon
//! as a descriptor is free.
//!
//! Two courses for each limit. *Full*: as many people as the server lets in by its own limit, and more who keep knocking
//! and are turned away with a sentence. *Out*: the limit of descriptors is lowered under the running server to what it
//! has open, so that each accept fails with EMFILE while people wait in the listener's queue.

use super::Context;
use super::client::Client;
use super::clock::{now, pause};
use super::server::{Server, Start};
use super::table::{Table, milliseconds};
use std::io;
use std::time::Duration;

/// The limits that are tried; the short form tries the first one.
const LIMITS: [u64; 3] = [64, 256, 1_024];
/// How long the server is watched, with and without people at its door.
const WATCH: Duration = Duration::from_secs(10);
/// The same in the short form.
const SHORT_WATCH: Duration = Duration::from_secs(2);
/// Time between two lines that are said meanwhile.
const LINE_EVERY: Duration = Duration::from_millis(250);
/// How many of those inside are listened to for the time that a line takes.
const LISTENERS: usize = 4;
/// How many knock, or wait in the queue, at a time.
const AT_THE_DOOR: usize = 8;
/// The share of a processor that the door may take.
const DOOR_SHARE: f64 = 0.01;
/// How long a descriptor may be free before whoever waits is welcome.
const WELCOME: Duration = Duration::from_millis(1_100);
/// How long whoever waits is watched for.
const LATE: Duration = Duration::from_secs(10);
/// After this time without a descriptor the server looks for one as seldom as it ever does.
const LONGEST_BACKOFF: Duration = Duration::from_millis(1_500);
/// How much longer a line may take than without people at the door. Both are well below a millisecond on an idle machine;
/// a spin or a blocked loop costs tens.
const DELAY: Duration = Duration::from_millis(10);

/// Tries every limit.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    let limits = if context.short { &LIMITS[..1] } else { &LIMITS[..] };
    for &limit in limits {
        full(context, table, limit)?;
        out(context, table, limit)?;
    }
    Ok(())
}

/// A room in which somebody talks.
struct Room {
    /// The server.
    server: Server,
    /// Those inside; the first one talks.
    people: Vec<Client>,
    /// Lines said so far.
    said: usize,
}

/// What was seen while a room was watched.
struct Seen {
    /// The server's time on a processor, as a share of one.
    share: f64,
    /// The longest that a line took to the last of those who were listened to.
    slowest: Duration,
}

/// By the server's own limit there is no place left.
fn full(context: &Context, table: &mut Table, limit: u64) -> io::Result<()> {
    let server = Start::new(&context.root, &context.program, "full")?.descriptors(limit).start()?;
    let mut room = Room { server, people: Vec::new(), said: 0 };
    while let Some(person) = room.come()? {
        room.people.push(person);
    }
    let quiet = room.watch(context, |_| Ok(()))?;
    let mut turned_away = 0;
    let knocking = room.watch(context, |server| {
        for _ in 0..AT_THE_DOOR {
            turned_away += usize::from(knock(server)?.is_none());
        }
        Ok(())
    })?;
    let inside = room.people.len();
    let what = format!("{limit} descriptors, {inside} people, all places taken");
    room.report(context, table, &format!("{what}, {turned_away} turned away"), &quiet, &knocking);
    room.people.pop();
    let freed = now();
    let mut next = None;
    while next.is_none() && freed.elapsed() < LATE {
        next = knock(&room.server)?;
    }
    let waited = freed.elapsed();
    room.people.extend(next);
    report_welcome(context, table, &format!("{what}: one leaves, the next is in"), waited);
    room.close(table, &what)
}

/// The kernel gives the server no descriptor more.
fn out(context: &Context, table: &mut Table, limit: u64) -> io::Result<()> {
    let server = Start::new(&context.root, &context.program, "out")?.descriptors(limit).start()?;
    let mut room = Room { server, people: Vec::new(), said: 0 };
    // Room for those who come when the limit is lifted.
    while room.people.len() + 2 * AT_THE_DOOR < limit as usize - limit as usize / 4 {
        let Some(person) = room.come()? else { break };
        room.people.push(person);
    }
    let quiet = room.watch(context, |_| Ok(()))?;
    room.server.limit_descriptors(room.server.next_descriptor()?)?;
    let waiting = (0..AT_THE_DOOR).map(|_| Client::connect(room.server.address));
    let mut waiting = waiting.collect::<io::Result<Vec<_>>>()?;
    let starving = room.watch(context, |_| Ok(()))?;
    let inside = room.people.len();
    let what = format!("{limit} descriptors, {inside} people, EMFILE");
    room.report(context, table, &format!("{what}, {AT_THE_DOOR} in the queue"), &quiet, &starving);
    let lines = room.server.log()?.lines().filter(|line| line.contains("cannot accept")).count();
    table.row(&format!("{what}: lines of log"), lines, "1 to 4", (1..=4).contains(&lines));

    let freed = now();
    drop(room.people.pop());
    let mut first = waiting.remove(0);
    first.welcomed(LATE)?;
    report_welcome(
        context,
        table,
        &format!("{what}: one leaves, the first in the queue is in"),
        freed.elapsed(),
    );
    room.people.push(first);
    pause(LONGEST_BACKOFF);
    let freed = now();
    room.server.limit_descriptors(limit)?;
    for person in &mut waiting {
        person.welcomed(LATE)?;
    }
    report_welcome(
        context,
        table,
        &format!("{what}: the limit is lifted, all in the queue are in"),
        freed.elapsed(),
    );
    room.people.extend(waiting);
    room.close(table, &what)
}

/// Comes to the door; `None` for who is turned away with the right words.
fn knock(server: &Server) -> io::Result<Option<Client>> {
    let mut person = Client::connect(server.address)?;
    let inside = person.hear(super::client::PATIENCE, |line| match line {
        _ if line.starts_with("* welcome") => Some(true),
        "! the server is full, please try again later" => Some(false),
        _ => None,
    })?;
    Ok(inside.then_some(person))
}

fn report_welcome(context: &Context, table: &mut Table, what: &str, waited: Duration) {
    let goal = WELCOME * context.slack();
    table.row(what, milliseconds(waited), &format!("< {}", milliseconds(goal)), waited < goal);
}

impl Room {
    /// The next one, if he is let in.
    fn come(&mut self) -> io::Result<Option<Client>> {
        knock(&self.server)
    }

    /// Talks for a while, and does something at the door between two lines.
    fn watch(
        &mut self,
        context: &Context,
        mut door: impl FnMut(&Server) -> io::Result<()>,
    ) -> io::Result<Seen> {
        let watch = if context.short { SHORT_WATCH } else { WATCH };
        let (began, busy) = (now(), self.server.busy()?);
        let mut slowest = Duration::ZERO;
        while began.elapsed() < watch {
            slowest = slowest.max(self.talk()?);
            door(&self.server)?;
            pause(LINE_EVERY);
        }
        let spent = self.server.busy()?.saturating_sub(busy);
        Ok(Seen { share: spent.as_secs_f64() / began.elapsed().as_secs_f64(), slowest })
    }

    /// One line, and how long it took to the last of those who are listened to.
    fn talk(&mut self) -> io::Result<Duration> {
        self.said += 1;
        let line = format!("line {}", self.said);
        let began = now();
        self.people[0].say(&format!("{line}\n"))?;
        for listener in self.people.iter_mut().skip(1).take(LISTENERS) {
            listener.hear(super::client::PATIENCE, |heard| heard.ends_with(&line).then_some(()))?;
        }
        Ok(began.elapsed())
    }

    /// The rows of what was seen without and with people at the door.
    fn report(&self, context: &Context, table: &mut Table, what: &str, quiet: &Seen, door: &Seen) {
        let (share, most) = (door.share - quiet.share, DOOR_SHARE * f64::from(context.slack()));
        let percent = |share: f64| format!("{:.2} %", share * 100.0);
        let shares = format!("{} more than the {} without", percent(share), percent(quiet.share));
        let goal = format!("< {:.0} %", most * 100.0);
        let name = format!("{what}: the door's share of a processor");
        table.row(&name, shares, &goal, share < most);
        let more = DELAY * context.slack();
        let times =
            format!("{}, {} without", milliseconds(door.slowest), milliseconds(quiet.slowest));
        let goal = format!("at most {} more", milliseconds(more));
        let ok = door.slowest < quiet.slowest + more;
        table.row(&format!("{what}: slowest line"), times, &goal, ok);
    }

    /// Everybody inside must have had every line; then the server stops.
    fn close(mut self, table: &mut Table, what: &str) -> io::Result<()> {
        self.talk()?;
        let listeners = self.people.len() - 1;
        let said = self.said;
        let whole = self
            .people
            .iter_mut()
            .skip(1 + LISTENERS)
            .filter_map(|person| heard_all(person, said).ok());
        let heard = whole.filter(|&whole| whole).count() + LISTENERS;
        table.row(
            &format!("{what}: heard every line"),
            format!("{heard} of {listeners}"),
            "all",
            heard == listeners,
        );
        let (status, _) = self.server.stop()?;
        table.row(&format!("{what}: the server's end"), status, "exit status: 0", status.success());
        Ok(())
    }
}

/// Whether somebody heard every line from the first that he heard to the last that was said.
fn heard_all(person: &mut Client, said: usize) -> io::Result<bool> {
    let mut expected = None;
    let mut whole = true;
    person.hear(super::client::PATIENCE, |line| {
        let number: usize = line.split_once(": line ")?.1.parse().ok()?;
        whole &= expected.is_none_or(|expected| expected == number);
        expected = Some(number + 1);
        (number == said).then_some(())
    })?;
    Ok(whole)
}
