//! The answer to `/who`, in pages, and the line of names that a new client gets.

use crate::limits::{MAX_NICK, MAX_ROOM_NAME, WELCOME_NAMES, WHO_PAGE_BYTES, WHO_PAGE_NAMES};
use crate::protocol::encode::group_digits;
use crate::protocol::nick::Nick;
use crate::protocol::room_name::RoomName;
use std::fmt::{self, Write};

/// What an answer may need beside the names: `* `, the count, `page … of …`, the way to the next page, the line end.
const OVERHEAD: usize = 96 + 2 * (MAX_ROOM_NAME + 4);
/// What stands behind the name of a user who is away.
const AWAY: &str = " (away)";
/// What stands between two names.
const SEPARATOR: &str = ", ";

const _: () = assert!(
    OVERHEAD + WHO_PAGE_NAMES * (MAX_NICK + AWAY.len() + SEPARATOR.len()) <= WHO_PAGE_BYTES,
    "a page holds so many names, however long they are"
);

/// A user in an answer to `/who`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// What they are called.
    pub nick: &'a Nick,
    /// Whether they said that they are away.
    pub away: bool,
}

/// Which room an answer is about.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// The one that the user who asks is in.
    CurrentRoom,
    /// The one of this name, for which they asked.
    Room(RoomName),
}

impl Scope {
    /// Behind a number of users.
    fn after_count(&self) -> String {
        match self {
            Self::CurrentRoom => "here".to_owned(),
            Self::Room(name) => format!("in {name}"),
        }
    }

    /// What asks for this page.
    fn command(&self, page: u32) -> String {
        match self {
            Self::CurrentRoom => format!("/who {page}"),
            Self::Room(name) => format!("/who {name} {page}"),
        }
    }
}

/// A page of names that was asked for and is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoSuchPage {
    /// The number that was asked for, from 1.
    wanted: u32,
    /// How many pages there are.
    pages: usize,
}

impl fmt::Display for NoSuchPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, pages } = self;
        let one = if *pages == 1 { "is one page" } else { "are only so many pages" };
        write!(f, "there is no page {wanted} of names: there {one} ({pages})")
    }
}

/// One page of the names, counted from 1, of so many users. `from` says who they are from a place on, counted from 0: nobody
/// is looked at but those on the page.
///
/// # Errors
/// There is no such page.
pub(crate) fn page<'a, Names: Iterator<Item = Entry<'a>>>(
    count: usize,
    from: impl FnOnce(usize) -> Names,
    scope: &Scope,
    wanted: u32,
) -> Result<String, NoSuchPage> {
    let pages = count.div_ceil(WHO_PAGE_NAMES).max(1);
    let page = wanted as usize;
    if page > pages {
        return Err(NoSuchPage { wanted, pages });
    }
    let mut listed = String::new();
    for Entry { nick, away } in from((page - 1) * WHO_PAGE_NAMES).take(WHO_PAGE_NAMES) {
        let separator = if listed.is_empty() { "" } else { SEPARATOR };
        let mark = if away { AWAY } else { "" };
        write!(listed, "{separator}{nick}{mark}").expect("a string takes all that is written");
    }
    let here = format!("{} {}", group_digits(count as u64), scope.after_count());
    Ok(match (pages, page) {
        (1, _) => format!("{here}: {listed}"),
        (pages, last) if last == pages => format!("{here}, page {last} of {pages}: {listed}"),
        (pages, page) => {
            let next = scope.command(wanted + 1);
            format!("{here}, page {page} of {pages}: {listed} (go on with {next})")
        }
    })
}

/// How many are here, and the first few of them.
pub(crate) fn summary<'a>(count: usize, names: impl Iterator<Item = &'a Nick>) -> String {
    let mut text = format!("{} here: ", group_digits(count as u64));
    for (at, name) in names.take(WELCOME_NAMES).enumerate() {
        let separator = if at > 0 { SEPARATOR } else { "" };
        write!(text, "{separator}{name}").expect("a string takes all that is written");
    }
    if count > WELCOME_NAMES {
        let more = group_digits((count - WELCOME_NAMES) as u64);
        write!(text, " and {more} more").expect("a string takes all that is written");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: u64) -> Vec<Nick> {
        (1..=count).map(Nick::guest).collect()
    }

    fn entries_from(names: &[Nick], from: usize) -> impl Iterator<Item = Entry<'_>> {
        names[from..].iter().map(|nick| Entry { nick, away: false })
    }

    fn page_of(names: &[Nick], scope: &Scope, wanted: u32) -> Result<String, NoSuchPage> {
        page(names.len(), |from| entries_from(names, from), scope, wanted)
    }

    #[test]
    fn few_names_stand_on_one_page() {
        let names = ["alice", "bob"].map(|name| Nick::parse(name).unwrap());
        let listed = |scope: &Scope, page| page_of(&names, scope, page);
        assert_eq!(listed(&Scope::CurrentRoom, 1).unwrap(), "2 here: alice, bob");
        assert!(listed(&Scope::CurrentRoom, 2).is_err());
        let dev = Scope::Room(RoomName::parse("#dev").unwrap());
        assert_eq!(listed(&dev, 1).unwrap(), "2 in #dev: alice, bob");
        let away = |_| names.iter().map(|nick| Entry { nick, away: nick.as_str() == "bob" });
        assert_eq!(page(2, away, &Scope::CurrentRoom, 1).unwrap(), "2 here: alice, bob (away)");
        assert_eq!(page_of(&[], &dev, 1).unwrap(), "0 in #dev: ");
    }

    #[test]
    fn pages_are_bounded_and_together_hold_every_name_once() {
        let names = names(9_000);
        let mut listed = Vec::new();
        let mut number = 1;
        let scope = Scope::Room(RoomName::parse(&format!("#{}", "x".repeat(64))).unwrap());
        let command = scope.command(0).replace(" 0", "");
        while let Ok(text) = page_of(&names, &scope, number) {
            assert!("* ".len() + text.len() + "\r\n".len() <= WHO_PAGE_BYTES, "{}", text.len());
            assert!(text.starts_with(&format!("9,000 {}, page {number} of ", scope.after_count())));
            let more = format!(" (go on with {command} {})", number + 1);
            let body = text.split_once(": ").unwrap().1;
            listed.extend(body.trim_end_matches(&more).split(", ").map(str::to_owned));
            number += 1;
        }
        assert_eq!(listed, names.iter().map(Nick::to_string).collect::<Vec<_>>());
        assert!(number > 20);
        let refused = page_of(&names, &scope, u32::MAX).unwrap_err();
        assert!(refused.to_string().contains("there is no page 4294967295"), "{refused}");
    }

    #[test]
    fn the_welcome_names_ten_users_at_most() {
        assert_eq!(summary(3, names(3).iter()), "3 here: user-1, user-2, user-3");
        assert!(summary(10, names(10).iter()).ends_with("user-9, user-10"));
        let many = summary(9_000, names(9_000).iter());
        assert!(many.starts_with("9,000 here: user-1, user-2,"), "{many}");
        assert!(many.ends_with(", user-10 and 8,990 more"), "{many}");
    }
}
