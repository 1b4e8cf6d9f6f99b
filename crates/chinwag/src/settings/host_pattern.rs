//! Names of machines as they stand in the settings: one, all below one (`*.example.org`), or any (`*`).
//!
//! They are compared with the name in a request, and never looked up.

use super::value::{RawKind, Scalar, quote};
use std::fmt;

/// Most bytes of a name: what the domain name system allows.
const MOST_NAME_BYTES: usize = 253;
/// What a name must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HostPattern {
    /// Anything.
    Any,
    /// Something below this name.
    Below(String),
    /// This name.
    Name(String),
}

impl HostPattern {
    /// Whether this name is meant, in whatever case; a dot at its end says that it is whole, and changes nothing.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name);
        match self {
            Self::Any => true,
            Self::Name(own) => own.eq_ignore_ascii_case(name),
            Self::Below(above) => {
                let (name, above) = (name.as_bytes(), above.as_bytes());
                let Some(dot) = name.len().checked_sub(above.len() + 1) else { return false };
                dot > 0 && name[dot] == b'.' && name[dot + 1..].eq_ignore_ascii_case(above)
            }
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Below(above) => write!(f, "*.{above}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Whether this could be a name of a machine.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let is_label = |label: &str| !label.is_empty() && label.chars().all(fits);
    text.len() <= MOST_NAME_BYTES && text.split('.').all(is_label)
}

impl Scalar for HostPattern {
    fn expected() -> String {
        "a name without a port, as in chat.example.org, *.example.org or * for any".to_owned()
    }

    fn accepts(kind: RawKind) -> bool {
        kind == RawKind::String
    }

    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        let (name, make): (_, fn(String) -> Self) = match text.strip_prefix("*.") {
            Some(above) => (above, Self::Below),
            None => (text, Self::Name),
        };
        is_name(name).then(|| make(name.to_owned()))
    }

    fn display(&self) -> String {
        quote(&self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_a_name_those_below_it_or_all() {
        let matches = |pattern: &str, name: &str| {
            HostPattern::parse(pattern).expect("a pattern").matches(name)
        };
        assert!(matches("chat.example.org", "Chat.Example.ORG."));
        assert!(!matches("chat.example.org", "example.org") && !matches("chat", "chat.evil.org"));
        assert!(matches("*.svc.cluster.local", "chinwag.prod.svc.cluster.local"));
        for other in ["svc.cluster.local", ".svc.cluster.local", "xsvc.cluster.local", "é.org"] {
            assert!(!matches("*.svc.cluster.local", other), "{other}");
        }
        assert!(matches("*", "whatever.example"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "x".repeat(254);
        for wrong in ["", "chat:9090", "a..b", "*.", "**", "a.*", "http://a", "a b", &long] {
            assert_eq!(HostPattern::parse(wrong), None, "{wrong}");
        }
        assert_eq!(HostPattern::parse("*.a.b").expect("a pattern").to_string(), "*.a.b");
    }
}
