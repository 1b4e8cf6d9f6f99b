//! Panels of curves, each with its name at its end.

use super::scale::Scale;
use super::svg::{Anchor, Style, Svg, TEXT, width};
use crate::numbers::short;

/// Width and height of a panel's plot.
const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 230.0;
/// Space around it: left for the axis, above for titles, right for names, below for the axis.
const LEFT: f64 = 70.0;
const ABOVE: f64 = 70.0;
const RIGHT: f64 = 170.0;
const BELOW: f64 = 46.0;
/// The least distance of two names.
const MIN_DISTANCE: f64 = TEXT + 3.0;

/// One panel.
#[derive(Debug)]
pub struct Panel<'a> {
    /// What it shows.
    pub title: &'a str,
    /// What the vertical axis counts.
    pub axis: &'a str,
    /// What the horizontal axis counts.
    pub below: &'a str,
    /// Positions along the horizontal axis, from 0 to 1, with their names.
    pub ticks: Vec<(f64, String)>,
    /// How the vertical axis is divided.
    pub scale: Scale,
    /// The curves.
    pub curves: Vec<Curve<'a>>,
}

/// One curve.
#[derive(Debug)]
pub struct Curve<'a> {
    /// Its name.
    pub name: &'a str,
    /// The index of its colour.
    pub series: usize,
    /// A value for each tick, where there is one.
    pub values: Vec<Option<f64>>,
}

/// A chart of panels, one below the other.
pub fn draw(title: &str, panels: &[Panel<'_>]) -> String {
    let each = ABOVE + HEIGHT + BELOW;
    let mut svg = Svg::new(LEFT + WIDTH + RIGHT, 24.0 + each * panels.len() as f64, title);
    for (index, panel) in panels.iter().enumerate() {
        panel.draw(&mut svg, 24.0 + each * index as f64 + ABOVE - 12.0);
    }
    svg.finish()
}

impl Panel<'_> {
    /// Draws it with the upper end of its plot at `top`.
    fn draw(&self, svg: &mut Svg, top: f64) {
        let bottom = top + HEIGHT;
        let y = |value: f64| bottom - self.scale.position(value) * HEIGHT;
        svg.text(16.0, top - 26.0, Anchor::Start, Style::Plain, self.title);
        svg.text(LEFT - 8.0, top - 8.0, Anchor::End, Style::Faint, self.axis);
        for tick in self.scale.ticks() {
            svg.grid((LEFT, y(tick)), (LEFT + WIDTH, y(tick)));
            let base = y(tick) + TEXT / 3.0;
            svg.text(LEFT - 8.0, base, Anchor::End, Style::Faint, &short(tick));
        }
        for (position, name) in &self.ticks {
            let x = LEFT + position * WIDTH;
            svg.grid((x, bottom), (x, bottom + 4.0));
            svg.text(x, bottom + 18.0, Anchor::Middle, Style::Faint, name);
        }
        svg.text(LEFT + WIDTH / 2.0, bottom + 36.0, Anchor::Middle, Style::Faint, self.below);
        let mut ends = Vec::new();
        for curve in &self.curves {
            let ticks = self.ticks.iter().zip(&curve.values);
            let points: Vec<(f64, f64)> = ticks
                .filter_map(|((position, _), value)| Some((LEFT + position * WIDTH, y((*value)?))))
                .collect();
            let Some(&(_, end)) = points.last() else { continue };
            svg.curve(&points, curve.series);
            let last = curve.values.iter().rev().find_map(|value| *value).unwrap_or(0.0);
            ends.push((end, curve.series, format!("{} {}", curve.name, short(last))));
        }
        for (base, series, text) in without_overlap(ends, bottom) {
            debug_assert!(width(&text) < RIGHT, "no space for {text:?}");
            svg.text(LEFT + WIDTH + 10.0, base, Anchor::Start, Style::Series(series), &text);
        }
    }
}

/// Names at the ends of curves, moved apart where they would cover each other, the lowest not below `bottom`.
fn without_overlap(mut ends: Vec<(f64, usize, String)>, bottom: f64) -> Vec<(f64, usize, String)> {
    ends.sort_by(|(one, ..), (other, ..)| other.total_cmp(one));
    let mut lowest = bottom + TEXT;
    for (y, ..) in &mut ends {
        *y = (*y + TEXT / 3.0).min(lowest);
        lowest = *y - MIN_DISTANCE;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_overlap() {
        let end = |y| (y, 0, String::new());
        let names = without_overlap(vec![end(100.0), end(101.0), end(99.0), end(20.0)], 200.0);
        assert!(
            names.windows(2).all(|two| two[0].0 - two[1].0 >= MIN_DISTANCE - 1e-9),
            "{names:?}"
        );
    }

    #[test]
    fn a_curve_has_a_name_and_a_gap() {
        let values = vec![Some(1.0), None, Some(3.5)];
        let ticks = vec![(0.0, "p50".to_owned()), (0.5, "p90".to_owned()), (1.0, "p99".to_owned())];
        let curves = vec![Curve { name: "chinwag", series: 0, values }];
        let (title, axis, below, scale) = ("steady", "ms", "percentile", Scale::Linear(4.0));
        let chart = draw("t", &[Panel { title, axis, below, ticks, scale, curves }]);
        assert!(chart.contains("chinwag 3.50") && chart.matches("<circle").count() == 2);
    }
}
