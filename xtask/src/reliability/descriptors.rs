//! A server without a free descriptor: it does not spin, connected clients notice nothing, and a waiting client is accepted as soon
//! as a descriptor is free.
//!
//! Two cases for each limit. *Full*: as many clients as the server's own limit allows, and more that keep connecting
//! and are rejected with a message. *Out*: the limit of descriptors is lowered under the running server to what it
//! has open, so that each accept fails with EMFILE while clients wait in the listener's queue.

use super::Context;
use super::client::Client;
use super::clock::{now, sleep};
use super::server::{Server, ServerCommand};
use super::table::{Table, milliseconds};
use std::io;
use std::time::Duration;

/// The limits that are tested; the short form tests the first one.
const LIMITS: [u64; 3] = [64, 256, 1_024];
/// How long the server is observed, with and without waiting clients.
const OBSERVE: Duration = Duration::from_secs(10);
/// The same in the short form.
const SHORT_OBSERVE: Duration = Duration::from_secs(2);
/// Time between two lines that are sent meanwhile.
const LINE_EVERY: Duration = Duration::from_millis(250);
/// How many clients measure the time of a line.
const RECEIVERS: usize = 4;
/// How many clients connect, or wait in the queue, at a time.
const WAITING: usize = 8;
/// The share of a processor that accepting may take.
const ACCEPT_SHARE: f64 = 0.01;
/// How long a descriptor may be free until a waiting client is welcomed.
const WELCOME: Duration = Duration::from_millis(1_100);
/// How long to wait for that welcome.
const WELCOME_TIMEOUT: Duration = Duration::from_secs(10);
/// After this time without a descriptor the pause between two accepts is at its longest.
const LONGEST_BACKOFF: Duration = Duration::from_millis(1_500);
/// How much longer a line may take than without waiting clients. Both are well below a millisecond on an idle machine;
/// a spin or a blocked loop costs tens.
const EXTRA_DELAY: Duration = Duration::from_millis(10);

/// Tests every limit.
pub(super) fn run(context: &Context, table: &mut Table) -> io::Result<()> {
    let limits = if context.short { &LIMITS[..1] } else { &LIMITS[..] };
    for &limit in limits {
        full(context, table, limit)?;
        out(context, table, limit)?;
    }
    Ok(())
}

/// A server with clients, one of which sends lines.
struct Clients {
    /// The server.
    server: Server,
    /// The connected clients; the first one sends.
    connected: Vec<Client>,
    /// Lines sent so far.
    sent: usize,
}

/// What was observed.
struct Observed {
    /// The server's share of a processor.
    share: f64,
    /// The longest time of a line to the last of the receivers.
    slowest: Duration,
}

/// The server's own limit of connections is reached.
fn full(context: &Context, table: &mut Table, limit: u64) -> io::Result<()> {
    let server =
        ServerCommand::new(&context.root, &context.program, "full")?.fd_limit(limit).start()?;
    let mut clients = Clients { server, connected: Vec::new(), sent: 0 };
    while let Some(client) = try_join(&clients.server)? {
        clients.connected.push(client);
    }
    let quiet = clients.observe(context, |_| Ok(()))?;
    let mut rejected = 0;
    let busy = clients.observe(context, |server| {
        for _ in 0..WAITING {
            rejected += usize::from(try_join(server)?.is_none());
        }
        Ok(())
    })?;
    let connected = clients.connected.len();
    let what = format!("{limit} descriptors, {connected} clients, all slots taken");
    clients.report(context, table, &format!("{what}, {rejected} rejected"), &quiet, &busy);
    clients.connected.pop();
    let freed = now();
    let mut next = None;
    while next.is_none() && freed.elapsed() < WELCOME_TIMEOUT {
        next = try_join(&clients.server)?;
    }
    let waited = freed.elapsed();
    clients.connected.extend(next);
    report_welcome(context, table, &format!("{what}: one leaves, the next has joined"), waited);
    clients.close(table, &what)
}

/// The kernel gives the server no more descriptors.
fn out(context: &Context, table: &mut Table, limit: u64) -> io::Result<()> {
    let server =
        ServerCommand::new(&context.root, &context.program, "out")?.fd_limit(limit).start()?;
    let mut clients = Clients { server, connected: Vec::new(), sent: 0 };
    // Leaves slots for the clients that join when the limit is raised.
    while clients.connected.len() + 2 * WAITING < limit as usize - limit as usize / 4 {
        let Some(client) = try_join(&clients.server)? else { break };
        clients.connected.push(client);
    }
    let quiet = clients.observe(context, |_| Ok(()))?;
    clients.server.set_soft_fd_limit(clients.server.next_fd()?)?;
    let waiting = (0..WAITING).map(|_| Client::connect(clients.server.address));
    let mut waiting = waiting.collect::<io::Result<Vec<_>>>()?;
    let starving = clients.observe(context, |_| Ok(()))?;
    let connected = clients.connected.len();
    let what = format!("{limit} descriptors, {connected} clients, EMFILE");
    clients.report(context, table, &format!("{what}, {WAITING} in the queue"), &quiet, &starving);
    let lines = clients.server.log()?.lines().filter(|line| line.contains("cannot accept")).count();
    table.row(&format!("{what}: lines of log"), lines, "1 to 4", (1..=4).contains(&lines));

    let freed = now();
    drop(clients.connected.pop());
    let mut first = waiting.remove(0);
    first.expect_welcome(WELCOME_TIMEOUT)?;
    report_welcome(
        context,
        table,
        &format!("{what}: one leaves, the first in the queue has joined"),
        freed.elapsed(),
    );
    clients.connected.push(first);
    sleep(LONGEST_BACKOFF);
    let freed = now();
    clients.server.set_soft_fd_limit(limit)?;
    for client in &mut waiting {
        client.expect_welcome(WELCOME_TIMEOUT)?;
    }
    report_welcome(
        context,
        table,
        &format!("{what}: the limit is raised, all in the queue have joined"),
        freed.elapsed(),
    );
    clients.connected.extend(waiting);
    clients.close(table, &what)
}

