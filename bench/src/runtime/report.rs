//! The report: means, losses, and a table for each kind of case.

use super::WORKERS;
use super::cases::{Bound, Case};
use super::charts;
use super::options::Options;
use super::results::{Results, RuntimeKind};
use crate::machine;
use crate::numbers::short;
use std::fmt::Write as _;
use std::io;

/// The whole report as Markdown.
pub fn write(results: &Results, options: &Options, arguments: &[String]) -> io::Result<String> {
    // Writing to a string does not fail.
    let mut text = machine::header("runtime", arguments)?;
    let _ = writeln!(
        text,
        "- {WORKERS} workers each; {} rounds, the runtimes in turn within one process; medians; ratios are whippet's median by \
         the other's: less is better",
        options.rounds
    );
    let _ = writeln!(
        text,
        "- tokio {}, smol {} with async-channel, async-lock, async-io, async-broadcast, event-listener; `SMOL_THREADS={WORKERS}`",
        version("tokio"),
        version("smol")
    );
    if options.is_quick {
        text += "- made with `--quick`: everything is small, and no number means much\n";
    }
    add_means(&mut text, results);
    add_losses(&mut text, results);
    let title = "Bound by the runtime: in the mean";
    add_table(&mut text, results, Bound::Runtime, title);
    let title = "Bound by the kernel or the clock: at most 1.05, outside of the mean";
    add_table(&mut text, results, Bound::Outside, title);
    add_table(&mut text, results, Bound::Memory, "Memory");
    for (name, title) in charts::NAMES {
        let _ = writeln!(text, "\n![{title}]({}/{name})", charts::FOLDER);
    }
    Ok(text)
}

/// The version of a crate, as the lock file has it.
fn version(name: &str) -> &'static str {
    let lock = include_str!("../../Cargo.lock");
    let mut lines = lock.lines().skip_while(|line| *line != format!("name = \"{name}\""));
    let version = lines.nth(1).and_then(|line| line.strip_prefix("version = \""));
    version.map_or("?", |version| version.trim_end_matches('"'))
}

fn add_means(text: &mut String, results: &Results) {
    text.push_str("\n## In the mean\n\n");
    for peer in RuntimeKind::PEERS {
        let Some(mean) = results.mean(peer) else { continue };
        let verdict = if mean <= 0.7 { "met" } else { "**not met**" };
        let cases =
            results.cases(Bound::Runtime).filter(|case| results.ratio(case, peer).is_some());
        let _ = writeln!(
            text,
            "- {:.2} × {}'s time (geometric mean of {} cases; the goal is 0.7: {verdict})",
            mean,
            peer.name(),
            cases.count()
        );
    }
}

fn add_losses(text: &mut String, results: &Results) {
    text.push_str("\n## Lost\n\n");
    let before = text.len();
    let bounds = [Bound::Runtime, Bound::Outside, Bound::Memory];
    for case in bounds.into_iter().flat_map(|bound| results.cases(bound)) {
        for peer in RuntimeKind::PEERS.into_iter().filter(|peer| results.is_lost(case, *peer)) {
            let ratio = results.ratio(case, peer).unwrap_or_default();
            let why = case.lost_because.map_or(String::new(), |why| format!(": {why}"));
            let _ = writeln!(text, "- **{}** {ratio:.2} × {}{why}", case.name, peer.name());
        }
    }
    if text.len() == before {
        text.push_str("No case.\n");
    }
}

fn add_table(text: &mut String, results: &Results, bound: Bound, title: &str) {
    if results.cases(bound).next().is_none() {
        return;
    }
    let _ = write!(
        text,
        "\n## {title}\n\n| workload | unit | whippet | tokio | smol | ÷ tokio | ÷ smol |\n|---|---|---|---|---|---|---|\n"
    );
    for case in results.cases(bound) {
        let numbers = RuntimeKind::ALL
            .map(|kind| results.median(case, kind).map_or("none of the kind".to_owned(), short));
        let ratios = RuntimeKind::PEERS.map(|peer| ratio(results, case, peer));
        let _ = writeln!(
            text,
            "| `{}`: {} | {} | {} | {} |",
            case.name,
            case.description,
            case.unit,
            numbers.join(" | "),
            ratios.join(" | ")
        );
    }
}

fn ratio(results: &Results, case: &Case, peer: RuntimeKind) -> String {
    match results.ratio(case, peer) {
        None => "–".to_owned(),
        Some(ratio) if results.is_lost(case, peer) => format!("**{ratio:.2}, lost**"),
        Some(ratio) => format!("{ratio:.2}"),
    }
}
