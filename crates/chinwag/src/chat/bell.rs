//! When a user's terminal may ring (`/bell on`), and which names a line holds. Pure; the time is an argument.
//!
//! A bell is the one control byte that a plain connection gets from the server, and it is for those who asked. What makes it
//! ring is other users', so it is bounded twice: it rings once in [`BELL_INTERVAL`] at most, and [`MAX_UNANSWERED_BELLS`] times
//! in all until the user sends a line. Nobody can ring a terminal that is left alone for the night.

use crate::limits::{BELL_INTERVAL, MAX_BELL_WORDS, MAX_NICK, MAX_UNANSWERED_BELLS, MIN_NICK};
use crate::protocol::nick::Nick;
use std::time::Instant;

/// What is kept of a user who asked for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bell {
    /// When it rang last.
    last_rang: Option<Instant>,
    /// How often it may ring before the user sends a line.
    remaining: u8,
}

impl Bell {
    /// It has not rung yet.
    pub(crate) fn new() -> Self {
        Self { last_rang: None, remaining: MAX_UNANSWERED_BELLS }
    }

    /// A user was named. Says whether that rings.
    pub(crate) fn try_ring(&mut self, now: Instant) -> bool {
        let is_early = self.last_rang.is_some_and(|rang| now < rang + BELL_INTERVAL);
        if is_early || self.remaining == 0 {
            return false;
        }
        (self.last_rang, self.remaining) = (Some(now), self.remaining - 1);
        true
    }

    /// The user sent something: they are there.
    pub(crate) fn reset(&mut self) {
        self.remaining = MAX_UNANSWERED_BELLS;
    }
}

impl Default for Bell {
    fn default() -> Self {
        Self::new()
    }
}

/// The words of a line that a user may be called, of the first [`MAX_BELL_WORDS`] that look like a name: whole words, so that
/// `bobsled` names no bob.
pub(crate) fn mentioned_nicks(words: &str) -> impl Iterator<Item = Nick> {
    let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let words = words.split(move |c| !is_inside(c));
    let is_name = |word: &&str| {
        (MIN_NICK..=MAX_NICK).contains(&word.len())
            && word.starts_with(|c: char| c.is_ascii_alphabetic())
    };
    words.filter(is_name).take(MAX_BELL_WORDS).filter_map(Nick::parse_existing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_bell_rings_within_its_limits() {
        let start = whippet::time::Instant::now().into_std();
        let (mut bell, mut rings) = (Bell::new(), 0);
        for tenth in 0..36_000 {
            rings += u32::from(bell.try_ring(start + Duration::from_millis(100 * tenth)));
        }
        assert_eq!(rings, u32::from(MAX_UNANSWERED_BELLS), "in an hour of a name in each tenth");
        let later = start + Duration::from_secs(7200);
        assert!(!bell.try_ring(later));
        bell.reset();
        assert!(bell.try_ring(later) && !bell.try_ring(later));
        bell.reset();
        assert!(!bell.try_ring(later + BELL_INTERVAL - Duration::from_millis(1)), "too soon");
        assert!(bell.try_ring(later + BELL_INTERVAL));
    }

    #[test]
    fn names_are_whole_words() {
        let names =
            |words: &str| mentioned_nicks(words).map(|nick| nick.to_string()).collect::<Vec<_>>();
        assert_eq!(names("Bob: hi, @anna! (cy-d's)"), ["Bob", "hi", "anna", "cy-d"]);
        assert_eq!(names("user-7, bobsled \u{e9}bob bob\u{e9} 7up x"), ["user-7", "bobsled"]);
        assert_eq!(names(&"x".repeat(25)), [""; 0]);
        assert_eq!(names(&"bob ".repeat(1000)).len(), MAX_BELL_WORDS);
    }
}
