//! Shapes and text of one chart, and the colours of all.

use std::fmt::Write as _;

/// Colours by the index of a series; each stands out on white and on near black.
const SERIES: [&str; 6] = ["#e8590c", "#1c7ed6", "#15aabf", "#ae3ec9", "#2f9e44", "#868e96"];
/// Background, text, faint text, and lines of the grid: light and dark.
const LIGHT: [&str; 4] = ["#ffffff", "#1f2328", "#59636e", "#d1d9e0"];
const DARK: [&str; 4] = ["#0d1117", "#f0f6fc", "#9198a1", "#3d444d"];
/// Marks of what is not to be exceeded.
const MARK: &str = "#2f9e44";
/// How wide a letter is at most, in parts of its height, for what must not overlap text.
const LETTER: f64 = 0.58;

/// The height of letters.
pub const TEXT: f64 = 12.0;

/// Where a text is relative to its point.
#[derive(Clone, Copy, Debug)]
pub enum Anchor {
    /// To the right of it.
    Start,
    /// Around it.
    Middle,
    /// To the left of it.
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub enum Style {
    /// Ordinary.
    Plain,
    /// Large.
    Title,
    /// Less important.
    Faint,
    /// In the colour of a series.
    Series(usize),
}

/// A chart that is being drawn.
#[derive(Debug)]
pub struct Svg {
    width: f64,
    height: f64,
    title: String,
    body: String,
}

impl Svg {
    /// An empty chart with a title.
    pub fn new(width: f64, height: f64, title: &str) -> Self {
        let mut svg = Self { width, height, title: title.to_owned(), body: String::new() };
        svg.text(16.0, 26.0, Anchor::Start, Style::Title, title);
        svg
    }

    /// A text, its base line at `y`.
    pub fn text(&mut self, x: f64, y: f64, anchor: Anchor, style: Style, label: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let class = match style {
            Style::Plain => "plain".to_owned(),
            Style::Title => "title".to_owned(),
            Style::Faint => "faint".to_owned(),
            Style::Series(index) => format!("f{}", index % SERIES.len()),
        };
        let label = escaped(label);
        self.draw(&format!(
            r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" class="{class}">{label}</text>"#
        ));
    }

    /// A filled bar in the colour of a series.
    pub fn bar(&mut self, x: f64, y: f64, width: f64, height: f64, series: usize) {
        let class = series % SERIES.len();
        self.draw(&format!(
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{height:.1}" rx="2" class="f{class}"/>"#
        ));
    }

    /// A line of the grid.
    pub fn grid(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.line(from, to, "grid");
    }

    /// A mark that something must not exceed.
    pub fn mark(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.line(from, to, "mark");
    }

    /// A line that stands out.
    pub fn rule(&mut self, from: (f64, f64), to: (f64, f64)) {
        self.line(from, to, "rule");
    }

    /// A line through points, with a dot at each, in the colour of a series.
    pub fn curve(&mut self, points: &[(f64, f64)], series: usize) {
        let class = series % SERIES.len();
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        self.draw(&format!(r#"<polyline points="{}" class="s{class}"/>"#, path.join(" ")));
        for (x, y) in points {
            self.draw(&format!(r#"<circle cx="{x:.1}" cy="{y:.1}" r="3.5" class="f{class}"/>"#));
        }
    }

    /// The chart as a file.
    pub fn finish(self) -> String {
        let Self { width, height, title, body } = self;
        let title = escaped(&title);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n<style>\n{}</style>\n\
             <rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n{body}</svg>\n",
            styles()
        )
    }

    fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        self.draw(&format!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" class="{class}"/>"#
        ));
    }

    fn draw(&mut self, shape: &str) {
        self.body.push_str(shape);
        self.body.push('\n');
    }
}

/// How wide a text is, or a little less.
pub fn width(label: &str) -> f64 {
    label.chars().count() as f64 * TEXT * LETTER
}

/// The styles, light and dark.
fn styles() -> String {
    let colours = |[ground, label, faint, grid]: [&str; 4]| {
        format!(
            "text{{stroke:{ground}}}.ground{{fill:{ground}}}.plain,.title{{fill:{label}}}.faint{{fill:{faint}}}.grid{{stroke:{grid}}}.rule{{stroke:{label}}}"
        )
    };
    let mut text = format!(
        "text{{font:{TEXT}px system-ui,sans-serif;paint-order:stroke;stroke-width:3px}}.title{{font-size:15px;font-weight:600}}\n\
         line{{stroke-width:1}}.rule{{stroke-width:1.5}}\
         .mark{{stroke:{MARK};stroke-width:3}}polyline{{fill:none;stroke-width:2}}\n{}\n\
         @media(prefers-color-scheme:dark){{{}}}\n",
        colours(LIGHT),
        colours(DARK)
    );
    // Writing to a string does not fail.
    for (index, colour) in SERIES.iter().enumerate() {
        let _ = writeln!(text, ".f{index}{{fill:{colour}}}.s{index}{{stroke:{colour}}}");
    }
    text
}

/// A text as XML has it.
fn escaped(label: &str) -> String {
    label.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_break_the_chart() {
        let mut svg = Svg::new(100.0, 50.0, "a < b & \"c\"");
        svg.text(1.0, 2.0, Anchor::End, Style::Series(7), "≤ <x>");
        let text = svg.finish();
        assert!(text.contains("<title>a &lt; b &amp; &quot;c&quot;</title>"));
        assert!(text.contains(r#"text-anchor="end" class="f1">≤ &lt;x&gt;</text>"#));
    }

    #[test]
    fn there_is_a_dark_scheme() {
        let text = Svg::new(1.0, 1.0, "").finish();
        assert!(text.contains("prefers-color-scheme:dark") && text.contains(DARK[0]));
    }
}
