//! Groups of horizontal bars, with its value next to each.

use super::scale::Scale;
use super::svg::{Anchor, Style, Svg, TEXT, width};
use crate::numbers::short;

/// The width of a chart.
const WIDTH: f64 = 760.0;
/// Height of a bar; space between two; space between two groups.
const BAR: f64 = 15.0;
const GAP: f64 = 3.0;
const GROUP_GAP: f64 = 14.0;
/// Space for title and legend above the bars, and for the axis below them.
const ABOVE: f64 = 62.0;
const BELOW: f64 = 44.0;
/// Space right of the bars for a number or a short text.
const RIGHT: f64 = 96.0;

/// A bar chart.
#[derive(Debug)]
pub struct Bars<'a> {
    /// What it shows.
    pub title: &'a str,
    /// What the axis counts.
    pub axis: &'a str,
    /// How the axis is divided.
    pub scale: Scale,
    /// What follows a value.
    pub unit: &'a str,
    /// The series, in the order of their colours.
    pub legend: &'a [&'a str],
    /// The groups, from the top.
    pub groups: Vec<Group>,
    /// A value that gets a line over the whole height.
    pub line: Option<f64>,
}

/// Bars that belong together.
#[derive(Debug)]
pub struct Group {
    /// What they are about.
    pub label: String,
    /// The bars, from the top.
    pub bars: Vec<Bar>,
    /// A value that is not to be exceeded.
    pub mark: Option<f64>,
}

/// One bar.
#[derive(Debug)]
pub struct Bar {
    /// The index of its series.
    pub series: usize,
    /// Its length, or why it has none.
    pub value: Result<f64, String>,
}

impl Bars<'_> {
    /// The chart.
    pub fn draw(&self) -> String {
        let heights: f64 = self.groups.iter().map(Group::height).sum();
        let height = ABOVE + heights + BELOW;
        let mut svg = Svg::new(WIDTH, height, self.title);
        self.draw_legend(&mut svg);
        let left = 24.0 + self.groups.iter().map(|group| width(&group.label)).fold(0.0, f64::max);
        let span = WIDTH - left - RIGHT;
        let at = |value: f64| left + self.scale.position(value) * span;
        let (top, bottom) = (ABOVE - 6.0, height - BELOW);
        for tick in self.scale.ticks() {
            svg.grid((at(tick), top), (at(tick), bottom));
            svg.text(at(tick), bottom + 16.0, Anchor::Middle, Style::Faint, &short(tick));
        }
        svg.text(left + span / 2.0, bottom + 34.0, Anchor::Middle, Style::Faint, self.axis);
        if let Some(line) = self.line {
            svg.rule((at(line), top), (at(line), bottom));
        }
        let mut y = ABOVE;
        for group in &self.groups {
            self.draw_group(&mut svg, group, y, left, &at);
            y += group.height();
        }
        svg.finish()
    }

    fn draw_legend(&self, svg: &mut Svg) {
        let mut x = 16.0;
        for (series, name) in self.legend.iter().enumerate() {
            svg.bar(x, 38.0, 10.0, 10.0, series);
            svg.text(x + 15.0, 47.0, Anchor::Start, Style::Plain, name);
            x += 33.0 + width(name);
        }
    }

    fn draw_group(&self, svg: &mut Svg, group: &Group, y: f64, left: f64, at: &dyn Fn(f64) -> f64) {
        let inner = group.height() - GROUP_GAP;
        let middle = y + inner / 2.0 + TEXT / 3.0;
        svg.text(left - 8.0, middle, Anchor::End, Style::Plain, &group.label);
        let bars =
            || group.bars.iter().enumerate().map(|(i, bar)| (y + i as f64 * (BAR + GAP), bar));
        for (y, bar) in bars() {
            if let Ok(value) = bar.value {
                svg.bar(left, y, (at(value) - left).max(1.0), BAR, bar.series);
            }
        }
        if let Some(mark) = group.mark {
            svg.mark((at(mark), y - 4.0), (at(mark), y + inner + 4.0));
            svg.text(WIDTH - 8.0, middle, Anchor::End, Style::Faint, &format!("≤ {}", short(mark)));
        }
        for (y, bar) in bars() {
            let base = y + BAR / 2.0 + TEXT / 3.0;
            match &bar.value {
                Ok(value) => {
                    let text = format!("{}{}", short(*value), self.unit);
                    let x = at(*value).max(group.mark.map_or(0.0, at)) + 6.0;
                    svg.text(x, base, Anchor::Start, Style::Plain, &text);
                }
                Err(text) => {
                    svg.text(left + 4.0, base, Anchor::Start, Style::Series(bar.series), text);
                }
            }
        }
    }
}

impl Group {
    fn height(&self) -> f64 {
        self.bars.len() as f64 * (BAR + GAP) - GAP + GROUP_GAP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_have_values_or_a_text() {
        let bar = |value| Bar { series: 0, value };
        let bars = vec![bar(Ok(12.34)), bar(Err("stuck".to_owned()))];
        let group = Group { label: "flood".to_owned(), bars, mark: Some(20.0) };
        let scale = Scale::Linear(25.0);
        let (title, axis, unit) = ("t", "ns", " ns");
        let (legend, groups) = (&["chinwag"][..], vec![group]);
        let chart = Bars { title, axis, scale, unit, legend, groups, line: None }.draw();
        for text in ["12.3 ns", "stuck", "≤ 20", "flood", "chinwag"] {
            assert!(chart.contains(text), "{text}: {chart}");
        }
    }
}
