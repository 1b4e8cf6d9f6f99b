//! Any bytes in any chunks give the same lines as all at once, within the limits.
#![no_main]

use chinwag::codec::{Decoded, Decoder};
use chinwag::limits::LINE;
use libfuzzer_sys::fuzz_target;
use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Instant;

/// One moment for all: the decoder only passes it on.
static NOW: LazyLock<Instant> = LazyLock::new(Instant::now);

fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Decoded<'static>> {
    let mut decoder = Decoder::default();
    let mut all = Vec::new();
    for chunk in chunks {
        let mut lines = decoder.lines(chunk, *NOW);
        loop {
            let longest = lines.longest_next();
            let Some(decoded) = lines.next() else { break };
            let owned = owned(decoded);
            if let Decoded::Line(line) = &owned {
                assert!(line.len() <= longest && line.len() <= 3 * LINE);
                assert!(!line.contains(['\n', '\r']));
            }
            all.push(owned);
        }
    }
    all.extend(decoder.finish());
    all
}

fn owned(decoded: Decoded<'_>) -> Decoded<'static> {
    match decoded {
        Decoded::Line(line) => Decoded::Line(Cow::Owned(line.into_owned())),
        Decoded::TooLong => Decoded::TooLong,
        Decoded::NotUtf8 => Decoded::NotUtf8,
        Decoded::Foreign(foreign) => Decoded::Foreign(foreign),
    }
}

// The first byte says how large the chunks are.
fuzz_target!(|data: &[u8]| {
    let Some((&size, bytes)) = data.split_first() else { return };
    assert_eq!(decode(bytes.chunks(usize::from(size).max(1))), decode([bytes]));
});
