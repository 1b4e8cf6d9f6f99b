//! What to log: a level, and other levels for some modules.
//!
//! ```text
//!   warn                                  a level for all
//!   warn,chinwag::sandbox=debug           and another for a module and those in it
//!   chinwag::sandbox=debug                the same: what no level is given for keeps `warn`
//! ```
//!
//! Each part is checked against what there is: what takes the filter in the end would take `warning` for a module that nobody
//! knows, and log nothing at all. Knows no log.

use super::suggestion::closest;
use super::value::{Arity, InvalidValue, RawKind, RawValue, Value, ValueError, quote};

/// What to log, as the log reads it: checked, without blanks, and with a level for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogFilter(pub String);

/// The levels, the quietest first.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// The level of what none is given for: errors are logged unless it is `off`.
const USUAL: &str = "warn";

/// The targets of log lines: named by subject, whatever module logs them. A test compares them with the sources.
const TARGETS: &[&str] = &[
    "chinwag",
    "chinwag::accept",
    "chinwag::admin",
    "chinwag::audit",
    "chinwag::ban_store",
    "chinwag::connections",
    "chinwag::oper",
    "chinwag::output",
    "chinwag::proxies",
    "chinwag::read",
    "chinwag::reload",
    "chinwag::sandbox",
    "chinwag::systemd",
    "whippet",
    "whippet::executor::blocking",
    "whippet::executor::worker",
    "whippet::runtime::runtime",
    "whippet::runtime::stall",
];

impl LogFilter {
    /// Reads it.
    ///
    /// # Errors
    /// Which part is none, and what may have been meant.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidValue> {
        let (mut usual, mut modules) = (None, Vec::new());
        for part in text.split(',').map(str::trim) {
            match part.split_once('=') {
                None => {
                    if usual.replace(level(part)?).is_some() {
                        let reason = format!("{} is a second level for everything", quote(part));
                        return Err(InvalidValue(reason));
                    }
                }
                Some((module, of)) => {
                    let (module, of) = (module.trim(), level(of.trim())?);
                    if !is_target(module) {
                        let hint = closest(module, names());
                        let reason = format!("nothing logs as {}{hint}", quote(module));
                        return Err(InvalidValue(reason));
                    }
                    if modules.iter().any(|&(other, _)| other == module) {
                        return Err(InvalidValue(format!("{module} has two levels")));
                    }
                    modules.push((module, of));
                }
            }
        }
        let modules = modules.iter().map(|(module, of)| format!(",{module}={of}"));
        Ok(Self(modules.fold(usual.unwrap_or(USUAL).to_owned(), |all, one| all + &one)))
    }
}

/// The level of this name.
fn level(name: &str) -> Result<&'static str, InvalidValue> {
    let found = LEVELS.iter().find(|level| level.eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| {
        let hint = closest(name, LEVELS.into_iter().chain(names()));
        let levels = LEVELS.join(", ");
        InvalidValue(if is_target(name) {
            format!("{name} is a module and needs a level, as in {USUAL},{name}=debug")
        } else {
            format!("{} is no level{hint} (levels are {levels}; {USUAL},chinwag=debug is a filter by module)", quote(name))
        })
    })
}

/// Whether something logs as this module, or as one in it.
fn is_target(name: &str) -> bool {
    let is_above =
        |module: &str| module.strip_prefix(name).is_some_and(|rest| rest.starts_with("::"));
    TARGETS.iter().any(|module| *module == name || is_above(module))
}

/// All modules that can be named: those that log, and those above them.
fn names() -> impl Iterator<Item = &'static str> {
    let above = |module: &'static str| module.match_indices("::").map(|(at, _)| &module[..at]);
    TARGETS.iter().copied().chain(TARGETS.iter().copied().flat_map(above))
}

impl Value for LogFilter {
    const ARITY: Arity = Arity::One;

