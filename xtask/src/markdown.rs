//! The parts of Markdown that the check of links needs: links, the anchors of headings, and code spans. Pure.
//!
//! Works by lines. Code blocks are skipped; a link does not span lines.

use std::collections::BTreeMap;
use std::ops::Range;

/// A link of a page, `[text](target)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// Its line, counted from 1.
    pub(crate) line: usize,
    /// Its bytes in the page, from the opening bracket to its end.
    pub(crate) place: Range<usize>,
    /// The text.
    pub(crate) text: String,
    /// The target, without a title.
    pub(crate) target: String,
}

/// A code span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its line, counted from 1.
    pub(crate) line: usize,
    /// Its bytes in the page, with its backticks.
    pub(crate) place: Range<usize>,
    /// The code.
    pub(crate) text: String,
}

/// A line outside of code blocks: its number, its first byte, and its text.
type Line<'a> = (usize, usize, &'a str);

/// The lines of a page outside of code blocks.
fn lines(page: &str) -> Vec<Line<'_>> {
    let (mut kept, mut start, mut fence) = (Vec::new(), 0, false);
    for (number, line) in page.split_inclusive('\n').enumerate() {
        if line.trim_start().starts_with("```") {
            fence = !fence;
        } else if !fence {
            kept.push((number + 1, start, line.trim_end()));
        }
        start += line.len();
    }
    kept
}

/// The code spans of a line, with their backticks.
fn code(line: &str) -> Vec<Range<usize>> {
    let (mut spans, mut at) = (Vec::new(), 0);
    while let Some(open) = line[at..].find('`').map(|open| at + open) {
        let ticks = line[open..].bytes().take_while(|&byte| byte == b'`').count();
        let inside = open + ticks;
        let Some(close) = line[inside..].find(&line[open..inside]).map(|close| inside + close)
        else {
            break;
        };
        spans.push(open..close + ticks);
        at = close + ticks;
    }
    spans
}

/// All code spans of a page.
pub(crate) fn spans(page: &str) -> Vec<Span> {
    let of_a_line = |(number, start, line): Line<'_>| {
        let span = |span: Range<usize>| Span {
            line: number,
            text: line[span.clone()].trim_matches('`').to_owned(),
            place: start + span.start..start + span.end,
        };
        code(line).into_iter().map(span).collect::<Vec<_>>()
    };
    lines(page).into_iter().flat_map(of_a_line).collect()
}

/// All links of a page.
pub(crate) fn links(page: &str) -> Vec<Link> {
    lines(page).into_iter().flat_map(links_of_a_line).collect()
}

fn links_of_a_line((number, start, line): Line<'_>) -> Vec<Link> {
    let code = code(line);
    let is_code = |at: usize| code.iter().any(|span| span.contains(&at));
    let mut found = Vec::new();
    for (middle, _) in line.match_indices("](").filter(|&(middle, _)| !is_code(middle)) {
        let Some(end) = line[middle..].find(')').map(|end| middle + end) else { continue };
        let Some(open) = opening(&line[..middle], &is_code) else { continue };
        let target = line[middle + 2..end].split_whitespace().next().unwrap_or_default();
        found.push(Link {
            line: number,
            place: start + open..start + end + 1,
            text: line[open + 1..middle].to_owned(),
            target: target.to_owned(),
        });
    }
    found
}

/// The bracket that opens the text of a link that ends here.
fn opening(text: &str, is_code: &impl Fn(usize) -> bool) -> Option<usize> {
    let mut depth = 1;
    for (at, c) in text.char_indices().rev().filter(|&(at, _)| !is_code(at)) {
        match c {
            ']' => depth += 1,
            '[' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The anchors of a page's headings, as forges make them: lower case, hyphens for spaces, no other punctuation, and a number
/// after a repeated one.
pub(crate) fn anchors(page: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut anchors = Vec::new();
    for (_, _, line) in lines(page) {
        let text = line.trim_start_matches('#');
        if text.len() == line.len() || !text.starts_with(' ') {
            continue;
        }
        let kept = text.trim().to_lowercase();
        let kept = kept.chars().filter(|&c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let slug: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        let times = seen.entry(slug.clone()).or_default();
        anchors.push(if *times == 0 { slug } else { format!("{slug}-{times}") });
        *times += 1;
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_with_their_places() {
        let page = "a [b](c.md#d) and `[x](y)`\n```\n[no](no)\n```\n![p](q.svg \"t\") [`e`](f)\n";
        let found = links(page);
        let shown: Vec<_> = found
            .iter()
            .map(|link| (link.line, link.text.as_str(), link.target.as_str()))
            .collect();
        assert_eq!(shown, [(1, "b", "c.md#d"), (5, "p", "q.svg"), (5, "`e`", "f")]);
        assert_eq!(&page[found[0].place.clone()], "[b](c.md#d)");
        assert_eq!(&page[found[2].place.clone()], "[`e`](f)");
    }

    #[test]
    fn headings_have_the_anchors_that_forges_make() {
        let page =
            "# What `x` is, and why\n\n## A\n```\n# no heading\n```\n## A\n#no\n### b_c-d (e)\n";
        assert_eq!(anchors(page), ["what-x-is-and-why", "a", "a-1", "b_c-d-e"]);
    }

    #[test]
    fn code_spans_are_found() {
        let page = "`a` and ``b`c`` and `open\n```\n`no`\n```\n`d`\n";
        let shown: Vec<_> = spans(page).into_iter().map(|span| (span.line, span.text)).collect();
        assert_eq!(shown, [(1, "a".into()), (1, "b`c".into()), (5, "d".into())]);
    }
}
