//! The kinds of values that a setting can have: how each is read and how it is shown.
//!
//! What is shown is TOML, and reads back as the same value.

use crate::protocol::duration;
use std::borrow::Cow;
use std::fmt::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

/// What a value was written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RawKind {
    /// A word of the command line or the environment, which have no types.
    Untyped,
    /// A string of the file.
    String,
    /// A number of the file.
    Number,
    /// `true` or `false` in the file.
    Bool,
}

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawValue<'a> {
    /// What stands there, without quotes.
    pub text: Cow<'a, str>,
    /// As what.
    pub kind: RawKind,
}

impl<'a> RawValue<'a> {
    /// A word of the command line or the environment.
    pub(crate) fn untyped(text: &'a str) -> Self {
        Self { text: Cow::Borrowed(text), kind: RawKind::Untyped }
    }
}

/// Why a value cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ValueError {
    /// Which of several values it is about.
    pub index: usize,
    /// The reason, for the user who wrote it.
    pub message: String,
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ValueError {}

/// Why a value does not fit a setting; displayed, it is the reason for the user who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidValue(pub(super) String);

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidValue {}

impl From<InvalidValue> for ValueError {
    fn from(InvalidValue(message): InvalidValue) -> Self {
        Self { index: 0, message }
    }
}

/// How many values a setting has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arity {
    /// One.
    One,
    /// Any number.
    Many,
    /// Yes or no: its flag needs no value.
    Flag,
}

/// Something that a setting can be.
pub(crate) trait Value: Sized {
    /// How many values it is made of.
    const ARITY: Arity;

    /// Reads it. There is at least one value, and only one unless it may have several.
    ///
    /// # Errors
    /// Which value is wrong, and why.
    fn read(values: &[RawValue<'_>]) -> Result<Self, ValueError>;

    /// As it stands in a file.
    fn show(&self) -> String;

    /// Words that it can be, for shells to offer. It may be others.
    fn suggestions() -> Vec<&'static str> {
        Vec::new()
    }
}

/// A single value.
pub(crate) trait Scalar: Sized {
    /// How many values it is made of: one, or yes and no.
    const ARITY: Arity = Arity::One;

    /// What it must be, for the error about another value.
    fn expected() -> String;

    /// Whether the file may have it in this form.
    fn accepts(kind: RawKind) -> bool;

    /// Reads it; `None` if it is something else.
    fn parse(text: &str) -> Option<Self>;

    /// As it stands in a file.
    fn display(&self) -> String;

    /// Words that it can be, for shells to offer. It may be others.
    fn suggestions() -> Vec<&'static str> {
        Vec::new()
    }
}

impl<T: Scalar> Value for T {
    const ARITY: Arity = <T as Scalar>::ARITY;

    fn read(values: &[RawValue<'_>]) -> Result<Self, ValueError> {
        let [RawValue { text, kind }] = values else {
            return Err(ValueError {
                index: 0,
                message: format!("it accepts one value: {}", T::expected()),
            });
        };
        let value =
            if *kind == RawKind::Untyped || T::accepts(*kind) { T::parse(text) } else { None };
        value.ok_or_else(|| {
            let shown = match kind {
                RawKind::String | RawKind::Untyped => quote(text),
                RawKind::Number | RawKind::Bool => text.to_string(),
            };
            ValueError { index: 0, message: format!("{shown} is not {}", T::expected()) }
        })
    }

    fn show(&self) -> String {
        self.display()
    }

    fn suggestions() -> Vec<&'static str> {
        <T as Scalar>::suggestions()
    }
}

/// Most values that one setting can have: more than a machine has networks, or names.
const MAX_VALUES: usize = 32;

impl<T: Scalar> Value for Vec<T> {
    const ARITY: Arity = Arity::Many;

