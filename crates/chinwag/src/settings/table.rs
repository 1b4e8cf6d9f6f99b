//! The table of settings: the one place that names each of them, with its default, its words, and whether a running
//! server takes a new value.

use super::address::{HostPort, port_conflict, same_port};
use super::host_pattern::HostPattern;
use super::log_filter::LogFilter;
use super::value::{Arity, Auto, Bytes, InvalidValue, LogFormat, RawValue, Value, ValueError};
use crate::limits;
use crate::protocol::ip_range::IpRange;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// When a new value is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reload {
    /// With SIGHUP, while the server runs.
    Live,
    /// With the next start.
    Restart,
}

/// Where a setting's flag is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// In `chinwag --help`, which fits one screen.
    Help,
    /// In the manual and by `chinwag config` alone.
    Manual,
}

/// Something that a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathKind {
    /// A file, or a socket.
    File,
    /// A folder.
    Folder,
}

/// One setting. Its flag, its variable and its line in a file have the same name.
pub(crate) struct Setting {
    /// Its name.
    pub key: &'static str,
    /// The heading that it stands under.
    pub group: &'static str,
    /// What it is for: the first line in short, more in the others.
    pub doc: &'static [&'static str],
    /// What stands for its value in a list of flags.
    pub placeholder: &'static str,
    /// When a new value is taken.
    pub reload: Reload,
    /// Where it is told.
    pub visibility: Visibility,
    /// How many values it has.
    pub arity: Arity,
    /// Sets it, if it is a value for it.
    pub(super) set: fn(&mut Settings, &[RawValue<'_>]) -> Result<(), ValueError>,
    /// Its value as it stands in a file.
    pub(super) show: fn(&Settings) -> String,
    /// Takes it over from other settings.
    pub(super) copy: fn(&mut Settings, &Settings),
    /// Words that it can be.
    pub(super) suggested: fn() -> Vec<&'static str>,
}

impl Setting {
    /// Its variable of the environment.
    pub(crate) fn variable(&self) -> String {
        format!("CHINWAG_{}", self.key.to_ascii_uppercase().replace('-', "_"))
    }

    /// What it is for, in one line.
    pub(crate) fn summary(&self) -> &'static str {
        self.doc[0].trim()
    }

    /// Its value as it stands in a file.
    pub(crate) fn show(&self, settings: &Settings) -> String {
        (self.show)(settings)
    }

    /// Words that it can be, for shells to offer; none where it is something else altogether.
    pub(crate) fn suggestions(&self) -> Vec<&'static str> {
        (self.suggested)()
    }

    /// What it stands for, if that is a file or a folder.
    pub(crate) fn path_kind(&self) -> Option<PathKind> {
        match self.placeholder {
            "PATH" => Some(PathKind::File),
            "FOLDER" => Some(PathKind::Folder),
            _ => None,
        }
    }

    /// Takes its value over from other settings.
    pub(crate) fn copy(&self, to: &mut Settings, from: &Settings) {
        (self.copy)(to, from);
    }

    /// Whether one value would do for it.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn check(&self, word: &str) -> Result<(), ValueError> {
        let mut scratch = Settings::default();
        (self.set)(&mut scratch, &[RawValue::untyped(word)])
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Makes the type of all settings and the table of them.
macro_rules! settings {
    ($($group:literal {
        $($(#[doc = $doc:literal])+
        $field:ident $key:literal $placeholder:literal: $type:ty = $default:expr,
            $reload:ident $visibility:ident $($check:expr)?;)+
    })+) => {
        /// All settings of a server.
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct Settings {
            $($($(#[doc = $doc])+ pub $field: $type,)+)+
        }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($($field: $default,)+)+ }
            }
        }

        /// The table, in the order in which settings are shown.
        pub(crate) static TABLE: &[Setting] = &[$($(
            Setting {
                key: $key,
                group: $group,
                doc: &[$($doc),+],
                placeholder: $placeholder,
                reload: Reload::$reload,
                visibility: Visibility::$visibility,
                arity: <$type as Value>::ARITY,
                set: |settings, values| {
                    let value = <$type as Value>::read(values)?;
                    $(($check)(&value)?;)?
                    settings.$field = value;
                    Ok(())
                },
                show: |settings| Value::show(&settings.$field),
                copy: |to, from| to.$field.clone_from(&from.$field),
                suggested: <$type as Value>::suggestions,
            },
        )+)+];
    };
}

settings! {
    "Listeners" {
        /// Address to listen on, may be given several times; port 0 picks a free one
        /// Loopback is the default because nobody is authenticated: opening the server to the world is a decision.
        listen "listen" "ADDR:PORT": Vec<HostPort> = vec![DEFAULT_LISTEN], Restart Help some;
        /// Most connections at once
        /// auto: what the limit of descriptors allows. More than that is refused: raise the limit (ulimit -n, LimitNOFILE= in a unit), or give a smaller number.
        max_connections "max-connections" "N": Auto<usize> = Auto(None), Restart Help one_at_least;
        /// Most connections of one address; none: no limit
        /// A /64 of IPv6 counts as one address, and loopback is exempt. A /56 and a /48 of IPv6 may have 4 and 16 times as many
        /// The budgets of an address for lines, for connects and for rooms made (32) grow with a number above 16; with none they are lifted.
        max_per_address "max-per-address" "N": Option<usize> = Some(limits::MAX_PER_ADDRESS), Live Help one_or_any;
        /// Address or range of trusted proxies, may be given several times
        /// A connection from there must begin with a PROXY header of version 2, as HAProxy and others send it. The address in the header then counts for limits, bans and the log. From elsewhere such a header is refused.
        trusted_proxies "trusted-proxies" "ADDR[/BITS]": Vec<IpRange> = Vec::new(), Live Manual;
        /// How long the server waits before the welcome, to detect other protocols
        /// A browser, ssh or a TLS client speaks at once and is told that this is a chat server.
        sniff_timeout "sniff-timeout" "TIME": Duration = limits::SNIFF_TIMEOUT, Live Manual within(MOMENT, MINUTE);
    }
    "Rate limits" {
        /// Lift the limits on lines, on keys and on connections of one address
        /// What bounds memory stays, and so does the wait after wrong operator secrets. For load tests and trusted networks.
        no_limits "no-limits" "BOOL": bool = false, Live Help;
        /// Lines that a user may send at once; more are read later
        /// Commands are lines, too; expensive ones cost several, as docs/COSTS.md lists.
        rate_burst "rate-burst" "N": u32 = limits::RATE_BURST, Live Manual within(1, 1_000_000);
        /// Time after which a user may send one more line
        rate_interval "rate-interval" "TIME": Duration = limits::RATE_INTERVAL, Live Manual
            within(Duration::from_millis(1), HOUR);
        /// How long a line may go on past 4,096 bytes without an end
        overlong_line_timeout "overlong-line-timeout" "TIME": Duration = limits::OVERLONG_TIMEOUT, Live Manual within(SECOND, HOUR);
    }
    "Send queues" {
        /// Pending bytes of a client above which the server does not read from it
        sendq_soft "sendq-soft" "SIZE": Bytes = Bytes(limits::QUEUE_SOFT), Restart Manual
            within(Bytes(8 << 10), Bytes(1 << 30));
        /// Pending bytes of a client above which it is disconnected as too slow
        sendq_hard "sendq-hard" "SIZE": Bytes = Bytes(limits::QUEUE_HARD), Restart Manual
            within(Bytes(64 << 10), Bytes(1 << 30));
        /// How long a client with pending bytes may accept none before it is disconnected
        stall_timeout "stall-timeout" "TIME": Duration = limits::STALL_TIMEOUT, Restart Manual within(SECOND, HOUR);
        /// Bytes of all buffered messages above which the slowest clients are disconnected
        max_buffered "max-buffered" "SIZE": Bytes = Bytes(limits::MAX_BUFFERED_BYTES as u64), Restart Manual
            within(Bytes(1 << 20), Bytes(1 << 40));
        /// Send buffer of the kernel for one client (SO_SNDBUF); Linux doubles the number
        send_buffer "send-buffer" "SIZE": Bytes = Bytes(limits::SO_SNDBUF_BYTES as u64), Restart Manual
            within(Bytes(16 << 10), Bytes(16 << 20));
    }
    "Keepalive" {
        /// Idle time after which the kernel sends keepalive probes
        keepalive_idle "keepalive-idle" "TIME": Duration = limits::KEEPALIVE_IDLE, Restart Manual
            whole_seconds;
        /// Time between keepalive probes
        keepalive_interval "keepalive-interval" "TIME": Duration = limits::KEEPALIVE_INTERVAL, Restart Manual
            whole_seconds;
        /// Unanswered probes that end a connection
        keepalive_probes "keepalive-probes" "N": u32 = limits::KEEPALIVE_PROBES, Restart Manual within(1, 127);
        /// How long sent bytes may stay unacknowledged (TCP_USER_TIMEOUT)
        user_timeout "user-timeout" "TIME": Duration = limits::USER_TIMEOUT, Restart Manual within(SECOND, DAY);
    }
    "Rooms" {
        /// Lines of chat that a room remembers, in memory only; 0: none
        history_lines "history-lines" "N": usize = limits::HISTORY_LINES, Restart Manual
            within(0, limits::HISTORY_LINES);
    }
    "Greeting" {
        /// The greeting in the first line: "* GREETING, you are user-7"
        welcome "welcome" "TEXT": String = limits::DEFAULT_WELCOME.to_owned(), Live Manual greeting;
        /// The message of the day, sent to each new user after the greeting, line by line
        motd "motd" "TEXT": String = String::new(), Live Manual message;
    }
    "Operations" {
        /// Address for metrics and health checks; none: no such listener
        /// It has /metrics for Prometheus, /healthz and /readyz.
        metrics "metrics" "ADDR:PORT": Option<HostPort> = None, Restart Help;
        /// Let the metrics be on an address that is not loopback
        /// There is no authentication: everyone who reaches the address can read how many users there are and how the machine is doing.
        metrics_allow_public "metrics-allow-public" "BOOL": bool = false, Restart Manual;
        /// Host name accepted for metrics and health checks, may be given several times; *.NAME: all below it; *: any
        /// A numeric address and the name in metrics are always accepted, and on an address that is not loopback a name without a dot. Any other is refused: it may be the name of a web page that resolves to this address (DNS rebinding).
        metrics_hosts "metrics-hosts" "NAME": Vec<HostPattern> = vec![HostPattern::Name("localhost".to_owned())], Restart Manual;
        /// Unix socket for chinwag admin; none: no such listener
        /// Root and the user that the server runs as may use it, and nobody else.
        admin_socket "admin-socket" "PATH": Option<PathBuf> = None, Restart Help;
        /// File with the secret for /oper; none: there are no operators
        /// The secret is 12 to 256 bytes in one line. The file belongs to root or to the server's user, in a folder of its own, and nobody else may write it (chmod 600). SIGHUP reads it again.
        oper_file "oper-file" "PATH": Option<PathBuf> = None, Live Help;
        /// Folder that keeps the bans; none: a restart forgets them
        /// It belongs to the server's user, and nobody else may write to it.
        state_dir "state-dir" "FOLDER": Option<PathBuf> = None, Restart Help;
        /// Restrict the process once it has started, by Landlock and a filter of system calls, where the kernel can
        sandbox "sandbox" "BOOL": bool = true, Restart Manual;
    }
    "Process" {
        /// Worker threads; auto: one for each processor
        workers "workers" "N": Auto<NonZeroUsize> = Auto(None), Restart Manual few;
        /// How long a graceful shutdown may take
        shutdown_timeout "shutdown-timeout" "TIME": Duration = limits::SHUTDOWN_TIMEOUT, Live Manual within(Duration::ZERO, DAY);
        /// What to log to stderr: a level, or a filter by target
        /// The levels are off, error, warn, info, debug and trace.
        log "log" "FILTER": LogFilter = LogFilter("warn".to_owned()), Live Help;
        /// Log connections: who joins and from where, who leaves and why, and changes of nicks; never messages
        /// The events have the target chinwag::connections, and are logged at any level of the log.
        log_connections "log-connections" "BOOL": bool = false, Live Manual;
        /// Format of the log: human or json
        log_format "log-format" "FORMAT": LogFormat = LogFormat::Human, Restart Help;
    }
}

/// Where a server listens that was told nothing.
const DEFAULT_LISTEN: HostPort =
    HostPort::Address(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 7070)));