/// Connects; `None`: the server rejected the connection, with the right message.
fn try_join(server: &Server) -> io::Result<Option<Client>> {
    let mut client = Client::connect(server.address)?;
    let joined = client.wait_for(super::client::TIMEOUT, |line| match line {
        _ if line.starts_with("* welcome") => Some(true),
        "! the server is full, please try again later" => Some(false),
        _ => None,
    })?;
    Ok(joined.then_some(client))
}

fn report_welcome(context: &Context, table: &mut Table, what: &str, waited: Duration) {
    let goal = WELCOME * context.slack();
    table.row(what, milliseconds(waited), &format!("< {}", milliseconds(goal)), waited < goal);
}

impl Clients {
    /// Sends lines for a while, and calls `between` between two lines.
    fn observe(
        &mut self,
        context: &Context,
        mut between: impl FnMut(&Server) -> io::Result<()>,
    ) -> io::Result<Observed> {
        let time = if context.short { SHORT_OBSERVE } else { OBSERVE };
        let (began, busy) = (now(), self.server.cpu_time()?);
        let mut slowest = Duration::ZERO;
        while began.elapsed() < time {
            slowest = slowest.max(self.send_line()?);
            between(&self.server)?;
            sleep(LINE_EVERY);
        }
        let spent = self.server.cpu_time()?.saturating_sub(busy);
        Ok(Observed { share: spent.as_secs_f64() / began.elapsed().as_secs_f64(), slowest })
    }

    /// Sends one line; the time until the last of the receivers has it.
    fn send_line(&mut self) -> io::Result<Duration> {
        self.sent += 1;
        let line = format!("line {}", self.sent);
        let began = now();
        self.connected[0].send(&format!("{line}\n"))?;
        for receiver in self.connected.iter_mut().skip(1).take(RECEIVERS) {
            receiver.wait_for(super::client::TIMEOUT, |got| got.ends_with(&line).then_some(()))?;
        }
        Ok(began.elapsed())
    }

    /// The rows of what was observed without and with waiting clients.
    fn report(
        &self,
        context: &Context,
        table: &mut Table,
        what: &str,
        quiet: &Observed,
        busy: &Observed,
    ) {
        let (share, most) = (busy.share - quiet.share, ACCEPT_SHARE * f64::from(context.slack()));
        let percent = |share: f64| format!("{:.2} %", share * 100.0);
        let shares = format!("{} more than the {} without", percent(share), percent(quiet.share));
        let goal = format!("< {:.0} %", most * 100.0);
        let name = format!("{what}: accepting's share of a processor");
        table.row(&name, shares, &goal, share < most);
        let more = EXTRA_DELAY * context.slack();
        let times =
            format!("{}, {} without", milliseconds(busy.slowest), milliseconds(quiet.slowest));
        let goal = format!("at most {} more", milliseconds(more));
        let ok = busy.slowest < quiet.slowest + more;
        table.row(&format!("{what}: slowest line"), times, &goal, ok);
    }

    /// Checks that every client received every line; then stops the server.
    fn close(mut self, table: &mut Table, what: &str) -> io::Result<()> {
        self.send_line()?;
        let receivers = self.connected.len() - 1;
        let sent = self.sent;
        let complete = self
            .connected
            .iter_mut()
            .skip(1 + RECEIVERS)
            .filter_map(|client| received_all(client, sent).ok());
        let complete = complete.filter(|&complete| complete).count() + RECEIVERS;
        table.row(
            &format!("{what}: received every line"),
            format!("{complete} of {receivers}"),
            "all",
            complete == receivers,
        );
        let (status, _) = self.server.stop()?;
        table.row(&format!("{what}: the server's end"), status, "exit status: 0", status.success());
        Ok(())
    }
}

/// Whether a client received every line from its first one to the last that was sent.
fn received_all(client: &mut Client, sent: usize) -> io::Result<bool> {
    let mut expected = None;
    let mut complete = true;
    client.wait_for(super::client::TIMEOUT, |line| {
        let number: usize = line.split_once(": line ")?.1.parse().ok()?;
        complete &= expected.is_none_or(|expected| expected == number);
        expected = Some(number + 1);
        (number == sent).then_some(())
    })?;
    Ok(complete)
}
