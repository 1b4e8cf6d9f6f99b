//! The course of one attack: a server, bystanders, the attackers, and in the midst of it SIGTERM.
//!
//! ```text
//! servers start ─► pairs and a listener come ─► the swarm attacks ─► pairs talk ─► SIGTERM ─► the swarm stops
//! ```
//!
//! In the short form two pairs talk at the same time, on the attacked server and on an idle one. In the full form rounds take turns:
//! in one the idle server is attacked, which is the control, in the other the one on which the pairs talk.

use super::super::Context;
use super::super::clock::{now, pause, wait_for};
use super::super::server::PATIENCE;
use super::attack::{Attack, Process};
use super::attackers;
use super::bystanders::{Heard, Pairs};
use super::counts::Counts;
use super::observer::{Lines, Observer};
use super::probe;
use super::test_server::TestServer;
use rustix::process::Signal;
use std::io;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long attackers may take until all have sent their opening; those whom a limit keeps out never have.
const SETTLED_WITHIN: Duration = Duration::from_millis(700);
/// The same where there is a crowd.
const CROWD_WITHIN: Duration = Duration::from_secs(10);

/// How attacks are tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// How many pairs there are.
    pub(super) pairs: usize,
    /// How long they talk.
    pub(super) talk: Duration,
    /// The grace of the server.
    pub(super) grace: Duration,
    /// The part of a crowd that comes: one in so many.
    pub(super) crowd: usize,
}

/// What came of one round.
#[derive(Debug, Default)]
pub(super) struct Round {
    /// What the pairs heard.
    pub(super) heard: Heard,
    /// The same of the pairs on the idle server, at the same time.
    pub(super) control: Option<Heard>,
    /// What the listener heard.
    pub(super) lines: Lines,
    /// How many attackers were welcomed.
    pub(super) welcomes: u64,
    /// How many secrets were compared.
    pub(super) secrets: u64,
    /// How many connections the attackers made, and how many bytes they sent.
    pub(super) attackers: (u64, u64),
    /// How many were cut who had harmed nobody.
    pub(super) innocents_cut: u64,
    /// How long the attack went on, up to the end of the pairs' talk.
    pub(super) elapsed: Duration,
    /// The share of a processor that the server had while they talked.
    pub(super) cpu: f64,
    /// The most memory that the server had, in bytes.
    pub(super) peak: u64,
    /// How many questions were answered, of how many.
    pub(super) answered: Option<(usize, usize)>,
    /// How the server ended, and how long it took.
    pub(super) end: Option<(ExitStatus, Duration)>,
}

/// Which server is attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// The one on which the pairs talk; others talk on the idle one at the same time.
    BesideControl,
    /// The one on which the pairs talk.
    Theirs,
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
    let mut site = TestServer::start(context, numbers[0], plan.grace, attack.process)?;
    site.server.fill_log()?;
    let idle = TestServer::start(context, numbers[1], plan.grace, Process::Runs)?;
    let mut pairs = Pairs::come(site.addresses, plan.pairs, attack.bystanders)?;
    let beside = aim == Aim::BesideControl;
    let control = beside.then(|| Pairs::come(idle.addresses, plan.pairs, attack.bystanders));
    let mut control = control.transpose()?;
    let target = if aim == Aim::Control { idle.addresses } else { site.addresses };
    let listener = Observer::come(target, attack)?;
    let counts = Counts::default();
    let heard_enough = AtomicBool::new(false);
    let crowd = attack.crowd / plan.crowd;
    let mut round = Round::default();
    std::thread::scope(|scope| {
        let listening = scope.spawn(|| listener.listen(&heard_enough));
        let swarm = scope.spawn(|| attackers::run(attack, crowd, target, &counts));
        let attacked = (|| {
            let began = now();
            settle(attack, crowd, &counts);
            pause(attack.warm_up);
            let probed = attack.probe.filter(|_| aim != Aim::Control);
            let probing = probed.map(|what| scope.spawn(move || probe::ask(target, what)));
            let stops = attack.process.stopped().filter(|_| aim != Aim::Control);
            stops.map(|time| stop_for(&site, time)).transpose()?;
            pairs.say(attack.bystanders)?;
            measure(&site, &mut pairs, control.as_mut(), plan, &mut round)?;
            round.answered = probing.and_then(|probing| probing.join().ok());
            round.elapsed = began.elapsed();
            round.peak = site.peak()?;
            round.innocents_cut = counts.innocents_cut.load(Ordering::Relaxed);
            Ok(())
        })();
        heard_enough.store(true, Ordering::Relaxed);
        round.lines = listening.join().unwrap_or_else(|_| Err(gone("the listener")))?;
        round.welcomes = counts.welcomes.load(Ordering::Relaxed);
        round.secrets = counts.secrets.load(Ordering::Relaxed);
        let sums = [&counts.connects, &counts.sent].map(|sum| sum.load(Ordering::Relaxed));
        round.attackers = sums.into();
        round.end = stop(&mut site);
        counts.stop.store(true, Ordering::Relaxed);
        swarm.join().unwrap_or_else(|_| Err(gone("the swarm")))?;
        attacked.map(|()| round)
    })
}

/// An error for a thread that panicked.
fn gone(who: &str) -> io::Error {
    io::Error::other(format!("{who} panicked"))
}

/// Waits until the attack is under way.
fn settle(attack: &Attack, crowd: usize, counts: &Counts) {
    let all = attackers::size(attack, crowd);
    let patience = if crowd > 0 { CROWD_WITHIN } else { SETTLED_WITHIN };
    // Not all may come in: then it is as far as it gets.
    let _ = wait_for("the attackers", patience, || {
        Ok((counts.opened.load(Ordering::Relaxed) >= all).then_some(()))
    });
}

/// Stops the process for so long.
fn stop_for(site: &TestServer, time: Duration) -> io::Result<()> {
    site.server.signal(Signal::STOP)?;
    pause(time);
    site.server.signal(Signal::CONT)
}

/// Lets the pairs talk, and looks what the server needs for it.
fn measure(
    site: &TestServer,
    pairs: &mut Pairs,
    control: Option<&mut Pairs>,
    plan: Plan,
    round: &mut Round,
) -> io::Result<()> {
    let (began, busy) = (now(), site.server.busy()?);
    std::thread::scope(|scope| {
        let control = control.map(|control| scope.spawn(|| control.talk(plan.talk)));
        round.heard = pairs.talk(plan.talk)?;
        let busy = site.server.busy()?.saturating_sub(busy);
        round.cpu = busy.as_secs_f64() / began.elapsed().as_secs_f64();
        let control = control.map(|control| control.join());
        let control = control.map(|it| it.unwrap_or_else(|_| Err(gone("the control"))));
        round.control = control.transpose()?;
        Ok(())
    })
}

/// Asks the server to end in the midst of it; `None`: it did not.
fn stop(site: &mut TestServer) -> Option<(ExitStatus, Duration)> {
    site.server.signal(Signal::TERM).ok()?;
    wait_for("the server's end", PATIENCE, || site.server.ended()).ok()
}
