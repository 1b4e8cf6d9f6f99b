//! From flags, environment and file to the settings in effect, each with where it comes from.

use super::file::{self, Item, Position};
use super::suggestion::closest;
use super::table::{Setting, Settings, TABLE};
use super::value::{Given, Shape, quote};
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Most complaints about one start: whoever has made more mistakes than that begins with these.
const MOST_COMPLAINTS: usize = 10;
/// What the variables of the environment begin with.
const PREFIX: &str = "CHINWAG_";
/// The variable that names the file.
const CONFIG: &str = "CHINWAG_CONFIG";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// The file.
    File(PathBuf, Position),
    /// A variable.
    Environment(String),
    /// A flag.
    Flag,
}

/// What somebody asked for, before anything of it is read: it is read anew when the settings are.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file that was named by a flag.
    pub config: Option<PathBuf>,
    /// The flags that were given: the key, and its values.
    pub flags: Vec<(&'static str, Vec<String>)>,
    /// The environment.
    pub environment: Environment,
}

/// What of the environment is looked at.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The variables that begin as ours do, sorted.
    pub variables: Vec<(String, String)>,
    /// The names of those whose values are no text.
    pub garbled: Vec<String>,
    /// Where the person's files of settings are.
    pub xdg_config_home: Option<PathBuf>,
    /// Where the person's files are.
    pub home: Option<PathBuf>,
}

impl Environment {
    /// Of this process.
    pub fn of_this_process() -> Self {
        let (mut variables, mut garbled) = (Vec::new(), Vec::new());
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                // One in small letters is none of ours, and was meant as one.
                _ if !name.to_ascii_uppercase().starts_with(PREFIX) => {}
                Ok(value) => variables.push((name, value)),
                Err(_) => garbled.push(name),
            }
        }
        variables.sort();
        garbled.sort();
        let path = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        Self { variables, garbled, xdg_config_home: path("XDG_CONFIG_HOME"), home: path("HOME") }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The settings in effect.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The values.
    pub settings: Settings,
    /// Where each comes from, in the order of the table.
    pub origins: Vec<Origin>,
    /// The file that was read, if there is one.
    pub file: Option<PathBuf>,
    /// Variables that begin as ours do and are none, with what may have been meant.
    pub strangers: Vec<String>,
    /// Why the file should not be trusted, if so.
    pub doubt: Option<String>,
}

impl Effective {
    /// That the value of a setting cannot be had after all, for this reason.
    pub fn refuse(&self, key: &str, words: &str) -> Refused {
        let origin = origin_of(key, &self.origins);
        let complaint = Complaint { place: place(key, origin), words: format!("{key}: {words}") };
        let is_usage = !matches!(origin, Origin::File(..));
        Refused { complaints: vec![complaint], is_usage, is_denied: false }
    }
}

/// Where the value of a setting comes from.
fn origin_of<'a>(key: &str, origins: &'a [Origin]) -> &'a Origin {
    find(key).map_or(&Origin::Default, |(index, _)| &origins[index])
}

/// Where that is, for who has to change it.
fn place(key: &str, origin: &Origin) -> String {
    match origin {
        Origin::Default => "the settings".to_owned(),
        Origin::Flag => format!("--{key}"),
        Origin::Environment(name) => name.clone(),
        Origin::File(path, at) => format!("{}:{}:{}", path.display(), at.line, at.column),
    }
}

/// What is wrong with what somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Where it stands.
    pub place: String,
    /// What is wrong, and what would be right.
    pub words: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.words)
    }
}

