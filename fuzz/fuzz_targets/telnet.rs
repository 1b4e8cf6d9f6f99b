//! What is left once telnet's commands are out does not depend on how the bytes were split.
#![no_main]

use chinwag::telnet::{Filter, IAC, Piece};
use libfuzzer_sys::fuzz_target;

fn filter<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, usize) {
    let mut filter = Filter::default();
    let (mut text, mut abandoned) = (Vec::new(), 0);
    for mut chunk in chunks {
        while let Some(piece) = filter.next(&mut chunk) {
            match piece {
                Piece::Data(data) => {
                    assert!(!data.is_empty() && !data.contains(&IAC));
                    text.extend_from_slice(data);
                }
                Piece::Escaped => text.push(IAC),
                Piece::Abandoned => abandoned += 1,
            }
        }
        assert!(chunk.is_empty());
    }
    (text, abandoned)
}

// The first byte says how large the chunks are.
fuzz_target!(|data: &[u8]| {
    let Some((&size, bytes)) = data.split_first() else { return };
    assert_eq!(filter(bytes.chunks(usize::from(size).max(1))), filter([bytes]));
});
