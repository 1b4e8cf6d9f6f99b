//! From flags, environment and file to the settings in effect, each with where it comes from.

use super::file::{self, Entry, Position};
use super::suggestion::closest;
use super::table::{Setting, Settings, TABLE};
use super::value::{Arity, RawValue, ValueError, quote};
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Most errors that one start reports; the rest shows once these are mended.
const MAX_ERRORS: usize = 10;
/// What the variables of the environment begin with.
const PREFIX: &str = "CHINWAG_";
/// The variable that names the file.
const CONFIG: &str = "CHINWAG_CONFIG";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody said anything.
    Default,
    /// The file.
    File(PathBuf, Position),
    /// A variable.
    Environment(String),
    /// A flag.
    Flag,
}

/// The sources of the settings. All of them are read again by a reload.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// The file that was named by a flag.
    pub config: Option<PathBuf>,
    /// The flags that were given: the key, and its values.
    pub flags: Vec<(&'static str, Vec<String>)>,
    /// The environment.
    pub environment: Environment,
}

/// What of the environment is looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// The variables that begin as ours do, sorted.
    pub variables: Vec<(String, String)>,
    /// The names of those whose values are no text.
    pub not_utf8: Vec<String>,
    /// The folder of the user's settings files.
    pub xdg_config_home: Option<PathBuf>,
    /// The home folder of the user.
    pub home: Option<PathBuf>,
}

impl Environment {
    /// Of this process.
    pub(crate) fn from_process() -> Self {
        let (mut variables, mut not_utf8) = (Vec::new(), Vec::new());
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                // One in small letters is none of ours, and was meant as one.
                _ if !name.to_ascii_uppercase().starts_with(PREFIX) => {}
                Ok(value) => variables.push((name, value)),
                Err(_) => not_utf8.push(name),
            }
        }
        variables.sort();
        not_utf8.sort();
        let path = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        Self { variables, not_utf8, xdg_config_home: path("XDG_CONFIG_HOME"), home: path("HOME") }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The settings in effect.
#[derive(Clone, Debug)]
pub(crate) struct Effective {
    /// The values.
    pub settings: Settings,
    /// Where each comes from, in the order of the table.
    pub origins: Vec<Origin>,
    /// The file that was read, if there is one.
    pub file: Option<PathBuf>,
    /// Variables that begin as ours do and are none, with what may have been meant.
    pub unknown_variables: Vec<String>,
    /// Why the file should not be trusted, if so.
    pub file_warning: Option<String>,
}

