//! What a fuzzer's input means to the targets that take a stream: bytes, and where they are split.
//!
//! Marks stand in the input itself, so that a fuzzer moves a split by moving two bytes. A mark is [`MARK`] and a
//! byte that says what is done here; any other byte is one of the stream.

use crate::limits::MAX_LINE_BYTES;

/// Starts a mark: a control character that means nothing to telnet, lines or text.
pub(super) const MARK: u8 = 0x05;
/// Most runs in one input, so that none takes long.
const RUNS: usize = 4;

/// A stretch of the stream that arrives in one read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How many lines are taken before the rest is left for later.
    pub take: usize,
}

/// The chunks that an input describes. Marks: below 0x40 the stream is split, and so many lines are taken of what came
/// (0: all); below 0x80 the byte before is repeated until the run is about as long as a line may be; any other
/// is two bytes of the stream.
pub(super) fn chunks(input: &[u8]) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut bytes = Vec::with_capacity(input.len());
    let mut runs = 0;
    let mut rest = input;
    while let Some((&first, behind)) = rest.split_first() {
        rest = behind;
        match (first, behind.first().copied()) {
            (MARK, Some(take @ 0..0x40)) => {
                rest = &behind[1..];
                let take = if take == 0 { usize::MAX } else { usize::from(take) };
                chunks.push(Chunk { bytes: std::mem::take(&mut bytes), take });
            }
            (MARK, Some(length @ 0x40..0x80)) => {
                rest = &behind[1..];
                runs += 1;
                if let Some(&last) = bytes.last()
                    && runs <= RUNS
                {
                    let length = MAX_LINE_BYTES - 32 + usize::from(length - 0x40);
                    bytes.resize(bytes.len() + length, last);
                }
            }
            _ => bytes.push(first),
        }
    }
    chunks.push(Chunk { bytes, take: usize::MAX });
    chunks
}

/// The stream as a whole.
pub(super) fn whole(chunks: &[Chunk]) -> Vec<u8> {
    let mut all = Vec::new();
    chunks.iter().for_each(|chunk| all.extend_from_slice(&chunk.bytes));
    all
}
