//! The pictures of the report.

use super::goals::GOALS;
use super::results::Results;
use super::workloads::{CPU, Figure, LATENCY_MS, LATENCY_US};
use crate::chart::Scale;
use crate::chart::bars::{Bar, Bars, Group};
use crate::chart::lines::{self, Curve, Panel};
use crate::server::Kind;

/// The folder of the pictures, beside the report.
pub const FOLDER: &str = "charts";
/// Ratios and goals.
pub const RATIOS: (&str, &str) = ("chat-ratios.svg", "chinwag's ratios beside their goals");
/// What a delivery costs.
const COSTS: (&str, &str) = ("chat-cpu.svg", "CPU time a delivery, by workload and server");
/// How long lines are under way.
const LATENCIES: (&str, &str) = ("chat-latency.svg", "Percentiles of latency");
/// What a delivery costs when there are more people.
const GROWTH: (&str, &str) = ("chat-growth.svg", "CPU time a delivery, by number of people");
/// The names of percentiles.
const PERCENTILES: [&str; 4] = ["p50", "p90", "p99", "p99.9"];

/// The picture below the table of a workload, if it has one.
pub fn of_section(section: &str) -> Option<(&'static str, &'static str)> {
    match section {
        "flood-big" => Some(COSTS),
        "lone" => Some(LATENCIES),
        "growth-paced" => Some(GROWTH),
        _ => None,
    }
}

/// All pictures, by the names of their files.
pub fn draw(results: &Results) -> [(&'static str, String); 4] {
    [
        (RATIOS.0, ratios(results)),
        (COSTS.0, costs(results)),
        (LATENCIES.0, latencies(results)),
        (GROWTH.0, growth(results)),
    ]
}

fn ratios(results: &Results) -> String {
    let mut groups = Vec::new();
    for goal in GOALS {
        if goal.other().is_none() {
            continue;
        }
        let figure = goal.reached(results).ok_or_else(|| "not measured".to_owned());
        let mut bars = vec![Bar { series: 0, figure }];
        if let Some(beside) = goal.reached_beside(results, Kind::TokioMerged) {
            bars.push(Bar { series: 1, figure: Ok(beside) });
        }
        groups.push(Group { words: goal.name(), bars, mark: Some(goal.at_most) });
    }
    let figures = groups.iter().flat_map(|group| {
        group.bars.iter().filter_map(|bar| bar.figure.as_ref().ok().copied()).chain(group.mark)
    });
    let scale = Scale::linear(figures.chain([1.2]));
    let legend = &["by the server named", "by tokio, merged, in place of tuned"];
    let title = "chinwag's cost as a ratio: less is better; marks are goals";
    let axis = "ratio: 1 is as much as the other";
    Bars { title, axis, scale, unit: " ×", legend, groups, line: Some(1.0) }.draw()
}

fn costs(results: &Results) -> String {
    let legend = Kind::ALL.map(Kind::name);
    let group = |section: &'static str| {
        let bars = Kind::ALL.into_iter().enumerate().filter_map(|(series, kind)| {
            let failure = results.failure(section, None, kind);
            let figure = match (results.figure(section, None, kind, &CPU), failure) {
                (_, Some(words)) => Err(words.to_owned()),
                (Some(value), None) => Ok(value),
                (None, None) => return None,
            };
            Some(Bar { series, figure })
        });
        Group { words: section.to_owned(), bars: bars.collect(), mark: None }
    };
    let groups: Vec<Group> = ["seed", "flood", "flood-big", "paced"].map(group).into();
    let bars = groups.iter().flat_map(|group| &group.bars);
    let scale = Scale::log(bars.filter_map(|bar| bar.figure.as_ref().ok().copied()));
    let axis = "CPU ns a delivery, each step of the axis ten times the one before";
    Bars { title: COSTS.1, axis, scale, unit: " ns", legend: &legend, groups, line: None }.draw()
}

fn latencies(results: &Results) -> String {
    let panel = |section: &'static str, title, axis, figures: &[Figure; 4]| {
        let curves: Vec<Curve<'_>> = Kind::ALL
            .into_iter()
            .enumerate()
            .map(|(series, kind)| {
                let each = figures.iter().map(|one| results.figure(section, None, kind, one));
                Curve { name: kind.name(), series, figures: each.collect() }
            })
            .collect();
        let all = curves.iter().flat_map(|curve| curve.figures.iter().filter_map(|one| *one));
        let scale = Scale::log(all);
        let stops = PERCENTILES.iter().enumerate();
        let stops = stops.map(|(place, name)| (place as f64 / 3.0, (*name).to_owned())).collect();
        Panel { title, axis, below: "percentile of lines", stops, scale, curves }
    };
    let paced = "paced: 200 people, 1,000 lines a second";
    let lone = "lone: one line every 4 ms through a server that does nothing else";
    let panels = [panel("paced", paced, "ms", &LATENCY_MS), panel("lone", lone, "µs", &LATENCY_US)];
    lines::draw(LATENCIES.1, &panels)
}

fn growth(results: &Results) -> String {
    let panel = |section: &'static str, title| {
        let sizes = results.sizes(section);
        let curves: Vec<Curve<'_>> = [(0, Kind::Chinwag), (1, Kind::TokioTuned)]
            .into_iter()
            .map(|(series, kind)| {
                let each =
                    sizes.iter().map(|&size| results.figure(section, Some(size), kind, &CPU));
                Curve { name: kind.name(), series, figures: each.collect() }
            })
            .collect();
        let all = curves.iter().flat_map(|curve| curve.figures.iter().filter_map(|one| *one));
        let scale = Scale::linear(all);
        let (first, last) =
            (sizes.first().copied().unwrap_or(1), sizes.last().copied().unwrap_or(2));
        let place = |size: u32| {
            (f64::from(size) / f64::from(first)).ln() / (f64::from(last) / f64::from(first)).ln()
        };
        let stops = sizes.iter().map(|&size| (place(size), crate::numbers::short(size.into())));
        let stops = stops.collect();
        Panel { title, axis: "ns", below: "people", stops, scale, curves }
    };
    let panels = [
        panel(
            "growth-flood",
            "flooded: 10 send as fast as they go, 4 million deliveries each time",
        ),
        panel("growth-paced", "paced: 200,000 deliveries a second each time"),
    ];
    lines::draw(GROWTH.1, &panels)
}