const MOMENT: Duration = Duration::ZERO;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
/// The kernel's own limit.
const KEEPALIVE_MOST: Duration = Duration::from_secs(32_767);

/// The rule that a value lies between two others.
fn within<T: Value + PartialOrd>(least: T, most: T) -> impl Fn(&T) -> Result<(), InvalidValue> {
    let range: RangeInclusive<T> = least..=most;
    move |value| {
        let (least, most) = (range.start().show(), range.end().show());
        let reason = || format!("{} is not between {least} and {most}", value.show());
        require(range.contains(value), reason)
    }
}

/// A rule: the reason counts where the value does not fit.
fn require<S: Into<String>>(fits: bool, reason: impl FnOnce() -> S) -> Result<(), InvalidValue> {
    if fits { Ok(()) } else { Err(InvalidValue(reason().into())) }
}

/// The rule that at least one connection is possible.
fn one_at_least(connections: &Auto<usize>) -> Result<(), InvalidValue> {
    let reason = || "with 0 nobody could come; give 1 or more, or \"auto\"";
    require(connections.0 != Some(0), reason)
}

/// The rule that at least one connection of an address is possible: 0 may have been meant for no limit.
fn one_or_any(connections: &Option<usize>) -> Result<(), InvalidValue> {
    let reason =
        || "with 0 nobody could come from elsewhere; give 1 or more, or \"none\" for any number";
    require(*connections != Some(0), reason)
}

