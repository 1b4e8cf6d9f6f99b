//! What is right and wrong in a round: counts in both forms, times beside a control in the full one.

use super::super::table::milliseconds;
use super::attack::{Again, Attack, Counted};
use super::bystanders::{Heard, quantile};
use super::round::{Plan, Round};
use std::time::Duration;

/// Bytes that the server may have at most: what ARCHITECTURE.md adds up under its limits (frames, events, rooms), the program
/// itself, and [`CONNECTION`] for each connection.
const MEMORY: u64 = (256 + 20 + 80 + 16) * 1_048_576;
/// Bytes of a connection: its task, a partial line, a read, what it asked for, and an editor.
const CONNECTION: u64 = 48 * 1024;
/// Bytes that one connection may get rid of at once, most of which the kernels keep.
const READ_AT_ONCE: f64 = 1_500_000.0;
/// The same of each second: five of the longest lines, and as much again.
const READ_A_SECOND: f64 = 50_000.0;
/// How much longer than the grace an end may take, as the machine does other things.
const END_SLACK: Duration = Duration::from_secs(4);
/// How long a line to somebody who does not read may hold up what its author says after it.
const HELD: Duration = Duration::from_secs(1);
/// How much longer, as the machine does other things.
const HELD_SLACK: Duration = Duration::from_secs(1);
/// The pairs' p99 may be so many times that of the control.
const RATIO: u32 = 2;
/// Or so much more.
const MORE: Duration = Duration::from_millis(5);
/// The same of the p50 in the short form, in which both talk at the same time: it looks for what stands still.
const SHORT_RATIO: u32 = 10;
/// The same.
const SHORT_MORE: Duration = Duration::from_millis(50);

/// What is wrong in a round, in a few words each.
pub(super) fn faults(attack: &Attack, plan: Plan, round: &Round, people: usize) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |ok: bool, words: String| {
        if !ok {
            faults.push(words);
        }
    };
    let heard = &round.heard;
    check(
        heard.came == heard.said,
        format!("{} of {} lines LOST", heard.said - heard.came, heard.said),
    );
    check(heard.wrong == 0, format!("{} lines WRONG", heard.wrong));
    check(heard.cut == 0, format!("{} bystanders CUT", heard.cut));
    check(!round.lines.cut, "the listener CUT".to_owned());
    check(round.lines.muted || !attack.mutes, "nobody MUTED".to_owned());
    check(round.innocents_cut == 0, format!("{} innocents CUT", round.innocents_cut));
    for bound in attack.bounds {
        let count = count(round, bound.of);
        let most = u64::from(bound.at_once)
            + (f64::from(bound.a_second) * round.elapsed.as_secs_f64()).ceil() as u64;
        check(count <= most, format!("{count} {}, at most {most} DUE", name(bound.of)));
    }
    let (connects, sent) = round.attackers;
    let most = connects as f64 * (READ_AT_ONCE + READ_A_SECOND * round.elapsed.as_secs_f64());
    let comes_again = attack.loads.iter().any(|load| load.again != Again::WhenCut);
    let ok = comes_again || attack.probe.is_some() || sent as f64 <= most;
    check(ok, format!("{} KB of {} READ", sent / 1_000, most as u64 / 1_000));
    if let Some(most) = attack.cpu {
        check(round.cpu <= most, format!("{:.0} % of a processor USED", round.cpu * 100.0));
    }
    let most = MEMORY + people as u64 * CONNECTION;
    check(round.peak <= most, format!("{} MiB HELD", round.peak / 1_048_576));
    if let Some((answered, asked)) = round.answered {
        check(answered == asked, format!("{answered} of {asked} questions ANSWERED"));
    }
    match round.end {
        None => check(false, "did NOT END".to_owned()),
        Some((status, took)) => {
            check(status.success(), format!("ended with {status}"));
            let words = format!("ended after {:.1} s", took.as_secs_f64());
            check(took <= plan.grace + END_SLACK, words);
        }
    }
    if attack.may_wait {
        let longest = quantile(&heard.times, 1000);
        let words = format!("a line held for {}", time(longest));
        check(longest <= HELD + HELD_SLACK, words);
    } else if let Some(control) = &round.control {
        let (p50, beside) = (quantile(&heard.times, 500), quantile(&control.times, 500));
        let ok = p50 <= beside * SHORT_RATIO + SHORT_MORE;
        check(ok, format!("p50 {}, idle {}", time(p50), time(beside)));
    }
    faults
}

