//! A guard of whippet: how it is removed, and which tests fail without it.

/// One guard, and the tests that fail without it.
#[derive(Debug)]
pub(super) struct Mutation {
    /// The row of docs/KNOWN_FAILURES.md, or a dash for what is in no row.
    pub(super) row: &'static str,
    /// Describes the guard.
    pub(super) guard: &'static str,
    /// The file that it is in.
    pub(super) file: &'static str,
    /// The lines that are removed; the file contains them exactly once.
    pub(super) from: &'static str,
    /// The lines that replace them.
    pub(super) to: &'static str,
    /// The tests, each of which fails without the guard.
    pub(super) tests: &'static [Test],
}

/// A test of whippet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Test {
    /// In the library.
    Unit(&'static str),
    /// In a file of `tests`.
    File(&'static str, &'static str),
    /// A loom model.
    Model(&'static str),
    /// A whole runtime under shuttle's schedules.
    Schedule(&'static str),
    /// A file of `tests` whose tables are checked by the compiler: without the guard it does not build.
    Table(&'static str),
}

impl Test {
    /// Its full name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unit(name)
            | Self::File(_, name)
            | Self::Model(name)
            | Self::Schedule(name)
            | Self::Table(name) => name,
        }
    }
}

impl Mutation {
    /// Whether the word is its row, or is not a row and is part of its file, its description or the name of a test.
    pub(super) fn is(&self, word: &str) -> bool {
        if word == "-" || word.parse::<u8>().is_ok() {
            return self.row == word;
        }
        let is_in = |text: &str| text.contains(word);
        is_in(self.file) || is_in(self.guard) || self.tests.iter().any(|test| is_in(test.name()))
    }

    /// The source without the guard; none if the source does not contain the guard exactly once.
    pub(super) fn apply(&self, source: &str) -> Option<String> {
        (source.matches(self.from).count() == 1).then(|| source.replacen(self.from, self.to, 1))
    }
}
