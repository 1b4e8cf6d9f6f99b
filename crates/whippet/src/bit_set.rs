//! A set of small numbers, a bit each, that finds its lowest.

/// Numbers in a word.
const WORD: usize = 64;

/// A set of numbers from 0 on; as much memory as its highest number ever needed, an eighth of a byte each.
#[derive(Debug, Default)]
pub(crate) struct BitSet(Vec<u64>);

impl BitSet {
    /// No number, no memory.
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Puts a number in.
    #[inline]
    pub(crate) fn insert(&mut self, number: usize) {
        if number / WORD >= self.0.len() {
            self.0.resize(number / WORD + 1, 0);
        }
        self.0[number / WORD] |= 1 << (number % WORD);
    }

    /// Takes a number out.
    #[inline]
    pub(crate) fn remove(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / WORD) {
            *word &= !(1 << (number % WORD));
        }
    }

    /// The lowest number.
    #[inline]
    pub(crate) fn first(&self) -> Option<usize> {
        let word = self.0.iter().position(|word| *word != 0)?;
        Some(word * WORD + self.0[word].trailing_zeros() as usize)
    }

    /// Takes all numbers from `end` on out, and gives their memory back.
    pub(crate) fn truncate(&mut self, end: usize) {
        self.0.truncate(end.div_ceil(WORD));
        self.0.shrink_to_fit();
        if !end.is_multiple_of(WORD)
            && let Some(word) = self.0.get_mut(end / WORD)
        {
            *word &= (1 << (end % WORD)) - 1;
        }
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::BitSet;
    use std::collections::BTreeSet;

    #[test]
    fn a_random_run_goes_as_a_plain_set_does() {
        let mut random = fastrand::Rng::with_seed(3);
        let (mut bits, mut set) = (BitSet::new(), BTreeSet::new());
        for _ in 0..20_000 {
            let number = random.usize(..300);
            match random.u8(..20) {
                0 => {
                    bits.truncate(number);
                    set.split_off(&number);
                    assert!(bits.0.capacity() <= number.div_ceil(64));
                }
                1..8 => {
                    bits.insert(number);
                    set.insert(number);
                }
                _ => {
                    bits.remove(number);
                    set.remove(&number);
                }
            }
            assert_eq!(bits.first(), set.first().copied());
        }
    }
}
