//! Holds docs/FROM-TOKIO.md to this workspace: its code is compiled, and no runtime of others is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The page.
const PAGE: &str = include_str!("../../../docs/FROM-TOKIO.md");
/// The headings of the tables whose second column is looked for here.
const TABLES: [&str; 2] = ["## tokio-stream", "## tokio-util"];
/// What is code of no row: names of crates, types and features.
const NAMES: [&str; 29] = [
    "futures-io",
    "asynchronous-codec",
    "futures_util::StreamExt",
    "futures_util::TryStreamExt",
    "futures_util::future::Either",
    "whippet::time::error::Elapsed",
    "whippet::io::simplex",
    "sync",
    "task",
    "std::fs::read_dir",
    "tokio::fs",
    "spawn_blocking",
    "LocalRuntime",
    "send_to",
    "compat",
    "io",
    "bytes",
    "decode",
    "duplex",
    "from_changes",
    "new",
    "Option",
    "Result",
    "Vec",
    "Either",
    "Sleep",
    "JoinHandle",
    "AbortOnDropHandle",
    "Pin<Box<_>>",
];
/// Crates that only a runtime of others needs.
const RUNTIMES: [&str; 8] = [
    "async-executor",
    "async-global-executor",
    "async-io",
    "async-std",
    "futures-executor",
    "mio",
    "polling",
    "smol",
];

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Code without its spaces, and without the comma that rustfmt puts last.
fn plain(code: &str) -> String {
    let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    code.replace(",)", ")").replace(",}", "}")
}

/// The code in the second columns.
fn cells() -> Vec<String> {
    let sections = PAGE.split("\n## ").filter(|section| {
        TABLES.iter().any(|heading| {
            heading.trim_start_matches("## ") == section.lines().next().unwrap_or("")
        })
    });
    let rows = sections.flat_map(str::lines).filter(|line| line.starts_with('|'));
    let mut codes = Vec::new();
    for row in rows {
        let row = row.replace("\\|", "\u{0}");
        let cell = row.split('|').nth(2).unwrap_or_default().replace('\u{0}', "|");
        codes.extend(cell.split('`').skip(1).step_by(2).map(str::to_owned));
    }
    codes
}

#[test]
fn the_code_of_the_tables_is_compiled_here() {
    let mut sources = String::new();
    for folder in ["streams/src", "streams/tests"] {
        for file in fs::read_dir(home().join(folder)).unwrap() {
            let path = file.unwrap().path();
            if !path.ends_with("page.rs") {
                sources += &plain(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let cells = cells();
    assert!(cells.len() > 70, "the page is read wrongly: {} pieces of code", cells.len());
    let missing: Vec<_> = cells
        .iter()
        .filter(|code| !NAMES.contains(&code.as_str()) && !sources.contains(&plain(code)))
        .collect();
    assert!(missing.is_empty(), "in the page and not in recipes/streams: {missing:#?}");
}

#[test]
fn the_files_that_the_page_links_are_there() {
    let links = PAGE.split("](../recipes").skip(1).filter_map(|rest| rest.split(')').next());
    let links: Vec<_> = links.collect();
    assert!(links.len() > 5);
    for link in links {
        assert!(home().join(link.trim_start_matches('/')).exists(), "{link}");
    }
}

fn tree(arguments: &[&str]) -> String {
    let manifest = home().join("Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--offline", "--prefix", "none", "--manifest-path"])
        .arg(manifest)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn no_runtime_of_others_is_built() {
    let crates = tree(&["--edges", "normal,build,dev"]);
    assert!(crates.contains("hyper v1."), "{crates}");
    for name in RUNTIMES {
        assert!(!crates.lines().any(|line| line.starts_with(&format!("{name} v"))), "{name}");
    }
    let features = tree(&["--edges", "features", "--invert", "tokio"]);
    let of_tokio = features.lines().filter_map(|line| line.strip_prefix("tokio feature \""));
    let mut of_tokio: Vec<_> = of_tokio.filter_map(|rest| rest.split('"').next()).collect();
    of_tokio.sort_unstable();
    of_tokio.dedup();
    assert_eq!(of_tokio, ["bytes", "default", "io-util", "sync"], "{features}");
}
