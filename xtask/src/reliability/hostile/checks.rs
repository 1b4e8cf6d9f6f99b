//! The faults of a round: by counts in both forms, by times compared with a control in the full form.

use super::super::table::milliseconds;
use super::attack::{Attack, Metric, Reconnect};
use super::bystanders::{Received, quantile};
use super::round::{Plan, Round};
use std::time::Duration;

/// The most bytes of the server: the sum of the limits in ARCHITECTURE.md (frames, events, rooms), the program itself, and
/// [`CONNECTION`] for each connection.
const MEMORY: u64 = (256 + 20 + 80 + 16) * 1_048_576;
/// Bytes of a connection: its task, a partial line, a read, replies, and an editor.
const CONNECTION: u64 = 48 * 1024;
/// Bytes that one connection can send at once, most of which the kernel keeps.
const SENT_AT_ONCE: f64 = 1_500_000.0;
/// The same of each second: five of the longest lines, and as much again.
const SENT_PER_SECOND: f64 = 50_000.0;
/// How much longer than the grace a shutdown may take, as the machine does other things.
const END_SLACK: Duration = Duration::from_secs(4);
/// How long a line to a client that does not read may delay its author's next lines.
const DELAY: Duration = Duration::from_secs(1);
/// How much longer, as the machine does other things.
const DELAY_SLACK: Duration = Duration::from_secs(1);
/// The largest ratio of the pairs' p99 to that of the control.
const RATIO: u32 = 2;
/// The difference that is allowed in any case.
const MORE: Duration = Duration::from_millis(5);
/// The largest ratio of the p50 in the short form, where both talk at the same time: it looks for pairs that stall.
const SHORT_RATIO: u32 = 10;
/// The difference of the p50 that is allowed in any case.
const SHORT_MORE: Duration = Duration::from_millis(50);

/// The faults of a round, each in a few words.
pub(super) fn faults(attack: &Attack, plan: Plan, round: &Round, clients: usize) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |ok: bool, fault: String| {
        if !ok {
            faults.push(fault);
        }
    };
    let received = &round.received;
    check(
        received.received == received.sent,
        format!("{} of {} lines LOST", received.sent - received.received, received.sent),
    );
    check(received.wrong == 0, format!("{} lines WRONG", received.wrong));
    check(received.disconnected == 0, format!("{} bystanders DISCONNECTED", received.disconnected));
    check(!round.lines.disconnected, "the observer DISCONNECTED".to_owned());
    check(round.lines.muted || !attack.mutes, "no user MUTED".to_owned());
    check(
        round.innocents_disconnected == 0,
        format!("{} innocent clients DISCONNECTED", round.innocents_disconnected),
    );
    for limit in attack.limits {
        let count = count(round, limit.metric);
        let most = u64::from(limit.burst)
            + (f64::from(limit.per_second) * round.elapsed.as_secs_f64()).ceil() as u64;
        check(count <= most, format!("{count} {}, at most {most} ALLOWED", name(limit.metric)));
    }
    let (connects, sent) = round.attackers;
    let most = connects as f64 * (SENT_AT_ONCE + SENT_PER_SECOND * round.elapsed.as_secs_f64());
    let reconnects = attack.loads.iter().any(|load| load.reconnect != Reconnect::WhenDisconnected);
    let ok = reconnects || attack.probe.is_some() || sent as f64 <= most;
    check(ok, format!("{} KB of {} READ", sent / 1_000, most as u64 / 1_000));
    if let Some(most) = attack.cpu {
        check(round.cpu <= most, format!("{:.0} % of a processor USED", round.cpu * 100.0));
    }
    let most = MEMORY + clients as u64 * CONNECTION;
    check(round.peak <= most, format!("{} MiB HELD", round.peak / 1_048_576));
    if let Some((answered, asked)) = round.answered {
        check(answered == asked, format!("{answered} of {asked} requests ANSWERED"));
    }
    match round.end {
        None => check(false, "did NOT END".to_owned()),
        Some((status, took)) => {
            check(status.success(), format!("ended with {status}"));
            let fault = format!("ended after {:.1} s", took.as_secs_f64());
            check(took <= plan.grace + END_SLACK, fault);
        }
    }
    if attack.may_wait {
        let longest = quantile(&received.times, 1000);
        let fault = format!("a line delayed by {}", time(longest));
        check(longest <= DELAY + DELAY_SLACK, fault);
    } else if let Some(control) = &round.control {
        let (p50, idle) = (quantile(&received.times, 500), quantile(&control.times, 500));
        let ok = p50 <= idle * SHORT_RATIO + SHORT_MORE;
        check(ok, format!("p50 {}, idle {}", time(p50), time(idle)));
    }
    faults
}