impl Effective {
    /// That the value of a setting cannot be had after all, for this reason.
    pub(crate) fn error_at(&self, key: &str, words: &str) -> SettingsError {
        let origin = origin_of(key, &self.origins);
        let error = SettingError { place: place(key, origin), message: format!("{key}: {words}") };
        let is_usage = !matches!(origin, Origin::File(..));
        SettingsError { errors: vec![error], is_usage, is_denied: false }
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

/// One mistake in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SettingError {
    /// Where it stands.
    pub place: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Why there are no settings in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SettingsError {
    /// All that is wrong, up to a number.
    pub errors: Vec<SettingError>,
    /// Whether the command line or the environment is to blame, and not a file.
    pub is_usage: bool,
    /// Whether the process may not read the file.
    pub is_denied: bool,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.errors.iter().map(SettingError::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for SettingsError {}

impl Sources {
    /// Reads the file, if there is one, and puts everything together.
    ///
    /// # Errors
    /// All that is wrong.
    pub(crate) fn load(&self) -> Result<Effective, SettingsError> {
        let Some((path, text, file_warning)) = self.read_file()? else { return self.combine(None) };
        Ok(Effective { file_warning, ..self.combine(Some((&path, &text)))? })
    }

    /// Where the file may be: the one that was named, or the usual places, the first one first.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let Environment { xdg_config_home, home, .. } = &self.environment;
        match self.named() {
            Some(path) => vec![path],
            None => file::default_paths(xdg_config_home.as_deref(), home.as_deref()),
        }
    }

    /// The file that was named.
    fn named(&self) -> Option<PathBuf> {
        let variable = || self.environment.get(CONFIG).filter(|path| !path.is_empty());
        self.config.clone().or_else(|| variable().map(PathBuf::from))
    }

    /// The file that was named, or the first in the usual places: its path, its text, and why it should not be trusted.
    fn read_file(&self) -> Result<Option<(PathBuf, String, Option<String>)>, SettingsError> {
        let is_required = self.named().is_some();
        for path in self.paths() {
            match file::read(&path) {
                Ok((text, file_warning)) => return Ok(Some((path, text, file_warning))),
                Err(error) if error.kind() == ErrorKind::NotFound && !is_required => {}
                Err(error) => {
                    let place = path.display().to_string();
                    let message = format!("cannot read the settings: {error}");
                    let is_denied = error.kind() == ErrorKind::PermissionDenied;
                    let errors = vec![SettingError { place, message }];
                    return Err(SettingsError { errors, is_usage: false, is_denied });
                }
            }
        }
        Ok(None)
    }

    /// Puts everything together: pure, the file's text is an argument.
    ///
    /// # Errors
    /// All that is wrong.
    pub(crate) fn combine(&self, file: Option<(&Path, &str)>) -> Result<Effective, SettingsError> {
        let mut builder = Builder::new();
        if let Some((path, text)) = file {
            builder.apply_file(path, text);
        }
        let unknown_variables = builder.apply_environment(&self.environment);
        builder.apply_flags(&self.flags);
        builder.validate();
        let Builder { settings, origins, mut errors, is_usage } = builder;
        if errors.is_empty() {
            let file = file.map(|(path, _)| path.to_path_buf());
            return Ok(Effective {
                settings,
                origins,
                file,
                unknown_variables,
                file_warning: None,
            });
        }
        errors.truncate(MAX_ERRORS);
        Err(SettingsError { is_usage, errors, is_denied: false })
    }
}

/// Settings that are being put together, the weakest source first.
struct Builder {
    /// The values so far.
    settings: Settings,
    /// Where they come from.
    origins: Vec<Origin>,
    /// What was wrong.
    errors: Vec<SettingError>,
    /// Whether none of it stands in the file.
    is_usage: bool,
}

impl Builder {
    /// The defaults.
    fn new() -> Self {
        let origins = vec![Origin::Default; TABLE.len()];
        Self { settings: Settings::default(), origins, errors: Vec::new(), is_usage: true }
    }

    /// Something is wrong.
    fn add_error(&mut self, place: impl fmt::Display, message: String) {
        self.errors.push(SettingError { place: place.to_string(), message });
    }

    /// Something is wrong in the file.
    fn add_file_error(&mut self, place: impl fmt::Display, message: String) {
        self.is_usage = false;
        self.add_error(place, message);
    }

    /// Takes what stands in a file.
    fn apply_file(&mut self, path: &Path, text: &str) {
        let place = |at: Position| format!("{}:{}:{}", path.display(), at.line, at.column);
        let entries = match file::parse(text) {
            Ok(entries) => entries,
            Err(syntax) => return self.add_file_error(place(syntax.at), syntax.message),
        };
        for Entry { key, at, values, positions, unsupported } in entries {
            if self.errors.len() >= MAX_ERRORS {
                break;
            }
            let Some((index, setting)) = find(&key) else {
                let hint = closest(&key, TABLE.iter().map(|setting| setting.key));
                let words = format!("there is no setting {}{hint}", quote(&key));
                self.add_file_error(place(at), words);
                continue;
            };
            if let Some(unsupported) = unsupported {
                let words = format!("{key} cannot be {unsupported}{}", example(setting));
                self.add_file_error(place(positions[0]), words);
                continue;
            }
            match (setting.set)(&mut self.settings, &values) {
                Ok(()) => self.origins[index] = Origin::File(path.to_path_buf(), at),
                Err(wrong) => {
                    let at = positions.get(wrong.index).or(positions.last()).copied().unwrap_or(at);
                    self.add_file_error(place(at), format!("{key}: {}", wrong.message));
                }
            }
        }
    }

    /// Takes what stands in the environment. Variables that are none of ours are returned: others may have given them
    /// such names.
    fn apply_environment(&mut self, environment: &Environment) -> Vec<String> {
        let names: Vec<_> = TABLE.iter().map(Setting::variable).collect();
        let mut unknown_variables = Vec::new();
        for name in
            environment.not_utf8.iter().filter(|name| *name == CONFIG || names.contains(name))
        {
            self.add_error(name, "the value is not UTF-8".to_owned());
        }
        for (name, value) in &environment.variables {
            let Some(index) = names.iter().position(|other| other == name) else {
                if name != CONFIG {
                    let names = names.iter().map(String::as_str).chain([CONFIG]);
                    unknown_variables.push(format!("{name}{}", closest(name, names)));
                }
                continue;
            };
            let words = match TABLE[index].arity {
                Arity::Many => value.split([',', ' ']).filter(|word| !word.is_empty()).collect(),
                Arity::One | Arity::Flag => vec![value.as_str()],
            };
            if let Err(wrong) = self.set(index, &words) {
                self.add_error(name, wrong.message);
            } else {
                self.origins[index] = Origin::Environment(name.clone());
            }
        }
        unknown_variables
    }

    /// Takes what the flags say.
    fn apply_flags(&mut self, flags: &[(&'static str, Vec<String>)]) {
        for (key, values) in flags {
            let Some((index, _)) = find(key) else { continue };
            let words: Vec<_> = values.iter().map(String::as_str).collect();
            if let Err(wrong) = self.set(index, &words) {
                self.add_error(format_args!("--{key}"), wrong.message);
            } else {
                self.origins[index] = Origin::Flag;
            }
        }
    }

    /// Gives a setting words without a type.
    fn set(&mut self, index: usize, words: &[&str]) -> Result<(), ValueError> {
        let values: Vec<_> = words.iter().map(|word| RawValue::untyped(word)).collect();
        (TABLE[index].set)(&mut self.settings, &values)
    }

    /// Looks at what does not fit together.
    fn validate(&mut self) {
        if !self.errors.is_empty() {
            return;
        }
        for (key, words) in self.settings.validate() {
            let origin = origin_of(key, &self.origins);
            self.is_usage = !matches!(origin, Origin::File(..));
            self.add_error(place(key, origin), format!("{key}: {words}"));
        }
    }
}

/// The setting of a name.
fn find(key: &str) -> Option<(usize, &'static Setting)> {
    TABLE.iter().enumerate().find(|(_, setting)| setting.key == key)
}

/// How a setting is written, for an error about an unsupported value.
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
        refused.errors.iter().map(SettingError::to_string).collect()
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
        assert_eq!(refused(&many).len(), MAX_ERRORS);
        assert_eq!(refused("\u{0}\u{1b}[31m").len(), 1);
    }

    #[test]
    fn the_environment_is_usage_and_strangers_in_it_are_told() {
        let bad = sources(&[], &[("CHINWAG_SHUTDOWN_TIMEOUT", "soon")]).combine(None).unwrap_err();
        assert!(
            bad.is_usage
                && bad.to_string().starts_with("CHINWAG_SHUTDOWN_TIMEOUT: \"soon\" is not a time")
        );
        let unknown_variables =
            [("CHINWAG_LISTEM", "x"), ("CHINWAG_CONFIG", ""), ("CHINWAG_7070_TCP", "y")];
        let effective = sources(&[], &unknown_variables).combine(None).unwrap();
        assert_eq!(effective.unknown_variables[0], "CHINWAG_LISTEM; did you mean CHINWAG_LISTEN?");
        assert_eq!(effective.unknown_variables.len(), 2);
    }

    #[test]
    fn several_addresses_can_stand_in_a_variable() {
        let sources = sources(&[], &[("CHINWAG_LISTEN", "127.0.0.1:1, [::1]:2")]);
        assert_eq!(sources.combine(None).unwrap().settings.listen.len(), 2);
    }

    #[test]
    fn a_named_file_is_required_and_an_unnamed_one_need_not() {
        let missing = PathBuf::from("/nowhere/chinwag.toml");
        let sources = Sources { config: Some(missing), ..Sources::default() };
        let refused = sources.load().unwrap_err();
        assert!(
            !refused.is_usage && refused.to_string().contains("/nowhere/chinwag.toml: cannot read")
        );
    }
}
