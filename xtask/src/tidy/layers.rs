//! The layers of a crate: which modules of its root may import which others. Each crate of [`CRATES`] has a table.
//!
//! Layers are listed from the bottom up, and a layer may import only layers above its row, so imports run one way. Every module of the
//! root is a layer: a folder, or a file. The root itself (`lib.rs`, `main.rs`) may import anything; code that is compiled for tests
//! only, too. A layer does not import from the root: its re-exports would hide where an item is from.

use super::imports::{self, Module, module_of};
use super::source::Source;
use std::collections::BTreeMap;

/// A layer: its module, and the layers that it may import.
type Layer = (&'static str, &'static [&'static str]);

/// The crates with layers, each with its folder.
const CRATES: [(&str, &[Layer]); 1] = [("crates/chinwag", CHINWAG)];

/// The layers of chinwag.
const CHINWAG: &[Layer] = &[
    ("limits", &[]),
    ("os", &["limits"]),
    ("protocol", &["limits"]),
    ("outbound", &["limits", "protocol"]),
    ("settings", &["limits", "os", "protocol"]),
    ("terminal", &["limits", "protocol", "outbound"]),
    ("chat", &["limits", "os", "protocol", "outbound"]),
    ("server", &["limits", "os", "protocol", "outbound", "settings", "terminal", "chat"]),
    ("ops", &["limits", "os", "protocol", "outbound", "settings", "chat", "server"]),
    // Built for the fuzzer and for tests alone.
    ("fuzzing", &["limits", "protocol", "chat", "terminal"]),
    ("cli", &["limits", "os", "protocol", "settings", "server", "ops"]),
    ("program", &["limits", "os", "protocol", "settings", "chat", "server", "ops", "cli"]),
];

/// Imports against the order of the layers, and modules that are in no row.
pub(super) fn find(sources: &[Source]) -> Vec<String> {
    CRATES.iter().flat_map(|(folder, layers)| of_a_crate(folder, layers, sources)).collect()
}

/// What is wrong in one crate.
fn of_a_crate(folder: &str, layers: &[Layer], sources: &[Source]) -> Vec<String> {
    let files = sources.iter().filter(|source| !source.is_test).filter_map(|source| {
        let module = module_of(&source.path)?;
        (module.first()? == folder).then_some((module, source))
    });
    let mut complaints = Vec::new();
    let mut unknown: BTreeMap<String, &Source> = BTreeMap::new();
    for (module, source) in files {
        let Some(layer) = module.get(1) else { continue };
        match layers.iter().find(|(name, _)| name == layer) {
            Some(row) => complaints.extend(wrong_imports(row, &module, source)),
            None => drop(unknown.entry(layer.clone()).or_insert(source)),
        }
    }
    complaints.extend(unknown.iter().map(|(layer, source)| {
        let message = format!(
            "layer: `{layer}` is in no row of xtask/src/tidy/layers.rs: put it into a folder, or add a row"
        );
        source.complaint(0, &message)
    }));
    complaints
}

/// The imports of a file that its layer may not make: the first one of each layer.
fn wrong_imports((layer, may): &Layer, module: &Module, source: &Source) -> Vec<String> {
    let mut wrong: BTreeMap<String, usize> = BTreeMap::new();
    for import in imports::find(module, source) {
        let Some(target) = imports::resolve(&import.from, &import.path) else { continue };
        let Some(target) = target.into_iter().nth(1) else {
            // The root itself: a glob import, or `super` alone.
            wrong.entry("the root".to_owned()).or_insert(import.start);
            continue;
        };
        if target != *layer && !may.contains(&target.as_str()) {
            let first = wrong.entry(format!("`{target}`")).or_insert(import.start);
            *first = import.start.min(*first);
        }
    }
    let complaint = |(target, start): (&String, &usize)| {
        let message = format!(
            "layer: `{layer}` may not import {target} (xtask/src/tidy/layers.rs): move what both use to a lower layer, or pass it as an argument"
        );
        source.complaint(*start, &message)
    };
    wrong.iter().map(complaint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: &[Layer] =
        &[("limits", &[]), ("protocol", &["limits"]), ("chat", &["limits", "protocol"])];

    /// The complaints about a crate of these files, without their explanations.
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source::new(format!("crates/x/src/{path}"), (*text).to_owned()))
            .collect();
        let complaints = of_a_crate("crates/x", LAYERS, &sources);
        let place = |message: String| message.split(" (").next().unwrap_or_default().to_owned();
        complaints.into_iter().map(place).collect()
    }

    #[test]
    fn imports_of_higher_layers_are_found() {
        for (path, text, line) in [
            ("limits.rs", "use crate::chat::X;", 1),
            ("protocol/mod.rs", "use crate::{limits::A, chat::{B, C}};", 1),
            ("protocol/mod.rs", "fn f() {\n crate::chat::run()\n}", 2),
            ("protocol/a.rs", "use super::super::chat::X;", 1),
            ("protocol/a/b.rs", "\nuse super::super::super::{chat as c};", 2),
            ("protocol/a.rs", "mod inner { use super::super::super::chat::X; }", 1),
            ("protocol/mod.rs", "use self::super::chat::X;", 1),
            ("protocol/mod.rs", "pub(crate) use crate::chat::{self, X};", 1),
            ("protocol/mod.rs", "macro_rules! m { () => { $crate::chat::f() } }", 1),
        ] {
            let layer = path.split(['/', '.']).next().unwrap();
            let expected =
                format!("crates/x/src/{path}:{line}: layer: `{layer}` may not import `chat`");
            assert_eq!(found(&[(path, text)]), [expected], "{text}");
        }
    }

    #[test]
    fn imports_of_lower_layers_and_of_the_own_one_are_allowed() {
        for (path, text) in [
            (
                "chat/mod.rs",
                "use crate::protocol::X; use crate::{limits, protocol::y}; use crate::chat::a;",
            ),
            (
                "chat/room/a.rs",
                "use super::super::user::User; use super::batch; fn f() { super::g() }",
            ),
            (
                "protocol/a.rs",
                "//! See [`crate::chat`].\n/// Not `use crate::chat::X;`.\nfn f() { \"crate::chat\" }",
            ),
            ("protocol/a.rs", "#[cfg(test)]\nmod tests { use crate::chat::X; }"),
            ("protocol/a.rs", "#[cfg(test)]\nuse crate::chat::X;\nfn f() {}"),
            ("lib.rs", "pub use self::chat::X; use crate::protocol::Y;"),
            ("main.rs", "use crate::chat::X;"),
        ] {
            assert_eq!(found(&[(path, text)]), [""; 0], "{text}");
        }
    }

    #[test]
    fn files_of_tests_may_import_anything() {
        let mut source = Source::new(
            "crates/x/src/protocol/tests.rs".to_owned(),
            "use crate::chat::X;".to_owned(),
        );
        assert_eq!(of_a_crate("crates/x", LAYERS, std::slice::from_ref(&source)).len(), 1);
        source.is_test = true;
        assert_eq!(of_a_crate("crates/x", LAYERS, &[source]), [""; 0]);
    }

    #[test]
    fn imports_from_the_root_are_found() {
        for (text, target) in [
            ("use crate::Config;", "`Config`"),
            ("use super::super::serve;", "`serve`"),
            ("use crate::*;", "the root"),
        ] {
            let expected =
                format!("crates/x/src/protocol/a.rs:1: layer: `protocol` may not import {target}");
            assert_eq!(found(&[("protocol/a.rs", text)]), [expected], "{text}");
        }
    }

    #[test]
    fn modules_without_a_row_are_found_once() {
        let files = [("new/mod.rs", ""), ("new/a.rs", "use crate::chat::X;"), ("chat/mod.rs", "")];
        let complaints = found(&files);
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints[0].contains("layer: `new` is in no row"), "{complaints:?}");
    }

    #[test]
    fn layers_import_only_those_above_their_row() {
        for (folder, layers) in CRATES {
            for (index, (layer, may)) in layers.iter().enumerate() {
                let lower: Vec<&str> = layers[..index].iter().map(|(name, _)| *name).collect();
                assert!(may.iter().all(|name| lower.contains(name)), "{folder}: {layer}");
            }
        }
    }
}