/// Why there are no settings in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// All that is wrong, up to a number.
    pub complaints: Vec<Complaint>,
    /// Whether the command line or the environment is to blame, and not a file.
    pub is_usage: bool,
    /// Whether the process may not read the file.
    pub is_denied: bool,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.complaints.iter().map(Complaint::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Refused {}

impl Sources {
    /// Reads the file, if there is one, and puts everything together.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn load(&self) -> Result<Effective, Refused> {
        let Some((path, text, doubt)) = self.read_file()? else { return self.combine(None) };
        Ok(Effective { doubt, ..self.combine(Some((&path, &text)))? })
    }

    /// Where the file may be: the one that was named, or the usual places, the first one first.
    pub fn places(&self) -> Vec<PathBuf> {
        let Environment { xdg_config_home, home, .. } = &self.environment;
        match self.named() {
            Some(path) => vec![path],
            None => file::usual_places(xdg_config_home.as_deref(), home.as_deref()),
        }
    }

    /// The file that was named.
    fn named(&self) -> Option<PathBuf> {
        let variable = || self.environment.get(CONFIG).filter(|path| !path.is_empty());
        self.config.clone().or_else(|| variable().map(PathBuf::from))
    }

    /// The file that was named, or the first in the usual places: its path, its text, and why it should not be trusted.
    fn read_file(&self) -> Result<Option<(PathBuf, String, Option<String>)>, Refused> {
        let must_be_there = self.named().is_some();
        for path in self.places() {
            match file::read(&path) {
                Ok((text, doubt)) => return Ok(Some((path, text, doubt))),
                Err(error) if error.kind() == ErrorKind::NotFound && !must_be_there => {}
                Err(error) => {
                    let place = path.display().to_string();
                    let words = format!("cannot read the settings: {error}");
                    let is_denied = error.kind() == ErrorKind::PermissionDenied;
                    let complaints = vec![Complaint { place, words }];
                    return Err(Refused { complaints, is_usage: false, is_denied });
                }
            }
        }
        Ok(None)
    }

    /// Puts everything together: pure, the file's text is an argument.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn combine(&self, file: Option<(&Path, &str)>) -> Result<Effective, Refused> {
        let mut gathering = Gathering::new();
        if let Some((path, text)) = file {
            gathering.take_file(path, text);
        }
        let strangers = gathering.take_environment(&self.environment);
        gathering.take_flags(&self.flags);
        gathering.compare();
        let Gathering { settings, origins, mut complaints, is_usage } = gathering;
        if complaints.is_empty() {
            let file = file.map(|(path, _)| path.to_path_buf());
            return Ok(Effective { settings, origins, file, strangers, doubt: None });
        }
        complaints.truncate(MOST_COMPLAINTS);
        Err(Refused { is_usage, complaints, is_denied: false })
    }
}

/// Settings that are being put together, the weakest source first.
struct Gathering {
    /// The values so far.
    settings: Settings,
    /// Where they come from.
    origins: Vec<Origin>,
    /// What was wrong.
    complaints: Vec<Complaint>,
    /// Whether none of it stands in the file.
    is_usage: bool,
}

impl Gathering {
    /// The defaults.
    fn new() -> Self {
        let origins = vec![Origin::Default; TABLE.len()];
        Self { settings: Settings::default(), origins, complaints: Vec::new(), is_usage: true }
    }

    /// Something is wrong.
    fn complain(&mut self, place: impl fmt::Display, words: String) {
        self.complaints.push(Complaint { place: place.to_string(), words });
    }

    /// Something is wrong in the file.
    fn complain_of_file(&mut self, place: impl fmt::Display, words: String) {
        self.is_usage = false;
        self.complain(place, words);
    }

    /// Takes what stands in a file.
    fn take_file(&mut self, path: &Path, text: &str) {
        let place = |at: Position| format!("{}:{}:{}", path.display(), at.line, at.column);
        let items = match file::parse(text) {
            Ok(items) => items,
            Err(syntax) => return self.complain_of_file(place(syntax.at), syntax.words),
        };
        for Item { key, at, given, places, strange } in items {
            if self.complaints.len() >= MOST_COMPLAINTS {
                break;
            }
            let Some((index, setting)) = find(&key) else {
                let hint = closest(&key, TABLE.iter().map(|setting| setting.key));
                let words = format!("there is no setting {}{hint}", quote(&key));
                self.complain_of_file(place(at), words);
                continue;
            };
            if let Some(strange) = strange {
                let words = format!("{key} cannot be {strange}{}", example(setting));
                self.complain_of_file(place(places[0]), words);
                continue;
            }
            match (setting.set)(&mut self.settings, &given) {
                Ok(()) => self.origins[index] = Origin::File(path.to_path_buf(), at),
                Err(wrong) => {
                    let at = places.get(wrong.which).or(places.last()).copied().unwrap_or(at);
                    self.complain_of_file(place(at), format!("{key}: {}", wrong.words));
                }
            }
        }
    }

