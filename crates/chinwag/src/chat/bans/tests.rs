//! What bans mean, and how they are kept.

use super::*;
use crate::limits::MAX_QUOTED;
use proptest::prelude::*;

fn nick(name: &str) -> Nick {
    Nick::parse(name).unwrap()
}

fn target(word: &str) -> BanTarget {
    BanTarget::parse(word).unwrap()
}

fn ban(word: &str, until: Option<u64>) -> Ban {
    Ban { target: target(word), until, reason: "".into() }
}

#[test]
fn patterns_match_whole_nicks_in_any_case() {
    for (mask, matching, others) in [
        ("Mallory", &["mallory", "MALLORY"][..], &["mallory2", "amallory"][..]),
        ("mal*", &["mal", "mallory"], &["amal", "ma"]),
        ("*spam*", &["spam", "xspamx", "SpamSpam"], &["spa-m"]),
        ("b?b", &["bob", "b-b"], &["bb", "boob"]),
        ("a*b*c", &["abc", "axbxc", "abcbc"], &["abcd", "ac"]),
    ] {
        let BanTarget::Nick(mask) = target(mask) else { panic!("{mask} is a pattern") };
        for name in matching {
            assert!(mask.matches(nick(name)), "{mask:?} {name}");
        }
        for name in others {
            assert!(!mask.matches(nick(name)), "{mask:?} {name}");
        }
    }
}

#[test]
fn look_alikes_are_meant_too() {
    for (mask, matching, others) in [
        ("alice", &["aIice", "a1ice", "ALICE"][..], &["aiice", "allce"][..]),
        ("aIice", &["alice", "a1ice", "aiice"], &["alic"]),
        ("b0b", &["bob", "BOB", "bOb"], &["b8b"]),
        ("evil*", &["eviI", "evi1-2"], &["eviii"]),
        ("Ian*", &["ian", "Ian", "iAn2"], &["Lance", "lan"]),
    ] {
        let BanTarget::Nick(mask) = target(mask) else { panic!("{mask} is a pattern") };
        for name in matching {
            assert!(mask.matches(nick(name)), "{mask:?} {name}");
        }
        for name in others {
            assert!(!mask.matches(nick(name)), "{mask:?} {name}");
        }
    }
    let mut bans = Bans::default();
    bans.add(ban("aIice", None), 0).unwrap();
    bans.add(ban("alice", None), 0).unwrap();
    bans.add(ban("alic*", None), 0).unwrap();
    let kept = Bans::parse(&bans.to_text()).unwrap();
    assert!(kept.to_text().contains("\naIice -\n"), "as it was typed");
    assert_eq!(bans.remove(&target("a1ice"), 0).len(), 2);
    assert_eq!(bans.iter(0).count(), 1);
}

#[test]
fn ranges_hold_what_begins_alike() {
    let holds = |range: &str, address: &str| {
        let BanTarget::Network(range) = target(range) else { panic!("{range} is a range") };
        range.contains(address.parse().unwrap())
    };
    assert!(holds("203.0.113.9", "203.0.113.9") && !holds("203.0.113.9", "203.0.113.8"));
    assert!(holds("203.0.113.9/24", "203.0.113.200") && !holds("203.0.113.0/24", "203.0.114.0"));
    assert!(holds("203.0.113.9", "::ffff:203.0.113.9"), "however it came in");
    assert!(holds("::ffff:203.0.113.9", "203.0.113.9"));
    assert!(holds("2001:db8::/32", "2001:db8:1::7") && !holds("2001:db8::/32", "2001:db9::"));
    assert!(!holds("128.0.0.0/1", "::1") && !holds("2001:db8::/32", "203.0.113.9"));
    assert_eq!(target("203.0.113.9/24").to_string(), "203.0.113.0/24");
    assert_eq!(target("2001:DB8::1/64").to_string(), "2001:db8::/64");
    assert_eq!(target("::ffff:1.2.3.4").to_string(), "1.2.3.4");
    let mapped = target("::ffff:203.0.113.0/120");
    assert_eq!(mapped.to_string(), "203.0.113.0/24");
    assert_eq!(mapped, target("203.0.113.0/24"));
    assert_eq!(target("::ffff:203.0.113.9/128"), target("203.0.113.9"));
    assert_eq!(target("::ffff:200.0.0.0/97").to_string(), "128.0.0.0/1");
}

