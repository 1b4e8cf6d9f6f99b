//! Everybody speaks at once, and many never read: all is delivered to those who read, nobody of them is cut or waits for the
//! others, and the server's memory stays below what ARCHITECTURE.md says it may need.

use super::Trial;
use super::json::Figures;
use super::table::Table;
use std::io;

/// Bytes of all living frames, at most (`LIVING_FRAMES`).
const FRAMES: f64 = 256.0 * 1_048_576.0;
/// Bytes of events that wait for the broker: so many of so many bytes each.
const EVENTS: f64 = 256.0 * 16_384.0;
/// Bytes of one connection: its task, a partial line and a read.
const CONNECTION: f64 = 8_192.0;
/// Bytes of the program itself, before anybody comes.
const PROGRAM: f64 = 16.0 * 1_048_576.0;
/// How long after the first line somebody who never reads is still there, at most, in nanoseconds: the bound of 10 s, and the
/// time to notice.
const CUT_WITHIN: f64 = 10.5e9;
/// How often the latency of those who read is compared; the middle counts.
const RUNS: usize = 3;

/// Rooms in which everybody speaks: what they are, how many people, and what the load generator is told.
const FLOODS: [(&str, u32, &str); 3] = [
    ("200 people say 200 lines each at once", 200, "--workload flood"),
    (
        "1,000 people say 20 lines each at once",
        1_000,
        "--workload flood --clients 1000 --messages 20",
    ),
    ("100 people say 200 lines of 2 KiB each at once", 100, "--workload flood-big"),
];

/// Rooms in which many never read: how many of a thousand, and what the others' p99 may be beside that without them.
const FROZEN: [(u32, f64); 2] = [(100, 1.10), (500, 1.25)];
/// People in those rooms.
const PEOPLE: u32 = 1_000;
/// The same in the short form.
const SHORT_PEOPLE: u32 = 200;

/// Everybody speaks at once.
pub(super) fn flood(trial: &Trial, table: &mut Table) -> io::Result<()> {
    for (what, people, arguments) in FLOODS {
        let arguments: Vec<_> = arguments.split(' ').collect();
        let figures = Figures::of_load(&trial.program, &arguments)?;
        let (complete, cut) = (figures.number("complete")?, figures.number("left_too_slow")?);
        let measured = format!("{complete} people got every line; {cut} cut");
        let ok = figures.is_ok() && complete == f64::from(people) && cut == 0.0;
        table.row(what, measured, &format!("{people}; 0"), ok);
        memory(what, &figures, people, table)?;
    }
    Ok(())
}

/// Many never read.
pub(super) fn frozen(trial: &Trial, table: &mut Table) -> io::Result<()> {
    let people = if trial.short { SHORT_PEOPLE } else { PEOPLE };
    for (of_thousand, goal) in FROZEN {
        let frozen = of_thousand * people / PEOPLE;
        let what = format!("{frozen} of {people} never read");
        let (clients, number) = (people.to_string(), frozen.to_string());
        let arguments = ["--workload", "frozen", "--clients", &clients, "--frozen", &number];
        let mut ratios = Vec::new();
        for _ in 0..if trial.short { 1 } else { RUNS } {
            let figures = Figures::of_load(&trial.program, &arguments)?;
            let readers = figures.number("with_complete")?;
            let (cut, last) =
                (figures.number("with_frozen_cut_off")?, figures.number("with_last_cut_ns")?);
            let measured = format!(
                "{readers} who read got every line; {cut} who never read cut, the last after {:.2} s",
                last / 1e9
            );
            let all = readers == f64::from(people - frozen) && cut == f64::from(frozen);
            let ok = figures.is_ok() && all && last <= CUT_WITHIN;
            let all = format!("{}; {frozen}, within 10.5 s", people - frozen);
            table.row(&what, measured, &all, ok);
            memory(&what, &figures, people, table)?;
            ratios.push(figures.number("p99_ratio")?);
        }
        if trial.short {
            // It is there for what must never happen; latencies depend on what else the machine does.
            continue;
        }
        ratios.sort_by(f64::total_cmp);
        let middle = ratios[ratios.len() / 2];
        let measured = format!("{middle:.2} × (of {ratios:.2?})");
        let goal_words = format!("≤ {goal:.2} ×");
        let name = format!("{what}: p99 of the others, beside a run without");
        table.row(&name, measured, &goal_words, middle <= goal);
    }
    Ok(())
}

/// Holds the server's memory against the formula.
fn memory(what: &str, figures: &Figures, people: u32, table: &mut Table) -> io::Result<()> {
    let peak = figures.number("server_peak").or_else(|_| figures.number("with_server_peak"))?;
    let most = FRAMES + EVENTS + f64::from(people) * CONNECTION + PROGRAM;
    let measured = format!("{:.1} MiB", peak / 1_048_576.0);
    let goal = format!("≤ {:.0} MiB", most / 1_048_576.0);
    table.row(&format!("{what}: memory at its peak"), measured, &goal, peak <= most);
    Ok(())
}
