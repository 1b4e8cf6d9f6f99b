//! The manual's pages and the completions, as `cargo xtask dist` makes them: what the pages tell, and what real shells offer.
#![forbid(unsafe_code)]

#[path = "../examples/manpages/completions.rs"]
mod completions;
#[path = "../examples/manpages/manual.rs"]
mod manual;

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The flags of settings: those of `chinwag config` but for the file and the help.
fn settings() -> Vec<clap::Arg> {
    let command = chinwag::cli::command();
    let config = command.find_subcommand("config").expect("a command");
    let settings = config.get_arguments().filter(|flag| flag.get_id() != "config");
    let settings: Vec<_> = settings.cloned().collect();
    assert!(settings.len() > 20, "{}", settings.len());
    settings
}

/// A folder with the completions, a file and a folder in it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("chinwag-pages-{test}-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("some-folder")).expect("a folder");
        std::fs::write(folder.join("some-file"), "").expect("a file");
        for (name, text) in completions::all() {
            std::fs::write(folder.join(name), text).expect("a file");
        }
        Self(folder)
    }

    /// What a shell says to a script, without empty lines; `None` if there is no such shell.
    fn said(&self, shell: &str, script: &str) -> Option<Vec<String>> {
        let output = Command::new(shell)
            .args(["-c", script])
            .current_dir(&self.0)
            .stdin(Stdio::null())
            .output()
            .ok()?;
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        Some(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    /// What bash offers behind these words, of which the last may have begun.
    fn bash(&self, words: &[&str]) -> Vec<String> {
        let (last, before) = words.split_last().expect("a word");
        let previous = before.last().copied().unwrap_or("chinwag");
        let script = format!(
            ". ./chinwag.bash; compopt() {{ :; }}; COMP_WORDS=(chinwag {}); COMP_CWORD={}; \
             _chinwag chinwag '{last}' '{previous}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.iter().map(|word| format!("'{word}' ")).collect::<String>(),
            words.len(),
        );
        self.said("bash", &script).expect("bash")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Words that stand where a value is wanted, and what is to be offered.
const VALUES: [(&[&str], &[&str]); 8] = [
    (&["--log", ""], &["off", "error", "warn", "info", "debug", "trace"]),
    (&["--log-format", "j"], &["json"]),
    (&["serve", "--workers", ""], &["auto"]),
    (&["--metrics", ""], &["none"]),
    (&["--max-per-address", ""], &["none"]),
    (&["--shutdown-timeout", ""], &[]),
    (&["load", "--workload", "fl"], &["flood", "flood-single", "flood-big"]),
    (&["load", "--clients", ""], &[]),
];

#[test]
fn bash_offers_values_and_files_only_where_one_is_meant() {
    let folder = Folder::new("bash");
    for (words, offered) in VALUES {
        assert_eq!(folder.bash(words), offered, "{words:?}");
    }
    for words in [
        &["--config", "some"][..],
        &["--oper-file", "some"],
        &["config", "--config", "some"],
        &["admin", "--admin-socket", "some"],
    ] {
        let mut offered = folder.bash(words);
        offered.sort();
        assert_eq!(offered, ["some-file", "some-folder"], "{words:?}");
    }
    // Folders are bash's own to add.
    assert_eq!(folder.bash(&["--state-dir", "some"]), [""; 0]);
    assert!(folder.bash(&["--no-limits", ""]).contains(&"serve".to_owned()));
    assert_eq!(folder.bash(&["admin", "sh"]), ["shutdown"]);
    assert_eq!(folder.bash(&["admin", "kick", "some"]), [""; 0]);
    // Nothing falls back on the names of files where nothing fits.
    let text = std::fs::read_to_string(folder.0.join("chinwag.bash")).expect("a file");
    assert!(text.contains("complete -F _chinwag -o nosort chinwag\n"), "{text}");
    assert!(!text.contains("-o default") && !text.contains("-o bashdefault"), "{text}");
}

#[test]
fn fish_offers_values_and_files_only_where_one_is_meant() {
    let folder = Folder::new("fish");
    let offered = |words: &[&str]| {
        let line = format!("chinwag {}", words.join(" "));
        let script = format!(
            "set -gx HOME {home}; set -gx XDG_CONFIG_HOME {home}; source chinwag.fish; complete -C '{line}'",
            home = folder.0.display()
        );
        let said = folder.said("fish", &script)?;
        // What a word means stands behind a tab.
        let mut words: Vec<_> = said
            .iter()
            .map(|line| line.split('\t').next().unwrap_or_default().to_owned())
            .collect();
        words.sort();
        Some(words)
    };
    if offered(&["--log", ""]).is_none() {
        return;
    }
    for (words, expected) in VALUES {
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(offered(words).expect("fish"), expected, "{words:?}");
    }
    assert_eq!(offered(&["--config", "some"]).expect("fish"), ["some-file", "some-folder/"]);
    assert_eq!(offered(&["--state-dir", "some"]).expect("fish"), ["some-folder/"]);
    assert_eq!(offered(&["admin", "kick", "some"]).expect("fish"), [""; 0]);
}

#[test]
fn zsh_knows_values_files_and_nothing() {
    let text = completions::all().find(|(name, _)| *name == "_chinwag").expect("zsh's").1;
    for line in [
        ":FILTER:(off error warn info debug trace)'",
        ":FORMAT:(human json)'",
        ":FILE:_files'",
        ":FOLDER:_files -/'",
        ":TIME:'",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(!text.contains("_default"), "{text}");
    // That it is a script of zsh's.
    let folder = Folder::new("zsh");
    assert_eq!(folder.said("zsh", "zsh -n ./_chinwag").unwrap_or_default(), [""; 0]);
}

#[test]
fn each_page_of_the_manual_has_what_applies_to_it() {
    let pages = manual::pages();
    let page = |name: &str| {
        let found = pages.iter().find(|(other, _)| other == name);
        found.unwrap_or_else(|| panic!("there is no page {name}")).1.as_str()
    };
    let headings = |text: &str| -> Vec<String> {
        let headings = text.lines().filter_map(|line| line.strip_prefix(".SH "));
        headings.map(|heading| heading.trim_matches('"').to_owned()).collect()
    };
    for name in ["chinwag.1", "chinwag-serve.1"] {
        let found = headings(page(name));
        for heading in ["FILES", "ENVIRONMENT", "SIGNALS", "EXIT STATUS", "SEE ALSO"] {
            assert!(found.iter().any(|other| other == heading), "{name}: {heading} in {found:?}");
        }
        for setting in settings() {
            let key = setting.get_long().expect("a long flag");
            let flag = format!("\\-\\-{}", key.replace('-', "\\-"));
            assert!(page(name).contains(&flag), "{name}: {flag}");
            let variable = format!("CHINWAG_{}", key.to_ascii_uppercase().replace('-', "_"));
            assert!(page(name).contains(&variable), "{name}: {variable}");
            // All its sentences, which `--help` has no room for.
            let help = setting.get_long_help().expect("a setting is described").to_string();
            for sentence in help.split(". ") {
                let is_plain = |c: &char| c.is_alphanumeric() || *c == ' ';
                let start: String = sentence.trim().chars().take_while(is_plain).collect();
                assert!(page(name).contains(&start), "{name}: {start}");
            }
        }
    }
    for name in
        ["chinwag-config.1", "chinwag-admin.1", "chinwag-admin-kick.1", "chinwag-admin-who.1"]
    {
        let found = headings(page(name));
        for heading in ["FILES", "ENVIRONMENT", "EXIT STATUS"] {
            assert!(found.iter().any(|other| other == heading), "{name}: {heading} in {found:?}");
        }
    }
    let load = headings(page("chinwag-load.1"));
    assert!(load.iter().any(|heading| heading == "EXIT STATUS"), "{load:?}");
}