#[test]
fn what_is_advised_for_ipv6_is_the_64() {
    for (from, advised) in [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::1", "::1"),
    ] {
        let range = IpRange::of_client(from.parse().unwrap());
        assert_eq!(range.to_string(), advised, "{from}");
        // What is advised can be typed.
        assert_eq!(target(&range.to_string()), BanTarget::Network(range));
        assert_eq!(range.wider(), None, "{from}");
    }
    let BanTarget::Network(one) = target("2001:db8::7") else { panic!("an address") };
    assert_eq!(one.wider().map(|wider| wider.to_string()), Some("2001:db8::/64".to_owned()));
}

#[test]
fn what_is_no_target_is_refused() {
    for word in
        ["", "a b", "1.2.3", "a.b", "x\u{202e}", "1.2.3.4/33", "1.2.3.4/", "1.2.3.4/+3", "::/129"]
    {
        assert!(BanTarget::parse(word).is_err(), "{word:?}");
    }
    for word in ["*", "?*", "0.0.0.0/0", "::/0"] {
        assert_eq!(BanTarget::parse(word).unwrap_err().to_string(), MATCHES_ALL, "{word}");
    }
    // All of IPv4 lies in these.
    for word in ["::/64", "::1/64", "::/1", "::/80"] {
        let wrong = BanTarget::parse(word).unwrap_err().to_string();
        assert_eq!(wrong, "that would ban everybody who comes by IPv4", "{word}");
    }
    for word in ["::ffff:203.0.113.0/24", "::ffff:203.0.113.0/96"] {
        let wrong = BanTarget::parse(word).unwrap_err().to_string();
        assert!(wrong.contains("write the range as 203.0.113.0/24"), "{word}: {wrong}");
    }
}

#[test]
fn bans_end_and_a_target_has_one() {
    let mut bans = Bans::default();
    let alice = nick("alice");
    bans.add(ban("alice", Some(100)), 0).unwrap();
    assert!(bans.matching_nick(alice, 99).is_some() && bans.matching_nick(alice, 100).is_none());
    bans.add(ban("ALICE", None), 50).unwrap();
    assert_eq!(bans.iter(50).count(), 1);
    assert_eq!(bans.matching_nick(alice, 1_000).unwrap().duration_text(1_000), "for good");
    assert_eq!(bans.remove(&target("alice"), 50), [target("ALICE")]);
    assert_eq!(bans.remove(&target("alice"), 50), []);
}

#[test]
fn bans_are_limited_and_ended_ones_make_room() {
    let mut bans = Bans::default();
    for number in 0..MAX_BANS {
        bans.add(ban(&format!("x{number}"), Some(100)), 0).unwrap();
    }
    assert!(bans.add(ban("one-more", None), 99).is_err());
    assert!(bans.add(ban("x1", None), 99).is_ok(), "in the place of the one before");
    assert!(bans.add(ban("one-more", None), 100).is_ok());
    assert_eq!(bans.0.len(), 2);
}

#[test]
fn a_text_that_is_none_is_refused_by_its_line() {
    for (text, reason) in [
        ("# x\n\nalice", "line 3: a target, a blank and an end are wanted"),
        ("alice soon", "line 1: the end is - or a number of seconds"),
        ("* -", "line 1: that would ban everybody"),
    ] {
        assert_eq!(Bans::parse(text).unwrap_err().to_string(), reason);
    }
    let marked = Bans::parse("\u{feff}# x\r\nalice -\r\n").unwrap();
    assert_eq!(marked.0[0], ban("alice", None), "as some editors save it");
    assert_eq!(Bans::parse("x1 - \u{1b}[31mspam").unwrap().0[0].reason, "\"[31mspam\"".into());
}

proptest! {
    #[test]
    fn bans_read_back(
        those in prop::collection::vec(("[a-z*?]{1,8}|[0-9]{1,2}(\\.[0-9]{1,2}){3}(/[1-9])?|[0-9a-f]{1,4}::(/[1-9][0-9])?",
            prop::option::of(1_u64..), "\\PC{0,20}|\"{0,210}"), 0..8),
    ) {
        let mut bans = Bans::default();
        for (word, until, words) in those {
            let Ok(target) = BanTarget::parse(&word) else { continue };
            prop_assert_eq!(BanTarget::parse(&target.to_string()), Ok(target.clone()));
            let reason = requoted(&quote(&words));
            prop_assert!(reason.len() <= MAX_QUOTED + 2);
            bans.add(Ban { target, until, reason: reason.into() }, 0).unwrap();
        }
        prop_assert_eq!(Bans::parse(&bans.to_text()), Ok(bans));
    }

    #[test]
    fn any_text_is_bans_or_none(text in "(?s).{0,80}|([a-z*] ?[0-9-] ?\"?.{0,5}\n){0,5}") {
        let _ = Bans::parse(&text);
    }
}
