//! Each public function of whippet has an example of its own, and one that may panic names its caller.
//!
//! Works by lines: a declaration begins its line, and what is above it up to the first line that is neither documentation
//! nor an attribute belongs to it.

use super::source::Source;

/// The sources that the rule is for.
const FOLDER: &str = "crates/whippet/src/";
/// Items for macros, which are not public otherwise.
const HIDDEN: &str = "crates/whippet/src/macros/";

/// The public functions without an example, and those that may panic and do not name their caller.
pub(super) fn find(sources: &[Source]) -> Vec<String> {
    let ours = |path: &str| path.starts_with(FOLDER) && !path.starts_with(HIDDEN);
    let looked_at = sources.iter().filter(|source| ours(&source.path) && !source.is_test);
    looked_at.flat_map(of_a_file).collect()
}

fn of_a_file(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().map(str::trim_start).collect();
    let tests = lines.iter().position(|line| line.starts_with("mod tests"));
    let lines = &lines[..tests.unwrap_or(lines.len())];
    let mut complaints = Vec::new();
    for at in (0..lines.len()).filter(|&at| is_public_function(lines[at])) {
        let mut complain =
            |message: &str| complaints.push(format!("{}:{}: {message}", source.path, at + 1));
        if !has_example(&lines[..at]) {
            complain("example: a public function has none: add one that asserts what it does");
        }
        // The attribute is not there yet for `async fn`.
        if !lines[at].contains("async fn ") && hides_caller(&lines[..at]) {
            complain(
                "panics: a public function has a section `# Panics`, and its panics do not name the caller: add `#[track_caller]`, to what it calls too",
            );
        }
    }
    complaints
}

fn is_public_function(line: &str) -> bool {
    let Some(mut rest) = line.strip_prefix("pub ") else { return false };
    for word in ["const ", "async ", "unsafe "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    rest.starts_with("fn ")
}

/// The lines above a function that belong to it, the lowest first.
fn head<'a>(above: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let belongs =
        |line: &&str| line.starts_with("///") || line.starts_with("#[") || line.ends_with(")]");
    above.iter().rev().copied().take_while(belongs)
}

/// Whether the lines above a function hold an example, text for one (in a macro), or hide it.
fn has_example(above: &[&str]) -> bool {
    head(above).any(|line| line.contains("```") || line.starts_with("#[doc"))
}

/// Whether the lines above a function say that it may panic, and not that the panic names the caller.
fn hides_caller(above: &[&str]) -> bool {
    head(above).any(|line| line.contains("# Panics"))
        && !head(above).any(|line| line == "#[track_caller]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        find(&[Source::new(path.to_owned(), text.to_owned())]).len()
    }

    #[test]
    fn public_functions_without_an_example_are_found() {
        let path = "crates/whippet/src/a.rs";
        for (text, count) in [
            ("/// Words.\npub fn a() {}", 1),
            ("/// ```\n/// b();\n/// ```\nfn b() {}\n\n/// Words.\npub const fn a() {}", 1),
            (
                "    /// Words.\n    /// ```\n    /// a();\n    /// ```\n    #[inline]\n    pub async fn a() {}",
                0,
            ),
            ("#[doc(hidden)]\npub fn a() {}", 0),
            ("pub(crate) fn a() {}\nfn b() {}", 0),
            ("mod tests {\n    pub fn a() {}\n}", 0),
        ] {
            assert_eq!(found(path, text), count, "{text}");
        }
        assert_eq!(found("crates/chinwag/src/a.rs", "pub fn a() {}"), 0);
    }

    #[test]
    fn panics_that_hide_the_caller_are_found() {
        let head = "/// # Panics\n/// Always.\n///\n/// ```\n/// a();\n/// ```\n";
        for (function, count) in [
            ("pub fn a() {}", 1),
            ("#[must_use]\npub const fn a() {}", 1),
            ("#[track_caller]\n#[must_use]\npub fn a() {}", 0),
            ("pub async fn a() {}", 0),
            ("pub(crate) fn a() {}", 0),
        ] {
            assert_eq!(
                found("crates/whippet/src/a.rs", &format!("{head}{function}")),
                count,
                "{function}"
            );
        }
    }
}
