//! The inputs that a fuzzer found worth keeping, through what the fuzz targets check, with the limits of the product.

use super::{decoder, editor, proxy, telnet, words};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Most inputs of a target, so that replaying them stays a matter of a moment.
const INPUTS: usize = 200;
/// Most bytes of an input.
const BYTES: usize = 512;

/// Gives a target each of its inputs, and names those that do not hold.
fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut paths: Vec<_> =
        entries.map(|entry| entry.expect("an entry of the corpus").path()).collect();
    paths.sort();
    assert!(!paths.is_empty() && paths.len() <= INPUTS, "{} inputs", paths.len());
    let fails = |path: &&std::path::PathBuf| {
        let input = fs::read(path).expect("a file of the corpus");
        assert!(input.len() <= BYTES, "{path:?} has {} bytes", input.len());
        catch_unwind(AssertUnwindSafe(|| check(&input))).is_err()
    };
    let failed: Vec<_> = paths.iter().filter(fails).collect();
    assert!(failed.is_empty(), "{} of {} inputs: {failed:#?}", failed.len(), paths.len());
}

#[test]
fn decoder_holds_for_its_corpus() {
    replay("decoder", decoder::check);
}

#[test]
fn editor_holds_for_its_corpus() {
    replay("editor", editor::check);
}

#[test]
fn proxy_holds_for_its_corpus() {
    replay("proxy", proxy::check);
}

#[test]
fn telnet_holds_for_its_corpus() {
    replay("telnet", telnet::check);
}

#[test]
fn words_hold_for_their_corpus() {
    replay("words", words::check);
}