    /// Takes what stands in the environment. Variables that are none of ours are returned: others may have given them
    /// such names.
    fn take_environment(&mut self, environment: &Environment) -> Vec<String> {
        let names: Vec<_> = TABLE.iter().map(Setting::variable).collect();
        let mut strangers = Vec::new();
        for name in
            environment.garbled.iter().filter(|name| *name == CONFIG || names.contains(name))
        {
            self.complain(name, "the value is not UTF-8".to_owned());
        }
        for (name, value) in &environment.variables {
            let Some(index) = names.iter().position(|other| other == name) else {
                if name != CONFIG {
                    let names = names.iter().map(String::as_str).chain([CONFIG]);
                    strangers.push(format!("{name}{}", closest(name, names)));
                }
                continue;
            };
            let words = match TABLE[index].shape {
                Shape::Several => value.split([',', ' ']).filter(|word| !word.is_empty()).collect(),
                Shape::One | Shape::Switch => vec![value.as_str()],
            };
            if let Err(words) = self.set(index, &words) {
                self.complain(name, words);
            } else {
                self.origins[index] = Origin::Environment(name.clone());
            }
        }
        strangers
    }

    /// Takes what the flags say.
    fn take_flags(&mut self, flags: &[(&'static str, Vec<String>)]) {
        for (key, values) in flags {
            let Some((index, _)) = find(key) else { continue };
            let words: Vec<_> = values.iter().map(String::as_str).collect();
            if let Err(words) = self.set(index, &words) {
                self.complain(format_args!("--{key}"), words);
            } else {
                self.origins[index] = Origin::Flag;
            }
        }
    }

    /// Gives a setting words without a type.
    fn set(&mut self, index: usize, words: &[&str]) -> Result<(), String> {
        let given: Vec<_> = words.iter().map(|word| Given::word(word)).collect();
        (TABLE[index].set)(&mut self.settings, &given).map_err(|wrong| wrong.words)
    }

    /// Looks at what does not fit together.
    fn compare(&mut self) {
        if !self.complaints.is_empty() {
            return;
        }
        for (key, words) in self.settings.disagreements() {
            let origin = origin_of(key, &self.origins);
            self.is_usage = !matches!(origin, Origin::File(..));
            self.complain(place(key, origin), format!("{key}: {words}"));
        }
    }
}

/// The setting of a name.
fn find(key: &str) -> Option<(usize, &'static Setting)> {
    TABLE.iter().enumerate().find(|(_, setting)| setting.key == key)
}

/// How a setting is written, for somebody who wrote something strange.
fn example(setting: &Setting) -> String {
    format!("; write it as in: {} = {}", setting.key, setting.show(&Settings::default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Environment { variables: variables.iter().map(own).collect(), ..Environment::default() }
    }

    fn sources(flags: &[(&'static str, &str)], variables: &[(&str, &str)]) -> Sources {
        let flags = flags.iter().map(|&(key, value)| (key, vec![value.to_owned()])).collect();
        Sources { config: None, flags, environment: environment(variables) }
    }

    fn refused(text: &str) -> Vec<String> {
        let refused = Sources::default().combine(Some((Path::new("f"), text))).unwrap_err();
        assert!(!refused.is_usage);
        refused.complaints.iter().map(Complaint::to_string).collect()
    }

    #[test]
    fn a_flag_is_stronger_than_a_variable_and_that_than_the_file() {
        let text =
            "shutdown-timeout = 1\nmax-per-address = 1\nmax-connections = 1\nrate-burst = 1\n";
        let variables = [("CHINWAG_SHUTDOWN_TIMEOUT", "2"), ("CHINWAG_MAX_PER_ADDRESS", "2")];
        let sources = sources(&[("shutdown-timeout", "3s")], &variables);
        let effective = sources.combine(Some((Path::new("f"), text))).unwrap();
        let settings = &effective.settings;
        assert_eq!(settings.shutdown_timeout, Duration::from_secs(3));
        assert_eq!((settings.max_per_address, settings.max_connections.0), (Some(2), Some(1)));
        let origin = |key| effective.origins[find(key).unwrap().0].clone();
        assert_eq!(origin("shutdown-timeout"), Origin::Flag);
        assert_eq!(
            origin("max-per-address"),
            Origin::Environment("CHINWAG_MAX_PER_ADDRESS".into())
        );
        let at = Position { line: 3, column: 1 };
        assert_eq!(origin("max-connections"), Origin::File("f".into(), at));
        assert_eq!(origin("motd"), Origin::Default);
    }

    #[test]
    fn unknown_keys_and_bad_values_are_refused_with_place_and_hint() {
        assert_eq!(
            refused("lisen = [\"[::1]:1\"]\n\nrate_burst = 3\nzzz = 1\n"),
            [
                "f:1:1: there is no setting \"lisen\"; did you mean listen?",
                "f:3:1: there is no setting \"rate_burst\"; did you mean rate-burst?",
                "f:4:1: there is no setting \"zzz\"",
            ]
        );
        assert_eq!(
            refused("listen = [\"127.0.0.1:1\", \"7070\"]\nmax-per-address = \"7\"\nmotd = 3\n"),
            [
                "f:1:26: listen: \"7070\" is not an address with a port, as in 127.0.0.1:7070 or [::1]:7070",
                "f:3:8: motd: 3 is not a text",
            ]
        );
        assert_eq!(
            refused("shutdown-timeout = 1979-05-27\n[listen]\na = 1\n"),
            [
                "f:1:20: shutdown-timeout cannot be a date; write it as in: shutdown-timeout = \"5s\"",
                "f:2:1: listen cannot be a table; write it as in: listen = [\"127.0.0.1:7070\"]",
            ]
        );
        assert_eq!(
            refused("sendq-soft = \"1 MiB\"\n"),
            ["f:1:1: sendq-soft: it must be below sendq-hard, which is \"1 MiB\""]
        );
    }

    #[test]
    fn a_file_of_garbage_has_few_complaints() {
        let many: String = (0..100).map(|number| format!("key{number} = 1\n")).collect();
        assert_eq!(refused(&many).len(), MOST_COMPLAINTS);
        assert_eq!(refused("\u{0}\u{1b}[31m").len(), 1);
    }

    #[test]
    fn the_environment_is_usage_and_strangers_in_it_are_told() {
        let bad = sources(&[], &[("CHINWAG_SHUTDOWN_TIMEOUT", "soon")]).combine(None).unwrap_err();
        assert!(
            bad.is_usage
                && bad.to_string().starts_with("CHINWAG_SHUTDOWN_TIMEOUT: \"soon\" is not a time")
        );
        let strangers =
            [("CHINWAG_LISTEM", "x"), ("CHINWAG_CONFIG", ""), ("CHINWAG_7070_TCP", "y")];
        let effective = sources(&[], &strangers).combine(None).unwrap();
        assert_eq!(effective.strangers[0], "CHINWAG_LISTEM; did you mean CHINWAG_LISTEN?");
        assert_eq!(effective.strangers.len(), 2);
    }

    #[test]
    fn several_addresses_can_stand_in_a_variable() {
        let sources = sources(&[], &[("CHINWAG_LISTEN", "127.0.0.1:1, [::1]:2")]);
        assert_eq!(sources.combine(None).unwrap().settings.listen.len(), 2);
    }

    #[test]
    fn a_named_file_must_be_there_and_an_unnamed_one_need_not() {
        let missing = PathBuf::from("/nowhere/chinwag.toml");
        let sources = Sources { config: Some(missing), ..Sources::default() };
        let refused = sources.load().unwrap_err();
        assert!(
            !refused.is_usage && refused.to_string().contains("/nowhere/chinwag.toml: cannot read")
        );
    }
}
