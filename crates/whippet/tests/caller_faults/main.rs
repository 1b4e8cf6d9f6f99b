//! What callers can do wrong: a panic that comes of an argument or of the place of a call names the caller's line, and the
//! largest and the smallest of each count, size and duration is no surprise.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "what callers bring along is std's, and what a helper of tests cannot make fails the test"
)]

mod extremes;
mod panic_locations;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// What a panic said, and in which file it says it was.
#[derive(Debug)]
struct Fault {
    /// The file.
    file: String,
    /// The message.
    words: String,
}

thread_local! {
    /// The latest panic on this thread.
    static LATEST: Cell<Option<Fault>> = const { Cell::new(None) };
}

/// The panic of `act`, if it panics.
fn fault(act: impl FnOnce()) -> Option<Fault> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let former = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let file = info.location().map_or(String::new(), |at| at.file().to_owned());
            let words = info.payload_as_str().unwrap_or_default().to_owned();
            LATEST.set(Some(Fault { file, words }));
            former(info);
        }));
    });
    LATEST.take();
    catch_unwind(AssertUnwindSafe(act)).err().and_then(|_| LATEST.take())
}

/// Each call panics with these words, and names a line of the file that calls.
macro_rules! panics {
    ($($words:literal: $call:expr;)+) => {{
        let mut complaints = Vec::new();
        $(
            let found = $crate::fault(|| {
                let _outcome = $call;
            });
            let is_right = found
                .as_ref()
                .is_some_and(|fault| fault.file == file!() && fault.words.contains($words));
            if !is_right {
                complaints.push(format!("{}: {found:?}", stringify!($call)));
            }
        )+
        assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    }};
}

/// No call panics.
macro_rules! works {
    ($($call:expr;)+) => {{
        let mut complaints = Vec::new();
        $(
            if let Some(fault) = $crate::fault(|| {
                let _outcome = $call;
            }) {
                complaints.push(format!("{}: {fault:?}", stringify!($call)));
            }
        )+
        assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    }};
}

use {panics, works};
