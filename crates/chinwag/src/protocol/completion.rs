//! What a word that is half typed may become: names or commands that begin with it.

use crate::limits::MAX_COMPLETIONS;

/// What begins with a word, in the order of the alphabet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Completions {
    /// The first of them, as many as are worth showing.
    pub shown: Vec<String>,
    /// How many there are, counted to one more than are shown.
    pub count: usize,
    /// What all of them begin with: the word itself, or more.
    pub common: String,
}

impl Completions {
    /// Those of these names that begin with the word, in whatever case.
    pub(crate) fn matching<'a>(names: impl Iterator<Item = &'a str>, word: &str) -> Self {
        let mut matching: Vec<_> = names.filter(|name| begins_with(name, word)).collect();
        matching.sort_unstable_by_key(|name| name.to_ascii_lowercase());
        let last = matching.last().copied();
        Self::from_sorted(matching.into_iter(), last)
    }

    /// These names, which are in the order of the alphabet without regard to case, up to the last of them. Only the first few
    /// are looked at: what the first and the last begin with, those between begin with, too.
    pub(crate) fn from_sorted<'a>(
        mut names: impl Iterator<Item = &'a str>,
        last: Option<&str>,
    ) -> Self {
        let some: Vec<_> = names.by_ref().take(MAX_COMPLETIONS).map(str::to_owned).collect();
        let (Some(first), Some(last)) = (some.first(), last) else { return Self::default() };
        let common = first[..common_prefix_len(first, last)].to_owned();
        let count = some.len() + usize::from(names.next().is_some());
        Self { common, count, shown: some }
    }

    /// All that is worth showing of them, in one line.
    pub(crate) fn list(&self) -> String {
        let names = self.shown.join(", ");
        if self.count > self.shown.len() { names + " and more" } else { names }
    }

    /// How many they are, as far as they were counted.
    pub(crate) fn count_text(&self) -> String {
        if self.count > MAX_COMPLETIONS {
            format!("more than {MAX_COMPLETIONS}")
        } else {
            self.count.to_string()
        }
    }
}

/// Whether a name begins with a word, in whatever case. Names are ASCII.
fn begins_with(name: &str, word: &str) -> bool {
    let start = name.as_bytes().get(..word.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

/// How many bytes two names share at their start, in whatever case.
fn common_prefix_len(first: &str, second: &str) -> usize {
    let same = |(a, b): &(u8, u8)| a.is_ascii() && a.eq_ignore_ascii_case(b);
    first.bytes().zip(second.bytes()).take_while(same).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str], word: &str) -> Completions {
        Completions::matching(names.iter().copied(), word)
    }

    #[test]
    fn what_all_share_is_known() {
        let people = ["Albert", "alice", "ALINA", "bob"];
        assert_eq!(of(&people, "b").common, "bob");
        let matches = of(&people, "aL");
        assert_eq!((matches.count, matches.common.as_str()), (3, "Al"));
        assert_eq!(of(&people, "ali").common, "ali");
        assert_eq!(of(&people, "").common, "");
        assert_eq!(of(&people, "é"), Completions::default());
        assert_eq!(of(&people, "albert and more"), Completions::default());
    }

    #[test]
    fn lists_are_short() {
        let names: Vec<_> = (0..100).map(|number| format!("user-{number}")).collect();
        let matches = Completions::matching(names.iter().map(String::as_str), "u");
        assert_eq!((matches.shown.len(), matches.count), (MAX_COMPLETIONS, MAX_COMPLETIONS + 1));
        assert!(matches.list().ends_with("user-22 and more"), "{}", matches.list());
        assert_eq!(
            (matches.count_text().as_str(), of(&["al"], "a").count_text().as_str()),
            ("more than 16", "1")
        );
    }
}