    fn read(values: &[RawValue<'_>]) -> Result<Self, ValueError> {
        if values.len() > MAX_VALUES {
            let message = format!("at most {MAX_VALUES} values can be given");
            return Err(ValueError { index: MAX_VALUES, message });
        }
        let read = |(index, value): (usize, &RawValue<'_>)| {
            T::read(std::slice::from_ref(value)).map_err(|wrong| ValueError { index, ..wrong })
        };
        // `--trusted-proxies=` accepts back what a file says.
        let is_value =
            |value: &RawValue<'_>| value.kind != RawKind::Untyped || !value.text.is_empty();
        values.iter().enumerate().filter(|(_, value)| is_value(value)).map(read).collect()
    }

    fn show(&self) -> String {
        let shown: Vec<_> = self.iter().map(Scalar::display).collect();
        format!("[{}]", shown.join(", "))
    }
}

/// Numbers, which are all alike.
macro_rules! numbers {
    ($($number:ty: $expected:literal),+) => {$(
        impl Scalar for $number {
            fn expected() -> String {
                $expected.to_owned()
            }

            fn accepts(kind: RawKind) -> bool {
                kind == RawKind::Number
            }

            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn display(&self) -> String {
                self.to_string()
            }
        }
    )+};
}

numbers! {
    usize: "a number, 0 or more",
    u32: "a number from 0 to 4294967295",
    NonZeroUsize: "a number, 1 or more"
}

impl Scalar for bool {
    const ARITY: Arity = Arity::Flag;

    fn expected() -> String {
        "true or false".to_owned()
    }

    fn accepts(kind: RawKind) -> bool {
        kind == RawKind::Bool
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        }
    }

    fn display(&self) -> String {
        self.to_string()
    }

    fn suggestions() -> Vec<&'static str> {
        vec!["true", "false"]
    }
}

impl Scalar for String {
    fn expected() -> String {
        "a text".to_owned()
    }

    fn accepts(kind: RawKind) -> bool {
        kind == RawKind::String
    }

    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn display(&self) -> String {
        quote(self)
    }
}

impl Scalar for PathBuf {
    fn expected() -> String {
        "a path that is written out, without ~, $, quotes or blanks around it".to_owned()
    }

    fn accepts(kind: RawKind) -> bool {
        kind == RawKind::String
    }

    fn parse(text: &str) -> Option<Self> {
        // A line end in it would make two sentences of what is told about it, and a NUL ends it for the kernel.
        let is_plain = !text.is_empty() && !text.contains(char::is_control) && text.trim() == text;
        // What a shell would have made something else of: as it stands a folder of that name would be made. `./~` is one.
        let is_meant = !text.starts_with(['~', '$', '"', '\'']);
        // `none` in another case, or another word for it: `./off` is a file.
        let is_word = ["none", "off", "no", "false", "null", "true", "yes", "on"]
            .iter()
            .any(|word| word.eq_ignore_ascii_case(text));
        (is_plain && is_meant && !is_word).then(|| Self::from(text))
    }

    fn display(&self) -> String {
        quote(&self.to_string_lossy())
    }
}

/// Times below it can be read: centuries.
const LONGEST_SECONDS: u64 = 10_000_000_000;