/// A metric's count in a round.
fn count(round: &Round, metric: Metric) -> u64 {
    match metric {
        Metric::Lines => round.lines.all,
        Metric::LinesOfMuted => round.lines.of_muted,
        Metric::Renames => round.lines.renames,
        Metric::Welcomes => round.welcomes,
        Metric::Secrets => round.secrets,
    }
}

/// A metric's name.
fn name(metric: Metric) -> &'static str {
    match metric {
        Metric::Lines => "lines of attackers",
        Metric::LinesOfMuted => "lines of a muted attacker",
        Metric::Renames => "new nicks announced",
        Metric::Welcomes => "attackers welcomed",
        Metric::Secrets => "secrets compared",
    }
}

/// The numbers of a round in a few words.
pub(super) fn summary(attack: &Attack, round: &Round) -> String {
    let received = &round.received;
    let times = |received: &Received| {
        let [p50, p99] = [500, 990].map(|part| time(quantile(&received.times, part)));
        format!("{p50} / {p99}")
    };
    let mut text =
        format!("{} of {} lines in {}", received.received, received.sent, times(received));
    if let Some(control) = &round.control {
        text += &format!(" (idle {})", times(control));
    }
    for limit in attack.limits {
        text += &format!("; {} {}", count(round, limit.metric), name(limit.metric));
    }
    text += &format!("; {:.0} % CPU, {} MiB", round.cpu * 100.0, round.peak / 1_048_576);
    let (connects, sent) = round.attackers;
    text += &format!("; by {connects} connections, {} KB", sent / 1_000);
    if let Some((_, took)) = round.end {
        text += &format!("; end {:.1} s", took.as_secs_f64());
    }
    text
}

/// A time as a table shows it; none if no line was received.
pub(super) fn time(time: Duration) -> String {
    if time == Duration::MAX { "none".to_owned() } else { milliseconds(time) }
}

/// The medians of the pairs' p50 and p99 in some rounds.
pub(super) fn median(rounds: &[Round]) -> [Duration; 2] {
    [500, 990].map(|part| {
        let mut times: Vec<_> =
            rounds.iter().map(|round| quantile(&round.received.times, part)).collect();
        times.sort();
        times.get(times.len() / 2).copied().unwrap_or(Duration::MAX)
    })
}

/// Whether a p99 is close enough to that of the control.
pub(super) fn is_near(p99: Duration, control: Duration) -> bool {
    p99 <= (control.saturating_mul(RATIO)).max(control.saturating_add(MORE))
}

#[cfg(test)]
mod tests {
    use super::super::attack::{ATTACK, Limit};
    use super::*;

    /// The number of faults of a round of this attack, without the one that the server did not end.
    fn faults_of(attack: &Attack, round: &Round) -> usize {
        let plan = Plan { pairs: 1, talk: MORE, grace: MORE, idle_divisor: 1 };
        faults(attack, plan, round, 0).len() - 1
    }

    #[test]
    fn excess_and_missing_lines_are_faults() {
        const LIMIT: Limit = Limit { metric: Metric::Welcomes, burst: 32, per_second: 4 };
        let attack = Attack { limits: &[LIMIT], ..ATTACK };
        let mut round = Round { elapsed: Duration::from_secs(2), welcomes: 40, ..Round::default() };
        assert_eq!(faults_of(&attack, &round), 0);
        round.welcomes += 1;
        assert_eq!(faults_of(&attack, &round), 1);
        round.received.sent = 1;
        round.cpu = 0.7;
        assert_eq!(faults_of(&attack, &round), 3);
    }

    #[test]
    fn a_p99_is_near_by_ratio_or_difference() {
        let of = Duration::from_millis;
        assert!(is_near(of(6), of(1)) && is_near(of(20), of(10)));
        assert!(!is_near(of(7), of(1)) && !is_near(of(21), of(10)));
    }
}
