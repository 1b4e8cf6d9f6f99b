//! The report: targets, losses, and a table for each workload.

use super::charts;
use super::options::Options;
use super::results::Results;
use super::targets::TARGETS;
use super::workloads::{Metric, SECTIONS, Section};
use crate::machine;
use crate::ngircd;
use crate::numbers::short;
use crate::server::ServerKind;
use std::fmt::Write as _;
use std::io;

/// What costs this much more than with the best other server counts as lost; less cannot be told from noise.
const LOSS_RATIO: f64 = 1.02;
/// The server that ratios refer to.
const BASELINE: ServerKind = ServerKind::TokioTuned;

/// The whole report as Markdown.
pub fn write(results: &Results, options: &Options, arguments: &[String]) -> io::Result<String> {
    // Writing to a string does not fail.
    let mut text = machine::header("chat", arguments)?;
    let _ = writeln!(
        text,
        "- {} rounds at most, the servers in turn; medians; in brackets the ratio to {}: less is better",
        options.rounds,
        BASELINE.name()
    );
    if options.is_quick {
        text += "- made with `--quick`: everything is small, and no metric means much\n";
    }
    add_servers(&mut text);
    add_targets(&mut text, results);
    add_losses(&mut text, results);
    for section in SECTIONS.iter().filter(|section| results.has_section(section.name)) {
        let _ = write!(text, "\n## {}\n\n{}.\n\n", section.name, section.description);
        match results.sizes(section.name).as_slice() {
            [] => add_servers_table(&mut text, results, section),
            sizes => add_sizes_table(&mut text, results, section, sizes),
        }
        add_picture(&mut text, charts::of_section(section.name));
    }
    Ok(text)
}

fn add_picture(text: &mut String, chart: Option<(&str, &str)>) {
    if let Some((name, message)) = chart {
        let _ = writeln!(text, "\n![{message}]({}/{name})", charts::FOLDER);
    }
}

fn add_servers(text: &mut String) {
    text.push_str("\n## The servers\n\n");
    for kind in ServerKind::ALL {
        let _ = write!(text, "- **{}**: {}", kind.name(), kind.description());
        match (kind, kind.unavailable(), ngircd::version()) {
            (_, Some(why), _) => _ = write!(text, "; **skipped: {why}**"),
            (ServerKind::Ngircd, None, Some(version)) => _ = write!(text, " (version {version})"),
            _ => {}
        }
        text.push('\n');
    }
    text.push_str(
        "\nEach delivery is checked on each server: exactly once, in each sender's order. A server that lost some, disconnected a client \
         or stopped has a text in place of numbers.\n",
    );
}

fn add_targets(text: &mut String, results: &Results) {
    let _ = write!(
        text,
        "\n## Targets\n\n| target | at most | reached | | beside {} |\n|---|---|---|---|---|\n",
        ServerKind::TokioMerged.name()
    );
    for target in &TARGETS {
        let unit = if target.other().is_some() { " ×" } else { "" };
        let (reached, verdict) = match target.reached(results) {
            Some(value) if value <= target.at_most => (short(value) + unit, "met"),
            Some(value) => (short(value) + unit, "**not met**"),
            None => ("–".to_owned(), "not measured"),
        };
        let beside = target.reached_beside(results, ServerKind::TokioMerged);
        let beside = beside.map_or(String::new(), |value| short(value) + " ×");
        let (name, mark) = (target.name(), short(target.at_most));
        let _ = writeln!(text, "| {name} | {mark}{unit} | {reached} | {verdict} | {beside} |");
    }
    add_picture(text, Some(charts::RATIOS));
}

fn add_losses(text: &mut String, results: &Results) {
    text.push_str("\n## Where chinwag loses\n\n");
    let mut rows = String::new();
    for section in &SECTIONS {
        let sizes = results.sizes(section.name);
        let sizes = sizes.into_iter().map(Some).chain([None]);
        for (clients, metric) in
            sizes.flat_map(|size| section.metrics.iter().map(move |f| (size, f)))
        {
            let best = best_other(results, section.name, clients, metric);
            let own = results.metric(section.name, clients, ServerKind::Chinwag, metric);
            let (Some(own), Some((kind, best))) = (own, best) else { continue };
            if own > best * LOSS_RATIO {
                let number = clients.map_or(String::new(), |clients| format!(" of {clients}"));
                let (head, name) = (metric.head, kind.name());
                let (own, best, ratio) = (short(own), short(best), short(own / best));
                let _ = writeln!(
                    rows,
                    "| {}{number} | {head} | {own} | {best} | {name} | {ratio} × |",
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
            "| workload | metric | chinwag | the best | which is | ratio |\n|---|---|---|---|---|---|\n{rows}"
        );
    }
}

/// The server that is best in a metric, chinwag left out.
fn best_other(
    results: &Results,
    section: &'static str,
    clients: Option<u32>,
    metric: &Metric,
) -> Option<(ServerKind, f64)> {
    let others =
        ServerKind::ALL.into_iter().filter(|kind| *kind != ServerKind::Chinwag && metric.is_cost);
    let found =
        others.filter_map(|kind| Some((kind, results.metric(section, clients, kind, metric)?)));
    found.min_by(|(_, one), (_, other)| one.total_cmp(other))
}

fn add_servers_table(text: &mut String, results: &Results, section: &Section) {
    let heads = section.metrics.iter().map(|metric| format!(" {} |", metric.head));
    let _ = writeln!(text, "| server |{}", heads.collect::<String>());
    let _ = writeln!(text, "|---|{}", "---|".repeat(section.metrics.len()));
    for kind in ServerKind::ALL {
        let failure =
            results.failure(section.name, None, kind).map(|message| format!("**{message}**"));
        let absence = section.excludes(kind).or(kind.unavailable()).map(str::to_owned);
        let cells = match failure.or(absence) {
            Some(message) => format!(" {message} |{}", " – |".repeat(section.metrics.len() - 1)),
            None if results.has(section.name, None, kind) => {
                let cell = |metric| cell(results, section.name, None, kind, metric);
                section.metrics.iter().map(cell).collect()
            }
            None => continue,
        };
        let _ = writeln!(text, "| {} |{cells}", kind.name());
    }
}

fn cell(
    results: &Results,
    section: &'static str,
    clients: Option<u32>,
    kind: ServerKind,
    metric: &Metric,
) -> String {
    let value = results.metric(section, clients, kind, metric);
    let base = results.metric(section, clients, BASELINE, metric).filter(|base| *base > 0.0);
    match (value, base) {
        (Some(value), Some(base)) if metric.is_cost => {
            format!(" {} ({} ×) |", short(value), short(value / base))
        }
        (Some(value), _) => format!(" {} |", short(value)),
        (None, _) => " – |".to_owned(),
    }
}

fn add_sizes_table(text: &mut String, results: &Results, section: &Section, sizes: &[u32]) {
    let has =
        |kind: &ServerKind| sizes.iter().any(|&size| results.has(section.name, Some(size), *kind));
    let kinds: Vec<ServerKind> = ServerKind::ALL.into_iter().filter(has).collect();
    let heads: String = kinds.iter().map(|kind| format!(" {} |", kind.name())).collect();
    let _ = writeln!(text, "| clients |{heads}\n|---|{}", "---|".repeat(kinds.len()));
    for &size in sizes {
        let cells =
            kinds.iter().map(|&kind| match results.failure(section.name, Some(size), kind) {
                Some(message) => format!(" **{message}** |"),
                None => cell(results, section.name, Some(size), kind, &section.metrics[0]),
            });
        let _ = writeln!(text, "| {} |{}", short(size.into()), cells.collect::<String>());
    }
}