/// A count of a round.
fn count(round: &Round, of: Counted) -> u64 {
    match of {
        Counted::Lines => round.lines.all,
        Counted::LinesOfMuted => round.lines.of_muted,
        Counted::Renames => round.lines.renames,
        Counted::Welcomes => round.welcomes,
        Counted::Secrets => round.secrets,
    }
}

/// What a count is called.
fn name(of: Counted) -> &'static str {
    match of {
        Counted::Lines => "lines of attackers",
        Counted::LinesOfMuted => "lines of a muted attacker",
        Counted::Renames => "new names heard of",
        Counted::Welcomes => "attackers welcomed",
        Counted::Secrets => "secrets compared",
    }
}

/// The figures of a round in a few words.
pub(super) fn figures(attack: &Attack, round: &Round) -> String {
    let heard = &round.heard;
    let times = |heard: &Heard| {
        let [p50, p99] = [500, 990].map(|part| time(quantile(&heard.times, part)));
        format!("{p50} / {p99}")
    };
    let mut words = format!("{} of {} lines in {}", heard.came, heard.said, times(heard));
    if let Some(control) = &round.control {
        words += &format!(" (idle {})", times(control));
    }
    for bound in attack.bounds {
        words += &format!("; {} {}", count(round, bound.of), name(bound.of));
    }
    words += &format!("; {:.0} % CPU, {} MiB", round.cpu * 100.0, round.peak / 1_048_576);
    let (connects, sent) = round.attackers;
    words += &format!("; by {connects} connections, {} KB", sent / 1_000);
    if let Some((_, took)) = round.end {
        words += &format!("; end {:.1} s", took.as_secs_f64());
    }
    words
}

/// A time as a table shows it; there is none where no line came.
pub(super) fn time(time: Duration) -> String {
    if time == Duration::MAX { "none".to_owned() } else { milliseconds(time) }
}

/// p50 and p99 of the pairs in some rounds: the middle ones.
pub(super) fn middle(rounds: &[Round]) -> [Duration; 2] {
    [500, 990].map(|part| {
        let mut times: Vec<_> =
            rounds.iter().map(|round| quantile(&round.heard.times, part)).collect();
        times.sort();
        times.get(times.len() / 2).copied().unwrap_or(Duration::MAX)
    })
}

/// Whether a p99 is near enough to that of the control.
pub(super) fn is_near(p99: Duration, control: Duration) -> bool {
    p99 <= (control.saturating_mul(RATIO)).max(control.saturating_add(MORE))
}

#[cfg(test)]
mod tests {
    use super::super::attack::{ATTACK, Bound};
    use super::*;

    /// The faults of a round of this attack, beside that it did not end.
    fn faults_of(attack: &Attack, round: &Round) -> usize {
        let plan = Plan { pairs: 1, talk: MORE, grace: MORE, crowd: 1 };
        faults(attack, plan, round, 0).len() - 1
    }

    #[test]
    fn what_is_over_a_bound_or_missing_is_a_fault() {
        const BOUND: Bound = Bound { of: Counted::Welcomes, at_once: 32, a_second: 4 };
        let attack = Attack { bounds: &[BOUND], ..ATTACK };
        let mut round = Round { elapsed: Duration::from_secs(2), welcomes: 40, ..Round::default() };
        assert_eq!(faults_of(&attack, &round), 0);
        round.welcomes += 1;
        assert_eq!(faults_of(&attack, &round), 1);
        round.heard.said = 1;
        round.cpu = 0.7;
        assert_eq!(faults_of(&attack, &round), 3);
    }

    #[test]
    fn a_p99_is_near_by_a_ratio_or_by_a_difference() {
        let of = Duration::from_millis;
        assert!(is_near(of(6), of(1)) && is_near(of(20), of(10)));
        assert!(!is_near(of(7), of(1)) && !is_near(of(21), of(10)));
    }
}