/// The rule of times that the kernel counts in seconds.
fn whole_seconds(time: &Duration) -> Result<(), InvalidValue> {
    within(SECOND, KEEPALIVE_MOST)(time)?;
    let reason = || format!("{} is no whole number of seconds", time.show());
    require(time.subsec_nanos() == 0, reason)
}

/// The rule that threads are not more than any machine has a use for.
fn few(workers: &Auto<NonZeroUsize>) -> Result<(), InvalidValue> {
    let (count, most) = (workers.0.map_or(0, NonZeroUsize::get), limits::MAX_WORKERS);
    require(count <= most, || format!("{count} threads are more than {most}"))
}

/// The rule that there is at least one.
fn some(addresses: &[HostPort]) -> Result<(), InvalidValue> {
    require(!addresses.is_empty(), || "at least one address is needed")
}

/// The rule of the greeting: one line, not too long, and there.
fn greeting(text: &str) -> Result<(), InvalidValue> {
    let is_line = !text.trim().is_empty() && !text.contains(['\r', '\n']);
    require(is_line, || "the greeting is one line, and not an empty one")?;
    at_most(text, limits::MAX_WELCOME_BYTES)
}

/// The rule of the message of the day: the text, where other servers want a file.
fn message(text: &str) -> Result<(), InvalidValue> {
    let begins_as_path = text.starts_with(['/', '~']) || text.starts_with("./");
    let is_path = begins_as_path && !text.contains(char::is_whitespace);
    require(!is_path, || "it is the text itself, and not the name of a file")?;
    let is_none = text.eq_ignore_ascii_case("none");
    require(!is_none, || "newcomers would read that word; write \"\" for no message")?;
    let (lines, most) = (text.lines().count(), limits::MAX_MOTD_LINES);
    require(lines <= most, || format!("{lines} lines are more than {most}"))?;
    at_most(text, limits::MAX_MOTD_BYTES)
}