/// The units of time, the smallest first.
const TIMES: [(&str, u32); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl Scalar for Duration {
    fn expected() -> String {
        "a time, as in \"10s\", \"250ms\", \"5m\", \"1h30m\", \"2 hours\" or a number of seconds"
            .to_owned()
    }

    fn accepts(kind: RawKind) -> bool {
        matches!(kind, RawKind::String | RawKind::Number)
    }

    fn parse(text: &str) -> Option<Self> {
        // As it is typed in the chat, too.
        if let Some((seconds, "")) = duration::parse_prefix(text) {
            return (seconds < LONGEST_SECONDS).then(|| Self::from_secs(seconds));
        }
        let (number, unit) = split_unit(text);
        let unit = if unit.is_empty() { "s" } else { unit };
        let &(_, millis) = TIMES.iter().find(|(name, _)| *name == unit)?;
        let millis = number.parse::<f64>().ok()? * f64::from(millis);
        // To the millisecond, up to centuries.
        (0.0..1e3 * LONGEST_SECONDS as f64)
            .contains(&millis)
            .then(|| Self::from_millis(millis.round() as u64))
    }

    fn display(&self) -> String {
        let millis = self.as_millis();
        let whole = |&&(_, unit): &&(&str, u32)| millis.is_multiple_of(unit.into());
        match TIMES.iter().rev().find(whole) {
            Some(&(name, unit)) if millis > 0 => format!("\"{}{name}\"", millis / u128::from(unit)),
            _ => "\"0s\"".to_owned(),
        }
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bytes(pub u64);

/// The units of memory, the smallest first.
const SIZES: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

impl Scalar for Bytes {
    fn expected() -> String {
        "a size, as in \"64 KiB\", \"1 MiB\" or a number of bytes".to_owned()
    }

    fn accepts(kind: RawKind) -> bool {
        matches!(kind, RawKind::String | RawKind::Number)
    }

    fn parse(text: &str) -> Option<Self> {
        let (number, unit) = split_unit(text);
        let unit = if unit.is_empty() { "B" } else { unit };
        let &(_, bytes) = SIZES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
        number.parse::<u64>().ok()?.checked_mul(bytes).map(Self)
    }

    fn display(&self) -> String {
        let whole = |&&(_, unit): &&(&str, u64)| self.0 > 0 && self.0.is_multiple_of(unit);
        let &(name, unit) = SIZES.iter().rev().find(whole).unwrap_or(&SIZES[0]);
        format!("\"{} {name}\"", self.0 / unit)
    }
}

/// Splits `10 KiB` into the number and the unit.
fn split_unit(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    (text[..end].trim_end(), &text[end..])
}

/// The word for a value that is not there.
const NONE: &str = "none";

impl<T: Scalar> Scalar for Option<T> {
    fn expected() -> String {
        format!("{}, or \"{NONE}\"", T::expected())
    }

    fn accepts(kind: RawKind) -> bool {
        kind == RawKind::String || T::accepts(kind)
    }

    fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case(NONE) { Some(None) } else { T::parse(text).map(Some) }
    }

    fn display(&self) -> String {
        self.as_ref().map_or_else(|| quote(NONE), T::display)
    }

    fn suggestions() -> Vec<&'static str> {
        [&[NONE][..], &T::suggestions()].concat()
    }
}

/// A value that the program finds out by itself unless it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Auto<T>(pub Option<T>);

/// The word for it.
const AUTO: &str = "auto";

impl<T: Scalar> Scalar for Auto<T> {
    fn expected() -> String {
        format!("{}, or \"{AUTO}\"", T::expected())
    }

    fn accepts(kind: RawKind) -> bool {
        kind == RawKind::String || T::accepts(kind)
    }

    fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case(AUTO) {
            Some(Self(None))
        } else {
            T::parse(text).map(|value| Self(Some(value)))
        }
    }

    fn display(&self) -> String {
        self.0.as_ref().map_or_else(|| quote(AUTO), T::display)
    }

    fn suggestions() -> Vec<&'static str> {
        [&[AUTO][..], &T::suggestions()].concat()
    }
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For reading.
    Human,
    /// One JSON object.
    Json,
}

impl Scalar for LogFormat {
    fn expected() -> String {
        "human or json".to_owned()
    }

    fn accepts(kind: RawKind) -> bool {
        kind == RawKind::String
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "human" => Some(Self::Human),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    fn display(&self) -> String {
        quote(match self {
            Self::Human => "human",
            Self::Json => "json",
        })
    }

    fn suggestions() -> Vec<&'static str> {
        vec!["human", "json"]
    }
}

/// A text as TOML's basic string.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // Whatever could disturb the terminal that it is printed on.
            c if c.is_control() || !is_printed(c) => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a character is shown by itself, by the rules for chat messages.