    fn read(values: &[RawValue<'_>]) -> Result<Self, ValueError> {
        match values {
            [RawValue { text, kind: RawKind::Untyped | RawKind::String }] => Ok(Self::parse(text)?),
            _ => Err(ValueError {
                index: 0,
                message: format!(
                    "it takes one text, as in \"{USUAL}\" or \"{USUAL},chinwag=debug\""
                ),
            }),
        }
    }

    fn show(&self) -> String {
        quote(&self.0)
    }

    fn suggestions() -> Vec<&'static str> {
        LEVELS.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::path::Path;
    use tracing_subscriber::EnvFilter;

    #[test]
    fn levels_and_modules_are_read() {
        for (text, filter) in [
            ("warn", "warn"),
            ("INFO", "info"),
            ("off", "off"),
            ("warn,chinwag=debug", "warn,chinwag=debug"),
            (" chinwag::sandbox=debug , info ", "info,chinwag::sandbox=debug"),
            ("chinwag::reload=trace", "warn,chinwag::reload=trace"),
            ("error,whippet=warn,chinwag=info", "error,whippet=warn,chinwag=info"),
        ] {
            assert_eq!(LogFilter::parse(text), Ok(LogFilter(filter.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_would_silence_the_log_by_mistake_is_refused() {
        for (text, hint) in [
            ("warning", "\"warning\" is no level; did you mean warn?"),
            ("information", "did you mean info?"),
            ("verbose", "levels are off, error, warn, info, debug, trace"),
            ("3", "\"3\" is no level"),
            ("", "\"\" is no level"),
            ("warn,", "\"\" is no level"),
            ("info,warn", "\"warn\" is a second level"),
            ("chinwag", "chinwag is a module and needs a level, as in warn,chinwag=debug"),
            ("chinwag=debugg", "\"debugg\" is no level; did you mean debug?"),
            ("chinwagg=debug", "nothing logs as \"chinwagg\"; did you mean chinwag?"),
            ("chinwag::span=debug", "nothing logs as \"chinwag::span\""),
            (
                "chinwag::acept=debug",
                "nothing logs as \"chinwag::acept\"; did you mean chinwag::accept?",
            ),
            ("warn,chinwag=info,chinwag=debug", "chinwag has two levels"),
            ("chinwag[span]=debug", "nothing logs as"),
            ("warn chinwag=debug", "nothing logs as"),
            ("tokio=debug", "nothing logs as \"tokio\""),
        ] {
            let wrong = LogFilter::parse(text).unwrap_err().to_string();
            assert!(wrong.contains(hint), "{text}: {wrong}");
        }
    }

    /// The modules of a crate whose sources log, and the targets that they name.
    /// Adds the targets of all log lines below a folder: what they name, else their module. All of chinwag's name one.
    fn collect_targets(folder: &Path, module: &str, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().expect("a name").to_str().expect("UTF-8").to_owned();
            let inner = match name.as_str() {
                "lib" | "main" | "mod" => module.to_owned(),
                name => format!("{module}::{name}"),
            };
            if path.is_dir() {
                collect_targets(&path, &inner, found);
            } else if !name.ends_with("tests") {
                let text = std::fs::read_to_string(&path).expect("a source");
                // Not the text of this test.
                let text = text.split("mod tests {").next().expect("a beginning");
                // A macro and its first argument on one line.
                let text = text.split("(\n").map(str::trim_start).collect::<Vec<_>>().join("(");
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                for line in code {
                    if let Some((_, rest)) = line.split_once("target: \"") {
                        let target = rest.split('"').next().expect("a target");
                        // An empty one is a field of something else.
                        if !target.is_empty() {
                            found.insert(target.to_owned());
                        }
                    }
                    let logs = |level: &str| line.contains(&format!("tracing::{level}!("));
                    if LEVELS.iter().any(|level| logs(level)) && !line.contains("target: ") {
                        assert!(
                            !inner.starts_with("chinwag"),
                            "{inner}: a log line without a target"
                        );
                        found.insert(inner.clone());
                    }
                }
            }
        }
    }

    #[test]
    fn the_targets_are_those_of_the_sources() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut found = BTreeSet::from([crate::chat::connection_log::TARGET.to_owned()]);
        for name in ["chinwag", "whippet"] {
            found.insert(name.to_owned());
            collect_targets(&crates.join(name).join("src"), name, &mut found);
        }
        for target in &found {
            assert!(is_target(target), "{target} is logged: add it to TARGETS");
        }
        for &target in TARGETS {
            assert!(found.contains(target), "nothing logs as {target}, which is in TARGETS");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_a_filter_that_reads_back(
            text in "[a-z:=,]{0,12}|((off|warn|INFO|chinwag|chinwag::reload=debug|whippet=trace|chinwag=info),?){0,4}",
        ) {
            if let Ok(LogFilter(filter)) = LogFilter::parse(&text) {
                prop_assert!(EnvFilter::try_new(&filter).is_ok(), "{filter}");
                prop_assert_eq!(LogFilter::parse(&filter), Ok(LogFilter(filter)));
            }
        }
    }
}
