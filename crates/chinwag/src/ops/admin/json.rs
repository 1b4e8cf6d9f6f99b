//! Values of JSON, for answers that programs read. Pure.

use std::fmt::{self, Write};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    /// Nothing: there is none.
    Null,
    /// A whole number.
    Number(u64),
    /// A number as it is written elsewhere.
    Decimal(f64),
    /// Text.
    Text(String),
    /// Several.
    List(Vec<Json>),
    /// Values with names, which must be distinct.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Values with these names.
    pub(super) fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.map(|(name, value)| (name.to_owned(), value)).into())
    }

    /// A list of what is made of each.
    pub(super) fn list<T>(all: &[T], one: impl FnMut(&T) -> Self) -> Self {
        Self::List(all.iter().map(one).collect())
    }

    /// Text, as it is shown.
    pub(super) fn text(text: impl fmt::Display) -> Self {
        Self::Text(text.to_string())
    }

    /// The value, if there is one.
    pub(super) fn option<T>(value: Option<T>, one: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, one)
    }

    /// A number of things.
    pub(super) fn count(count: usize) -> Self {
        Self::Number(count as u64)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Number(number) => number.fmt(f),
            // It knows no infinities.
            Self::Decimal(number) if !number.is_finite() => f.write_str("null"),
            Self::Decimal(number) => number.fmt(f),
            Self::Text(text) => quoted(text, f),
            Self::List(all) => {
                f.write_char('[')?;
                for (at, one) in all.iter().enumerate() {
                    f.write_str(if at > 0 { "," } else { "" })?;
                    one.fmt(f)?;
                }
                f.write_char(']')
            }
            Self::Object(members) => {
                f.write_char('{')?;
                for (at, (name, value)) in members.iter().enumerate() {
                    f.write_str(if at > 0 { "," } else { "" })?;
                    quoted(name, f)?;
                    write!(f, ":{value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

/// Text in quotes. What could do something to a terminal is written as its number.
fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_on_one_line() {
        let people = Json::list(&["a\"b\\", "\u{1b}[31m\n\u{9b}é"], |one: &&str| Json::text(one));
        let value = Json::object([
            ("people", people),
            ("until", Json::option(None::<u64>, Json::Number)),
            ("count", Json::count(2)),
            ("share", Json::Decimal(0.5)),
            ("most", Json::Decimal(f64::INFINITY)),
            ("none", Json::List(Vec::new())),
        ]);
        let wanted = "{\"people\":[\"a\\\"b\\\\\",\"\\u001b[31m\\n\\u009bé\"],\"until\":null,\"count\":2,\
             \"share\":0.5,\"most\":null,\"none\":[]}";
        assert_eq!(value.to_string(), wanted);
    }
}
