//! Panels of curves, each with its name at its end.

use super::scale::Scale;
use super::svg::{Anchor, Style, Svg, TEXT, width};
use crate::numbers::short;

/// Width and height of a panel's plot.
const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 230.0;
/// Room around it: left for the axis, above for titles, right for names, below for the axis.
const LEFT: f64 = 70.0;
const ABOVE: f64 = 70.0;
const RIGHT: f64 = 170.0;
const BELOW: f64 = 46.0;
/// The least distance of two names.
const APART: f64 = TEXT + 3.0;

/// One panel.
#[derive(Debug)]
pub struct Panel<'a> {
    /// What it shows.
    pub title: &'a str,
    /// What the upright axis counts.
    pub axis: &'a str,
    /// What the lying one counts.
    pub below: &'a str,
    /// Places along the lying axis, from 0 to 1, with their names.
    pub stops: Vec<(f64, String)>,
    /// How the upright axis is divided.
    pub scale: Scale,
    /// The curves.
    pub curves: Vec<Curve<'a>>,
}

/// One curve.
#[derive(Debug)]
pub struct Curve<'a> {
    /// Its name.
    pub name: &'a str,
    /// The place of its colour.
    pub series: usize,
    /// A figure for each stop, where there is one.
    pub figures: Vec<Option<f64>>,
}

/// A picture of panels, one below the other.
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
        let y = |figure: f64| bottom - self.scale.place(figure) * HEIGHT;
        svg.text(16.0, top - 26.0, Anchor::Start, Style::Plain, self.title);
        svg.text(LEFT - 8.0, top - 8.0, Anchor::End, Style::Faint, self.axis);
        for tick in self.scale.ticks() {
            svg.grid((LEFT, y(tick)), (LEFT + WIDTH, y(tick)));
            let base = y(tick) + TEXT / 3.0;
            svg.text(LEFT - 8.0, base, Anchor::End, Style::Faint, &short(tick));
        }
        for (place, name) in &self.stops {
            let x = LEFT + place * WIDTH;
            svg.grid((x, bottom), (x, bottom + 4.0));
            svg.text(x, bottom + 18.0, Anchor::Middle, Style::Faint, name);
        }
        svg.text(LEFT + WIDTH / 2.0, bottom + 36.0, Anchor::Middle, Style::Faint, self.below);
        let mut ends = Vec::new();
        for curve in &self.curves {
            let stops = self.stops.iter().zip(&curve.figures);
            let points: Vec<(f64, f64)> = stops
                .filter_map(|((place, _), figure)| Some((LEFT + place * WIDTH, y((*figure)?))))
                .collect();
            let Some(&(_, end)) = points.last() else { continue };
            svg.curve(&points, curve.series);
            let last = curve.figures.iter().rev().find_map(|figure| *figure).unwrap_or(0.0);
            ends.push((end, curve.series, format!("{} {}", curve.name, short(last))));
        }
        for (base, series, words) in spread(ends, bottom) {
            debug_assert!(width(&words) < RIGHT, "no room for {words:?}");
            svg.text(LEFT + WIDTH + 10.0, base, Anchor::Start, Style::Series(series), &words);
        }
    }
}

/// Names at the ends of curves, moved apart where they would cover each other, the lowest not below `bottom`.
fn spread(mut ends: Vec<(f64, usize, String)>, bottom: f64) -> Vec<(f64, usize, String)> {
    ends.sort_by(|(one, ..), (other, ..)| other.total_cmp(one));
    let mut lowest = bottom + TEXT;
    for (y, ..) in &mut ends {
        *y = (*y + TEXT / 3.0).min(lowest);
        lowest = *y - APART;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_cover_each_other() {
        let end = |y| (y, 0, String::new());
        let names = spread(vec![end(100.0), end(101.0), end(99.0), end(20.0)], 200.0);
        assert!(names.windows(2).all(|two| two[0].0 - two[1].0 >= APART - 1e-9), "{names:?}");
    }

    #[test]
    fn a_curve_has_a_name_and_a_hole() {
        let figures = vec![Some(1.0), None, Some(3.5)];
        let stops = vec![(0.0, "p50".to_owned()), (0.5, "p90".to_owned()), (1.0, "p99".to_owned())];
        let curves = vec![Curve { name: "chinwag", series: 0, figures }];
        let (title, axis, below, scale) = ("paced", "ms", "percentile", Scale::Linear(4.0));
        let picture = draw("t", &[Panel { title, axis, below, stops, scale, curves }]);
        assert!(picture.contains("chinwag 3.50") && picture.matches("<circle").count() == 2);
    }
}
