//! The report: goals, losses, and a table for each workload.

use super::goals::GOALS;
use super::options::Options;
use super::pictures;
use super::results::Results;
use super::workloads::{Figure, SECTIONS, Section};
use crate::machine;
use crate::ngircd;
use crate::numbers::short;
use crate::server::Kind;
use std::fmt::Write as _;
use std::io;

/// What is this much dearer than at the best other server counts as lost; less is not told from noise.
const LOST: f64 = 1.02;
/// The server that ratios are given to.
const BASE: Kind = Kind::TokioTuned;

/// The whole report as Markdown.
pub fn write(results: &Results, options: &Options, arguments: &[String]) -> io::Result<String> {
    // Writing to a string does not fail.
    let mut text = machine::header("chat", arguments)?;
    let _ = writeln!(
        text,
        "- {} rounds at most, the servers in turn; middle values; in brackets the ratio to {}: less is better",
        options.rounds,
        BASE.name()
    );
    if options.is_quick {
        text += "- made with `--quick`: everything is small, and no figure means much\n";
    }
    add_servers(&mut text);
    add_goals(&mut text, results);
    add_losses(&mut text, results);
    for section in SECTIONS.iter().filter(|section| results.has_section(section.name)) {
        let _ = write!(text, "\n## {}\n\n{}.\n\n", section.name, section.words);
        match results.sizes(section.name).as_slice() {
            [] => add_servers_table(&mut text, results, section),
            sizes => add_sizes_table(&mut text, results, section, sizes),
        }
        add_picture(&mut text, pictures::of_section(section.name));
    }
    Ok(text)
}

fn add_picture(text: &mut String, picture: Option<(&str, &str)>) {
    if let Some((name, words)) = picture {
        let _ = writeln!(text, "\n![{words}]({}/{name})", pictures::FOLDER);
    }
}

fn add_servers(text: &mut String) {
    text.push_str("\n## The servers\n\n");
    for kind in Kind::ALL {
        let _ = write!(text, "- **{}**: {}", kind.name(), kind.description());
        match (kind, kind.missing(), ngircd::version()) {
            (_, Some(why), _) => _ = write!(text, "; **skipped: {why}**"),
            (Kind::Ngircd, None, Some(version)) => _ = write!(text, " (version {version})"),
            _ => {}
        }
        text.push('\n');
    }
    text.push_str(
        "\nEach delivery is checked on each server: exactly once, in each sender's order. A server that lost some, cut somebody off \
         or stopped has words in place of figures.\n",
    );
}

fn add_goals(text: &mut String, results: &Results) {
    let _ = write!(
        text,
        "\n## Goals\n\n| goal | at most | reached | | beside {} |\n|---|---|---|---|---|\n",
        Kind::TokioMerged.name()
    );
    for goal in &GOALS {
        let unit = if goal.other().is_some() { " ×" } else { "" };
        let (reached, verdict) = match goal.reached(results) {
            Some(value) if value <= goal.at_most => (short(value) + unit, "met"),
            Some(value) => (short(value) + unit, "**not met**"),
            None => ("–".to_owned(), "not measured"),
        };
        let beside = goal.reached_beside(results, Kind::TokioMerged);
        let beside = beside.map_or(String::new(), |value| short(value) + " ×");
        let (name, mark) = (goal.name(), short(goal.at_most));
        let _ = writeln!(text, "| {name} | {mark}{unit} | {reached} | {verdict} | {beside} |");
    }
    add_picture(text, Some(pictures::RATIOS));
}

fn add_losses(text: &mut String, results: &Results) {
    text.push_str("\n## Where chinwag loses\n\n");
    let mut rows = String::new();
    for section in &SECTIONS {
        let sizes = results.sizes(section.name);
        let sizes = sizes.into_iter().map(Some).chain([None]);
        for (members, figure) in
            sizes.flat_map(|size| section.figures.iter().map(move |f| (size, f)))
        {
            let best = best_other(results, section.name, members, figure);
            let own = results.figure(section.name, members, Kind::Chinwag, figure);
            let (Some(own), Some((kind, best))) = (own, best) else { continue };
            if own > best * LOST {
                let people = members.map_or(String::new(), |members| format!(" of {members}"));
                let (head, name) = (figure.head, kind.name());
                let (own, best, ratio) = (short(own), short(best), short(own / best));
                let _ = writeln!(
                    rows,
                    "| {}{people} | {head} | {own} | {best} | {name} | {ratio} × |",
                    section.name
                );
            }
        }
    }
    if rows.is_empty() {
        text.push_str("Nowhere in what was measured.\n");
    } else {
        let _ = write!(
            text,
            "| workload | figure | chinwag | the best | which is | ratio |\n|---|---|---|---|---|---|\n{rows}"
        );
    }
}

/// The server that is best in a figure, chinwag left out.
fn best_other(
    results: &Results,
    section: &'static str,
    members: Option<u32>,
    figure: &Figure,
) -> Option<(Kind, f64)> {
    let others = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Chinwag && figure.is_cost);
    let found =
        others.filter_map(|kind| Some((kind, results.figure(section, members, kind, figure)?)));
    found.min_by(|(_, one), (_, other)| one.total_cmp(other))
}

fn add_servers_table(text: &mut String, results: &Results, section: &Section) {
    let heads = section.figures.iter().map(|figure| format!(" {} |", figure.head));
    let _ = writeln!(text, "| server |{}", heads.collect::<String>());
    let _ = writeln!(text, "|---|{}", "---|".repeat(section.figures.len()));
    for kind in Kind::ALL {
        let failure = results.failure(section.name, None, kind).map(|words| format!("**{words}**"));
        let absence = section.excludes(kind).or(kind.missing()).map(str::to_owned);
        let cells = match failure.or(absence) {
            Some(words) => format!(" {words} |{}", " – |".repeat(section.figures.len() - 1)),
            None if results.has(section.name, None, kind) => {
                let cell = |figure| cell(results, section.name, None, kind, figure);
                section.figures.iter().map(cell).collect()
            }
            None => continue,
        };
        let _ = writeln!(text, "| {} |{cells}", kind.name());
    }
}

fn cell(
    results: &Results,
    section: &'static str,
    members: Option<u32>,
    kind: Kind,
    figure: &Figure,
) -> String {
    let value = results.figure(section, members, kind, figure);
    let base = results.figure(section, members, BASE, figure).filter(|base| *base > 0.0);
    match (value, base) {
        (Some(value), Some(base)) if figure.is_cost => {
            format!(" {} ({} ×) |", short(value), short(value / base))
        }
        (Some(value), _) => format!(" {} |", short(value)),
        (None, _) => " – |".to_owned(),
    }
}

fn add_sizes_table(text: &mut String, results: &Results, section: &Section, sizes: &[u32]) {
    let has = |kind: &Kind| sizes.iter().any(|&size| results.has(section.name, Some(size), *kind));
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(has).collect();
    let heads: String = kinds.iter().map(|kind| format!(" {} |", kind.name())).collect();
    let _ = writeln!(text, "| people |{heads}\n|---|{}", "---|".repeat(kinds.len()));
    for &size in sizes {
        let cells =
            kinds.iter().map(|&kind| match results.failure(section.name, Some(size), kind) {
                Some(words) => format!(" **{words}** |"),
                None => cell(results, section.name, Some(size), kind, &section.figures[0]),
            });
        let _ = writeln!(text, "| {} |{}", short(size.into()), cells.collect::<String>());
    }
}
