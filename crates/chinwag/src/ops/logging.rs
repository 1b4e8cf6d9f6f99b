//! The log: lines on stderr, for people or as JSON, with a filter that can be exchanged. Nothing waits for its reader:
//! [`output`] writes it.
//!
//! What a reload came to is told at `info`, and passes every filter that lets warnings of it pass: an operator who asked for
//! it waits for an answer.
//!
//! No text of a user is logged as it came: it is a field shown by its `Debug`, which escapes what could disturb a
//! terminal. Messages are not logged at all.

use crate::chat::connection_log;
use crate::os::output;
use crate::settings::log_filter::LogFilter;
use crate::settings::value::LogFormat;
use std::fmt::{self, Debug, Write as _};
use std::io::{IsTerminal, stderr};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, layer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

/// The way to the filter of a log that runs.
#[derive(Clone, Debug)]
pub(crate) struct LogFilterHandle(reload::Handle<EnvFilter, Registry>);

impl LogFilterHandle {
    /// Goes by another filter from now on.
    pub(crate) fn set_filter(&self, filter: &LogFilter, connections: bool) {
        // The filter was read before, and the log lives as long as the process.
        let _ = self.0.reload(env_filter(filter, connections));
    }
}

/// The target of what a reload came to.
const RELOAD: &str = "chinwag::reload";

/// What passes, with the lines about `connections` if they are wanted: the filter need not name them a second time. A
/// filter by spans or fields is taken as it is.
fn env_filter(filter: &LogFilter, connections: bool) -> EnvFilter {
    let mut asked = EnvFilter::new(&filter.0);
    let mut add = |target: &str| {
        if let Ok(directive) = format!("{target}=info").parse() {
            asked = std::mem::take(&mut asked).add_directive(directive);
        }
    };
    let passes =
        |level| filter.0.parse().is_ok_and(|targets: Targets| targets.would_enable(RELOAD, &level));
    if passes(Level::WARN) && !passes(Level::INFO) {
        add(RELOAD);
    }
    if connections {
        add(connection_log::TARGET);
    }
    asked
}

/// Starts the log of this process, with the lines about `connections` or without.
pub(crate) fn start(filter: &LogFilter, connections: bool, format: LogFormat) -> LogFilterHandle {
    let (filter, handle) = reload::Layer::new(env_filter(filter, connections));
    // What it cannot format it would print past the queue.
    let layer = layer().with_writer(output::stderr).log_internal_errors(false);
    let lines = match format {
        LogFormat::Human => layer.with_ansi(stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.event_format(Json).boxed(),
    };
    tracing_subscriber::registry().with(filter).with(lines).init();
    LogFilterHandle(handle)
}

/// One JSON object a line: `timestamp`, `level`, `target`, `message` and the event's fields, all texts but for numbers
/// and truths. (The feature `json` of tracing-subscriber does the same with four crates more, one of which takes the types
/// of empty arrays from all our tests.)
struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let metadata = event.metadata();
        let mut object = Object(String::from("{"));
        object.text("timestamp", &time);
        object.text("level", metadata.level().as_str());
        object.text("target", metadata.target());
        event.record(&mut object);
        writeln!(writer, "{}}}", object.0)
    }
}

/// A JSON object without its end.
struct Object(String);

impl Object {
    /// Adds a name, and what stands before its value.
    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.string(name);
        self.0.push(':');
    }

    /// Adds a text.
    fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.string(text);
    }

    /// Adds what is written as it is displayed.
    fn plain(&mut self, name: &str, value: impl fmt::Display) {
        self.name(name);
        // A string takes all that is written.
        let _ = write!(self.0, "{value}");
    }

    /// Appends a string of JSON. What is no plain letter is escaped, also beyond what JSON asks for: a log is read in
    /// terminals.
    fn string(&mut self, text: &str) {
        self.0.push('"');
        for c in text.chars() {
            match c {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                ' '..='~' => self.0.push(c),
                c if c.is_alphanumeric() => self.0.push(c),
                c => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        let _ = write!(self.0, "\\u{unit:04x}");
                    }
                }
            }
        }
        self.0.push('"');
    }
}

impl Visit for Object {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field.name(), &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_breaks_the_line_or_the_terminal(text in "(?s).*") {
            let mut object = Object(String::from("{"));
            object.text("message", &text);
            let harms = |c: char| c.is_control() || ['\u{202e}', '\u{200b}', '\u{2028}'].contains(&c);
            prop_assert!(!object.0.contains(harms));
            // Read back by another reader of such strings: TOML's are alike but for what lies beyond the plane.
            if text.chars().all(|c| u32::from(c) < 0x1_0000) {
                let toml = object.0.trim_start_matches('{').replacen("\"message\":", "message = ", 1);
                let table = toml::de::DeTable::parse(&toml).expect("a string");
                prop_assert_eq!(table.get_ref()["message"].get_ref().as_str(), Some(text.as_str()));
            }
        }
    }
}
