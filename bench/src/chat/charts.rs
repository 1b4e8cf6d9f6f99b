//! The charts of the report.

use super::results::Results;
use super::targets::TARGETS;
use super::workloads::{CPU, LATENCY_MS, LATENCY_US, Metric};
use crate::chart::Scale;
use crate::chart::bars::{Bar, Bars, Group};
use crate::chart::lines::{self, Curve, Panel};
use crate::server::ServerKind;

/// The folder of the charts, beside the report.
pub const FOLDER: &str = "charts";
/// Ratios and targets.
pub const RATIOS: (&str, &str) = ("chat-ratios.svg", "chinwag's ratios and their targets");
/// What a delivery costs.
const COSTS: (&str, &str) = ("chat-cpu.svg", "CPU time a delivery, by workload and server");
/// How long lines take.
const LATENCIES: (&str, &str) = ("chat-latency.svg", "Percentiles of latency");
/// What a delivery costs when there are more clients.
const GROWTH: (&str, &str) = ("chat-growth.svg", "CPU time a delivery, by number of clients");
/// The names of percentiles.
const PERCENTILES: [&str; 4] = ["p50", "p90", "p99", "p99.9"];

/// The chart below the table of a workload, if it has one.
pub fn of_section(section: &str) -> Option<(&'static str, &'static str)> {
    match section {
        "flood-big" => Some(COSTS),
        "latency" => Some(LATENCIES),
        "growth-steady" => Some(GROWTH),
        _ => None,
    }
}

/// All charts, by the names of their files.
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
    for target in TARGETS {
        if target.other().is_none() {
            continue;
        }
        let metric = target.reached(results).ok_or_else(|| "not measured".to_owned());
        let mut bars = vec![Bar { series: 0, value: metric }];
        if let Some(beside) = target.reached_beside(results, ServerKind::TokioMerged) {
            bars.push(Bar { series: 1, value: Ok(beside) });
        }
        groups.push(Group { label: target.name(), bars, mark: Some(target.at_most) });
    }
    let metrics = groups.iter().flat_map(|group| {
        group.bars.iter().filter_map(|bar| bar.value.as_ref().ok().copied()).chain(group.mark)
    });
    let scale = Scale::linear(metrics.chain([1.2]));
    let legend = &["by the server named", "by tokio, merged, in place of tuned"];
    let title = "chinwag's cost as a ratio: less is better; marks are targets";
    let axis = "ratio: 1 is as much as the other";
    Bars { title, axis, scale, unit: " ×", legend, groups, line: Some(1.0) }.draw()
}

fn costs(results: &Results) -> String {
    let legend = ServerKind::ALL.map(ServerKind::name);
    let group = |section: &'static str| {
        let bars = ServerKind::ALL.into_iter().enumerate().filter_map(|(series, kind)| {
            let failure = results.failure(section, None, kind);
            let metric = match (results.metric(section, None, kind, &CPU), failure) {
                (_, Some(message)) => Err(message.to_owned()),
                (Some(value), None) => Ok(value),
                (None, None) => return None,
            };
            Some(Bar { series, value: metric })
        });
        Group { label: section.to_owned(), bars: bars.collect(), mark: None }
    };
    let groups: Vec<Group> =
        ["burst", "flood", "flood-single", "flood-big", "steady"].map(group).into();
    let bars = groups.iter().flat_map(|group| &group.bars);
    let scale = Scale::log(bars.filter_map(|bar| bar.value.as_ref().ok().copied()));
    let axis = "CPU ns a delivery, each step of the axis ten times the one before";
    Bars { title: COSTS.1, axis, scale, unit: " ns", legend: &legend, groups, line: None }.draw()
}

fn latencies(results: &Results) -> String {
    let panel = |section: &'static str, title, axis, metrics: &[Metric; 4]| {
        let curves: Vec<Curve<'_>> = ServerKind::ALL
            .into_iter()
            .enumerate()
            .map(|(series, kind)| {
                let each = metrics.iter().map(|one| results.metric(section, None, kind, one));
                Curve { name: kind.name(), series, values: each.collect() }
            })
            .collect();
        let all = curves.iter().flat_map(|curve| curve.values.iter().filter_map(|one| *one));
        let scale = Scale::log(all);
        let ticks = PERCENTILES.iter().enumerate();
        let ticks = ticks.map(|(index, name)| (index as f64 / 3.0, (*name).to_owned())).collect();
        Panel { title, axis, below: "percentile of lines", ticks, scale, curves }
    };
    let steady = "steady: 200 clients, 1,000 lines a second";
    let latency = "latency: one line every 4 ms through a server that does nothing else";
    let panels =
        [panel("steady", steady, "ms", &LATENCY_MS), panel("latency", latency, "µs", &LATENCY_US)];
    lines::draw(LATENCIES.1, &panels)
}

fn growth(results: &Results) -> String {
    let panel = |section: &'static str, title| {
        let sizes = results.sizes(section);
        let curves: Vec<Curve<'_>> = [(0, ServerKind::Chinwag), (1, ServerKind::TokioTuned)]
            .into_iter()
            .map(|(series, kind)| {
                let each =
                    sizes.iter().map(|&size| results.metric(section, Some(size), kind, &CPU));
                Curve { name: kind.name(), series, values: each.collect() }
            })
            .collect();
        let all = curves.iter().flat_map(|curve| curve.values.iter().filter_map(|one| *one));
        let scale = Scale::linear(all);
        let (first, last) =
            (sizes.first().copied().unwrap_or(1), sizes.last().copied().unwrap_or(2));
        let position = |size: u32| {
            (f64::from(size) / f64::from(first)).ln() / (f64::from(last) / f64::from(first)).ln()
        };
        let ticks = sizes.iter().map(|&size| (position(size), crate::numbers::short(size.into())));
        let ticks = ticks.collect();
        Panel { title, axis: "ns", below: "clients", ticks, scale, curves }
    };
    let panels = [
        panel("growth-flood", "flood: 10 send as fast as they go, 4 million deliveries each time"),
        panel("growth-steady", "steady: 200,000 deliveries a second each time"),
    ];
    lines::draw(GROWTH.1, &panels)
}