/// The rule of a text's length.
fn at_most(text: &str, most: usize) -> Result<(), InvalidValue> {
    require(text.len() <= most, || format!("{} bytes are more than {most}", text.len()))
}

/// Why metrics are not served on an address.
pub(crate) const METRICS_NOT_LOOPBACK: &str =
    "it is not on loopback; public metrics need metrics-allow-public, too";

impl Settings {
    /// Whether figures may be on this address.
    pub(crate) fn allows_metrics_on(&self, at: SocketAddr) -> bool {
        at.ip().is_loopback() || self.metrics_allow_public
    }

    /// What is wrong with settings that are each right by themselves: which one, and why.
    pub(super) fn validate(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if self.sendq_soft >= self.sendq_hard {
            let hard = self.sendq_hard.show();
            found.push(("sendq-soft", format!("it must be below sendq-hard, which is {hard}")));
        }
        if let Some((one, other)) = same_port(&self.listen) {
            found.push(("listen", format!("{one} and {other} are the same port twice")));
        }
        if let Some(metrics) = &self.metrics
            && let Some(taken) = port_conflict(&self.listen, metrics)
        {
            let words =
                format!("{metrics} is the port of {taken}, where people come in; give it another");
            found.push(("metrics", words));
        }
        // What a name stands for is looked at when it is looked up.
        if let Some(HostPort::Address(at)) = self.metrics
            && !self.allows_metrics_on(at)
        {
            found.push(("metrics", METRICS_NOT_LOOPBACK.to_owned()));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_a_name_of_its_own_and_a_sentence() {
        for (at, setting) in TABLE.iter().enumerate() {
            assert!(TABLE[..at].iter().all(|other| other.key != setting.key), "{}", setting.key);
            assert!(!setting.summary().is_empty() && !setting.summary().ends_with('.'));
            let named = setting.key.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            assert!(named, "{}", setting.key);
        }
    }

    #[test]
    fn every_default_is_a_value_for_its_setting() {
        let defaults = Settings::default();
        for setting in TABLE {
            let file = format!("{} = {}", setting.key, setting.show(&defaults));
            let read = crate::settings::file::parse(&file).expect("TOML");
            assert_eq!(read.len(), 1, "{file}");
            let mut settings = Settings::default();
            let set = (setting.set)(&mut settings, &read[0].values);
            assert_eq!((set, &settings), (Ok(()), &defaults), "{file}");
        }
    }

    #[test]
    fn values_out_of_bounds_are_refused_with_the_bounds() {
        let wrong = |key: &str, word: &str| {
            let setting = TABLE.iter().find(|setting| setting.key == key).unwrap();
            setting.check(word).unwrap_err().message
        };
        assert_eq!(wrong("rate-interval", "0"), "\"0s\" is not between \"1ms\" and \"1h\"");
        assert_eq!(wrong("workers", "0"), "\"0\" is not a number, 1 or more, or \"auto\"");
        assert_eq!(wrong("welcome", " "), "the greeting is one line, and not an empty one");
        assert_eq!(wrong("motd", &"\n".repeat(99)), "99 lines are more than 20");
        for (key, word, words) in [
            ("max-connections", "0", "with 0 nobody could come"),
            ("max-per-address", "0", "or \"none\" for any number"),
            ("keepalive-idle", "1500ms", "\"1500ms\" is no whole number of seconds"),
            ("motd", "/etc/motd", "it is the text itself"),
            ("motd", "none", "write \"\" for no message"),
            ("log", "warning", "did you mean warn?"),
        ] {
            assert!(wrong(key, word).contains(words), "{key} = {word}: {}", wrong(key, word));
        }
    }
}
