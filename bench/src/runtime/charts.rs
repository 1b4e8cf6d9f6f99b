//! The charts of the report.

use super::cases::Bound;
use super::results::{Results, RuntimeKind};
use crate::chart::Scale;
use crate::chart::bars::{Bar, Bars, Group};

/// The folder of the charts, beside the report.
pub const FOLDER: &str = "charts";
/// The names of the charts, and what they show.
pub const NAMES: [(&str, &str); 2] = [
    ("runtime-ratios.svg", "whippet's time as a ratio to tokio's and smol's"),
    ("runtime-outside.svg", "the same where kernel or clock bound it, and memory"),
];

/// All charts, by the names of their files.
pub fn draw(results: &Results) -> [(&'static str, String); 2] {
    let [ratios, outside] = NAMES;
    [
        (ratios.0, bars(results, &[Bound::Runtime], ratios.1)),
        (outside.0, bars(results, &[Bound::Outside, Bound::Memory], outside.1)),
    ]
}

fn bars(results: &Results, bounds: &[Bound], title: &str) -> String {
    let cases = bounds.iter().flat_map(|bound| results.cases(*bound));
    let groups: Vec<Group> = cases
        .map(|case| {
            let bars = RuntimeKind::PEERS.into_iter().enumerate().map(|(series, peer)| {
                let none = || format!("{} has none of the kind", peer.name());
                Bar { series: series + 1, value: results.ratio(case, peer).ok_or_else(none) }
            });
            Group { label: case.name.to_owned(), bars: bars.collect(), mark: None }
        })
        .collect();
    let numbers = groups.iter().flat_map(|group| &group.bars);
    let numbers = numbers.filter_map(|bar| bar.value.as_ref().ok().copied());
    let scale = Scale::linear(numbers.chain([1.2]));
    let legend = &["", "÷ tokio", "÷ smol"];
    let axis = "ratio: less is better; 1 is as much as the other";
    Bars { title, axis, scale, unit: " ×", legend, groups, line: Some(1.0) }.draw()
}
