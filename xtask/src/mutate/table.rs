//! What a guard of whippet is, how it is taken out, and which tests miss it.

/// One guard, and what misses it.
#[derive(Debug)]
pub(super) struct Mutation {
    /// The row of docs/KNOWN_FAILURES.md, or a dash for what is in no row.
    pub(super) row: &'static str,
    /// The guard, in words.
    pub(super) guard: &'static str,
    /// Where it is.
    pub(super) file: &'static str,
    /// The lines that are taken out; they stand in the file once.
    pub(super) from: &'static str,
    /// What stands there then.
    pub(super) to: &'static str,
    /// The tests that fail then, each of them.
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
    /// A whole runtime under schedules of shuttle's.
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
    /// Whether the word is its row, or is no row and in its file, its words or the names of its tests.
    pub(super) fn is(&self, word: &str) -> bool {
        if word == "-" || word.parse::<u8>().is_ok() {
            return self.row == word;
        }
        let is_in = |text: &str| text.contains(word);
        is_in(self.file) || is_in(self.guard) || self.tests.iter().any(|test| is_in(test.name()))
    }

    /// The source without the guard; none when the guard is not there exactly once.
    pub(super) fn apply(&self, source: &str) -> Option<String> {
        (source.matches(self.from).count() == 1).then(|| source.replacen(self.from, self.to, 1))
    }
}
