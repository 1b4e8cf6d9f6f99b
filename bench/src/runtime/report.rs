//! The report: means, losses, and a table for each kind of row.

use super::WORKERS;
use super::options::Options;
use super::pictures;
use super::results::{Kind, Results};
use super::rows::{Bound, Row};
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
        "- {WORKERS} workers each; {} rounds, the runtimes in turn within one process; middle values; ratios are whippet's figure by \
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
        text += "- made with `--quick`: everything is small, and no figure means much\n";
    }
    add_means(&mut text, results);
    add_losses(&mut text, results);
    let words = "Bound by the runtime: in the mean";
    add_table(&mut text, results, Bound::Runtime, words);
    let words = "Bound by the kernel or the clock: at most 1.05, outside of the mean";
    add_table(&mut text, results, Bound::Outside, words);
    add_table(&mut text, results, Bound::Memory, "Memory");
    for (name, words) in pictures::NAMES {
        let _ = writeln!(text, "\n![{words}]({}/{name})", pictures::FOLDER);
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
    for peer in Kind::PEERS {
        let Some(mean) = results.mean(peer) else { continue };
        let verdict = if mean <= 0.7 { "met" } else { "**not met**" };
        let rows = results.rows(Bound::Runtime).filter(|row| results.ratio(row, peer).is_some());
        let _ = writeln!(
            text,
            "- {:.2} × {}'s time (geometric mean of {} rows; the goal is 0.7: {verdict})",
            mean,
            peer.name(),
            rows.count()
        );
    }
}

fn add_losses(text: &mut String, results: &Results) {
    text.push_str("\n## Lost\n\n");
    let before = text.len();
    let bounds = [Bound::Runtime, Bound::Outside, Bound::Memory];
    for row in bounds.into_iter().flat_map(|bound| results.rows(bound)) {
        for peer in Kind::PEERS.into_iter().filter(|peer| results.is_lost(row, *peer)) {
            let ratio = results.ratio(row, peer).unwrap_or_default();
            let why = row.lost_because.map_or(String::new(), |why| format!(": {why}"));
            let _ = writeln!(text, "- **{}** {ratio:.2} × {}{why}", row.name, peer.name());
        }
    }
    if text.len() == before {
        text.push_str("No row.\n");
    }
}

fn add_table(text: &mut String, results: &Results, bound: Bound, title: &str) {
    if results.rows(bound).next().is_none() {
        return;
    }
    let _ = write!(
        text,
        "\n## {title}\n\n| workload | unit | whippet | tokio | smol | ÷ tokio | ÷ smol |\n|---|---|---|---|---|---|---|\n"
    );
    for row in results.rows(bound) {
        let figures = Kind::ALL
            .map(|kind| results.figure(row, kind).map_or("none of the kind".to_owned(), short));
        let ratios = Kind::PEERS.map(|peer| ratio(results, row, peer));
        let _ = writeln!(
            text,
            "| `{}`: {} | {} | {} | {} |",
            row.name,
            row.words,
            row.unit,
            figures.join(" | "),
            ratios.join(" | ")
        );
    }
}

fn ratio(results: &Results, row: &Row, peer: Kind) -> String {
    match results.ratio(row, peer) {
        None => "–".to_owned(),
        Some(ratio) if results.is_lost(row, peer) => format!("**{ratio:.2}, lost**"),
        Some(ratio) => format!("{ratio:.2}"),
    }
}
