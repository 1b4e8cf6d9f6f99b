//! Bytes into lines, without a copy for a line that arrives whole.

/// The longest line that is parsed; of a longer one (no line of a run is) nothing is kept.
const MAX_LINE: usize = 128 * 1024;

/// Cuts what a socket gives into lines, and keeps the one that is not finished.
#[derive(Debug, Default)]
pub(crate) struct LineSplitter {
    /// The beginning of the line whose end has not arrived. Its memory stays for the next one.
    partial: Vec<u8>,
    /// Whether the current line is past [`MAX_LINE`] and is thrown away up to its end.
    skipping: bool,
}

impl LineSplitter {
    /// Hands each line that ends within `bytes` to `each`, without its line feed.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(&[u8])) {
        if self.skipping || !self.partial.is_empty() {
            let Some(end) = memchr::memchr(b'\n', bytes) else { return self.buffer(bytes) };
            if !std::mem::take(&mut self.skipping) {
                self.partial.extend_from_slice(&bytes[..end]);
                each(&self.partial);
            }
            self.partial.clear();
            bytes = &bytes[end + 1..];
        }
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            each(&bytes[start..end]);
            start = end + 1;
        }
        self.buffer(&bytes[start..]);
    }

    /// Buffers bytes that no line end has followed yet.
    fn buffer(&mut self, bytes: &[u8]) {
        if self.skipping || self.partial.len() + bytes.len() > MAX_LINE {
            self.skipping = true;
            self.partial.clear();
        } else {
            self.partial.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(splitter: &mut LineSplitter, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        splitter.feed(bytes, |line| lines.push(line.to_vec()));
        lines
    }

    #[test]
    fn a_line_without_end_is_dropped_and_the_next_one_is_whole() {
        let mut splitter = LineSplitter::default();
        for _ in 0..10 {
            assert!(lines(&mut splitter, &[b'x'; MAX_LINE / 4]).is_empty());
            assert!(splitter.partial.capacity() <= 2 * MAX_LINE);
        }
        assert_eq!(lines(&mut splitter, b"xx\nhello\n"), [b"hello"]);
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_lines(
            bytes in prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..400),
            sizes in prop::collection::vec(1usize..30, 1..20),
        ) {
            let mut wanted: Vec<_> = bytes.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
            wanted.pop();
            let (mut splitter, mut found) = (LineSplitter::default(), Vec::new());
            let (mut rest, mut sizes) = (&bytes[..], sizes.into_iter().cycle());
            while !rest.is_empty() {
                let (chunk, after) = rest.split_at(sizes.next().unwrap().min(rest.len()));
                found.extend(lines(&mut splitter, chunk));
                rest = after;
            }
            prop_assert_eq!(found, wanted);
        }
    }
}
