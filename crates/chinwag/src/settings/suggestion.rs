//! Hints: what may have been meant by a name that there is not. Pure.

/// How alike two names must be for one to be a hint for the other, of 1.
const ALIKE: f64 = 0.7;

/// What may have been meant, of these names; nothing if none is like it.
pub(super) fn closest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    let like = |other: &str| {
        strsim::jaro_winkler(
            &name.to_lowercase().replace('_', "-"),
            &other.to_lowercase().replace('_', "-"),
        )
    };
    let best = names.map(|other| (like(other), other)).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((likeness, other)) if likeness >= ALIKE => format!("; did you mean {other}?"),
        _ => String::new(),
    }
}