fn is_printed(c: char) -> bool {
    !crate::protocol::sanitize::sanitize(c.encode_utf8(&mut [0; 4])).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<T: Scalar>(text: &str) -> Option<T> {
        T::read(&[RawValue::untyped(text)]).ok()
    }

    /// What a value reads back as from what it is shown as.
    fn again<T: Scalar>(value: &T) -> T {
        let shown = format!("key = {}", value.show());
        let table = toml::de::DeTable::parse(&shown).expect("TOML");
        let values = crate::settings::file::raw_values(table.get_ref()["key"].get_ref());
        T::read(&values.expect("a value")).expect("the same value")
    }

    #[test]
    fn times_and_sizes_have_units() {
        let times =
            [("10", 10_000), ("10s", 10_000), ("0.25s", 250), ("250 ms", 250), ("2h", 7_200_000)];
        for (text, millis) in times {
            assert_eq!(read(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for (text, bytes) in [("10", 10), ("64 KiB", 65_536), ("1mib", 1 << 20), ("2GiB", 1 << 31)]
        {
            assert_eq!(read(text), Some(Bytes(bytes)), "{text}");
        }
        for (text, seconds) in
            [("1h30m", 5_400), ("2 hours", 7_200), ("1w", 604_800), ("1 year", 31_536_000)]
        {
            assert_eq!(read(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in [
            "",
            "s",
            "10 x",
            "-1s",
            "1e400",
            "NaN",
            "inf s",
            "5M",
            "5min",
            "2hours",
            "1h30",
            "1h 30m",
            "99999999999w",
        ] {
            assert_eq!(read::<Duration>(wrong), None, "{wrong}");
        }
        for wrong in ["", "KiB", "1.5 MiB", "-1", "18446744073709551615 KiB"] {
            assert_eq!(read::<Bytes>(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_number_is_no_text_in_the_file() {
        let text = RawValue { text: "16".into(), kind: RawKind::String };
        let number = RawValue { text: "16".into(), kind: RawKind::Number };
        let wrong = usize::read(&[text]).unwrap_err();
        assert_eq!(wrong.message, "\"16\" is not a number, 0 or more");
        assert_eq!(usize::read(std::slice::from_ref(&number)), Ok(16));
        let wrong = String::read(&[number]).unwrap_err();
        assert_eq!(wrong.message, "16 is not a text");
    }

    #[test]
    fn nothing_and_whatever_fits_have_words() {
        assert_eq!(read::<Option<usize>>("none"), Some(None));
        assert_eq!(read::<Option<PathBuf>>("None"), Some(None), "a file of this name is ./None");
        assert_eq!(read::<Auto<usize>>("AUTO"), Some(Auto(None)));
        assert_eq!(read::<Option<usize>>("7"), Some(Some(7)));
        assert_eq!(read::<Auto<usize>>("auto"), Some(Auto(None)));
        assert_eq!((Some(7_usize).show(), None::<usize>.show()), ("7".into(), "\"none\"".into()));
        assert_eq!(Auto::<usize>(None).show(), "\"auto\"");
    }

    #[test]
    fn a_path_has_no_control_characters() {
        assert_eq!(read("/a b/é"), Some(PathBuf::from("/a b/é")));
        for wrong in ["", "/a\nb", "/a\0", "\u{1b}[2J"] {
            assert_eq!(read::<PathBuf>(wrong), None, "{wrong:?}");
        }
        // What a shell, or a file of variables, would have made another path of.
        for wrong in ["~/x", "~", "$HOME/x", "\"/x\"", "'/x'", " /x", "/x ", "off", "No", "NONE"] {
            assert_eq!(read::<PathBuf>(wrong), None, "{wrong:?}");
        }
        for path in ["./~", "./off", "x/$y", "offices", "/a~"] {
            assert_eq!(read(path), Some(PathBuf::from(path)));
        }
    }

    #[test]
    fn what_is_shown_is_harmless() {
        let shown = quote("a\u{1b}[31m\u{202e}b\r\u{9b}");
        assert!(shown.chars().all(|c| c.is_ascii_graphic()), "{shown}");
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(text in "\\PC*|(?s).*", millis in 0..1_000_000_000_000_u64, bytes: u64) {
            prop_assert_eq!(&again(&text), &text);
            let time = Duration::from_millis(millis);
            prop_assert_eq!(again(&time), time);
            prop_assert_eq!(again(&Bytes(bytes)), Bytes(bytes));
            prop_assert_eq!(again(&Some(Bytes(bytes))), Some(Bytes(bytes)));
        }
    }
}
