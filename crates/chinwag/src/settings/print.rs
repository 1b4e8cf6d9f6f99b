//! The settings in effect, as a file that could be read again.

use super::sources::{Effective, Origin};
#[cfg(test)]
use super::table::Setting;
use super::table::{Reload, Settings, TABLE};
use std::fmt::Write;
use std::path::Path;

/// What `chinwag config` prints.
pub(crate) fn print(effective: &Effective) -> String {
    let mut out = String::from(
        "# The settings in effect. A flag is stronger than a variable of the environment, that\n",
    );
    out.push_str(
        "# than the file, that than the default. SIGHUP makes a running server read them anew.\n",
    );
    let file = match &effective.file {
        Some(path) => shown(path),
        None => "none".to_owned(),
    };
    let _ = writeln!(out, "# file: {file}");
    let defaults = Settings::default();
    let mut group = "";
    for (setting, origin) in TABLE.iter().zip(&effective.origins) {
        if setting.group != group {
            group = setting.group;
            let _ = writeln!(out, "\n# ---- {group} ----");
        }
        out.push('\n');
        for words in setting.doc {
            let _ = writeln!(out, "# {}", words.trim());
        }
        if setting.reload == Reload::Restart {
            out.push_str("# A new value is taken with the next start.\n");
        }
        let default = setting.show(&defaults);
        let comes_from = match origin {
            Origin::Default => "default".to_owned(),
            Origin::Flag => format!("flag --{}; default: {default}", setting.key),
            Origin::Environment(name) => format!("environment {name}; default: {default}"),
            Origin::File(path, at) => {
                format!("{}:{}; default: {default}", shown(path), at.line)
            }
        };
        let _ = writeln!(out, "# from: {comes_from}");
        let _ = writeln!(out, "{} = {}", setting.key, setting.show(&effective.settings));
    }
    out
}

/// The settings as rows of a Markdown table, for the documentation.
#[cfg(test)]
pub(crate) fn rows() -> String {
    let defaults = Settings::default();
    let row = |setting: &Setting| {
        let taken = match setting.reload {
            Reload::Live => "SIGHUP",
            Reload::Restart => "a start",
        };
        let words: Vec<_> = setting.doc.iter().map(|words| words.trim()).collect();
        let default = setting.show(&defaults);
        format!("| `{}` | `{default}` | {taken} | {} |\n", setting.key, words.join(". "))
    };
    TABLE.iter().map(row).collect()
}

/// A path in a comment, which must stay one line.
fn shown(path: &Path) -> String {
    path.display().to_string().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Sources;

    #[test]
    fn what_is_printed_reads_back_as_the_same_settings() {
        let text =
            "motd = \"one\\ntwo \\u001b\"\nlisten = [\"[::1]:1\"]\nmax-per-address = \"none\"\n";
        let first = Sources::default().combine(Some((Path::new("f"), text))).unwrap();
        let printed = print(&first);
        let second = Sources::default().combine(Some((Path::new("g"), &printed))).unwrap();
        assert_eq!(first.settings, second.settings);
        assert!(
            printed
                .contains("# from: f:2; default: [\"127.0.0.1:7070\"]\nlisten = [\"[::1]:1\"]\n")
        );
        assert_eq!(printed.matches("\n# from: ").count(), TABLE.len());
    }

    #[test]
    fn the_documentation_has_every_setting_as_it_is() {
        let page = include_str!("../../../../docs/OPERATIONS.md");
        assert!(page.contains(&rows()), "docs/OPERATIONS.md lacks these rows:\n{}", rows());
    }
}
