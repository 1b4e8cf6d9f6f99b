//! One round of an attack: servers, bystanders, attackers, and SIGTERM during the attack.
//!
//! ```text
//! servers start ─► pairs and an observer join ─► attackers start ─► pairs talk ─► SIGTERM ─► attackers stop
//! ```
//!
//! In the short form pairs talk at the same time on the attacked server and on an idle one. In the full form rounds alternate:
//! in one the idle server is attacked, which is the control, in the other the server on which the pairs talk.

use super::super::Context;
use super::super::clock::{now, sleep, wait_until};
use super::super::server::STOP_TIMEOUT;
use super::attack::{Attack, Process};
use super::attackers;
use super::bystanders::{Pairs, Received};
use super::counts::Counts;
use super::observer::{Lines, Observer};
use super::probe;
use super::test_server::TestServer;
use rustix::process::Signal;
use std::io;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long to wait until all attackers have sent their opening; those that a limit rejects never do.
const OPENED_WITHIN: Duration = Duration::from_millis(700);
/// The same where there are idle clients, too.
const IDLE_WITHIN: Duration = Duration::from_secs(10);

/// The sizes and times of a round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// How many pairs there are.
    pub(super) pairs: usize,
    /// How long they talk.
    pub(super) talk: Duration,
    /// The grace of the server.
    pub(super) grace: Duration,
    /// An attack's number of idle clients is divided by this.
    pub(super) idle_divisor: usize,
}

/// The results of one round.
#[derive(Debug, Default)]
pub(super) struct Round {
    /// What the pairs received.
    pub(super) received: Received,
    /// The same of the pairs on the idle server, at the same time.
    pub(super) control: Option<Received>,
    /// What the observer received.
    pub(super) lines: Lines,
    /// How many attackers were welcomed.
    pub(super) welcomes: u64,
    /// How many secrets were compared.
    pub(super) secrets: u64,
    /// How many connections the attackers made, and how many bytes they sent.
    pub(super) attackers: (u64, u64),
    /// How many innocent clients were disconnected.
    pub(super) innocents_disconnected: u64,
    /// The time from the start of the attack to the end of the pairs' talk.
    pub(super) elapsed: Duration,
    /// The share of a processor that the server used while they talked.
    pub(super) cpu: f64,
    /// The most memory that the server had, in bytes.
    pub(super) peak: u64,
    /// How many requests of the probe were answered, of how many.
    pub(super) answered: Option<(usize, usize)>,
    /// The server's exit status, and the time until its end.
    pub(super) end: Option<(ExitStatus, Duration)>,
}

/// Which server is attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// The one on which the pairs talk; other pairs talk on the idle one at the same time.
    WithControl,
    /// The one on which the pairs talk.
    Pairs,
    /// The other one.
    Control,
}

/// One round, with the servers of two numbers.
pub(super) fn run(
    context: &Context,
    attack: &Attack,
    plan: Plan,
    aim: Aim,
    numbers: [u8; 2],
) -> io::Result<Round> {
    let mut server = TestServer::start(context, numbers[0], plan.grace, attack.process)?;
    server.process.fill_log()?;
    let idle = TestServer::start(context, numbers[1], plan.grace, Process::Runs)?;
    let mut pairs = Pairs::join(server.addresses, plan.pairs, attack.bystanders)?;
    let with_control = aim == Aim::WithControl;
    let control = with_control.then(|| Pairs::join(idle.addresses, plan.pairs, attack.bystanders));
    let mut control = control.transpose()?;
    let target = if aim == Aim::Control { idle.addresses } else { server.addresses };
    let observer = Observer::join(target, attack)?;
    let counts = Counts::default();
    let stop_observing = AtomicBool::new(false);
    let idle_clients = attack.idle_clients / plan.idle_divisor;
    let mut round = Round::default();
    std::thread::scope(|scope| {
        let observing = scope.spawn(|| observer.observe(&stop_observing));
        let attackers = scope.spawn(|| attackers::run(attack, idle_clients, target, &counts));
        let attacked = (|| {
            let began = now();
            wait_for_openings(attack, idle_clients, &counts);
            sleep(attack.warm_up);
            let probed = attack.probe.filter(|_| aim != Aim::Control);
            let probing = probed.map(|what| scope.spawn(move || probe::run(target, what)));
            let stops = attack.process.stopped().filter(|_| aim != Aim::Control);
            stops.map(|time| stop_for(&server, time)).transpose()?;
            pairs.send_first(attack.bystanders)?;
            measure(&server, &mut pairs, control.as_mut(), plan, &mut round)?;
            round.answered = probing.and_then(|probing| probing.join().ok());
            round.elapsed = began.elapsed();
            round.peak = server.peak()?;
            round.innocents_disconnected = counts.innocents_disconnected.load(Ordering::Relaxed);
            Ok(())
        })();
        stop_observing.store(true, Ordering::Relaxed);
        round.lines = observing.join().unwrap_or_else(|_| Err(panicked("the observer")))?;
        round.welcomes = counts.welcomes.load(Ordering::Relaxed);
        round.secrets = counts.secrets.load(Ordering::Relaxed);
        let sums = [&counts.connects, &counts.sent].map(|sum| sum.load(Ordering::Relaxed));
        round.attackers = sums.into();
        round.end = stop(&mut server);
        counts.stop.store(true, Ordering::Relaxed);
        attackers.join().unwrap_or_else(|_| Err(panicked("the attackers")))?;
        attacked.map(|()| round)
    })
}

/// The error for a thread that panicked.
fn panicked(who: &str) -> io::Error {
    io::Error::other(format!("{who} panicked"))
}

/// Waits until all attackers have sent their opening, for a bounded time.
fn wait_for_openings(attack: &Attack, idle_clients: usize, counts: &Counts) {
    let all = attackers::size(attack, idle_clients);
    let timeout = if idle_clients > 0 { IDLE_WITHIN } else { OPENED_WITHIN };
    // A limit may reject some: then it is as far as it gets.
    let _ = wait_until("the attackers", timeout, || {
        Ok((counts.opened.load(Ordering::Relaxed) >= all).then_some(()))
    });
}

/// Stops the process for this time, by SIGSTOP.
fn stop_for(server: &TestServer, time: Duration) -> io::Result<()> {
    server.process.signal(Signal::STOP)?;
    sleep(time);
    server.process.signal(Signal::CONT)
}

/// Lets the pairs talk, and measures the server's processor time.
fn measure(
    server: &TestServer,
    pairs: &mut Pairs,
    control: Option<&mut Pairs>,
    plan: Plan,
    round: &mut Round,
) -> io::Result<()> {
    let (began, busy) = (now(), server.process.cpu_time()?);
    std::thread::scope(|scope| {
        let control = control.map(|control| scope.spawn(|| control.talk(plan.talk)));
        round.received = pairs.talk(plan.talk)?;
        let busy = server.process.cpu_time()?.saturating_sub(busy);
        round.cpu = busy.as_secs_f64() / began.elapsed().as_secs_f64();
        let control = control.map(|control| control.join());
        let control = control.map(|it| it.unwrap_or_else(|_| Err(panicked("the control"))));
        round.control = control.transpose()?;
        Ok(())
    })
}

/// Sends SIGTERM during the attack; `None`: the server did not end.
fn stop(server: &mut TestServer) -> Option<(ExitStatus, Duration)> {
    server.process.signal(Signal::TERM).ok()?;
    wait_until("the server's end", STOP_TIMEOUT, || server.process.try_wait()).ok()
}
