//! The ledger of one client: that every line of every other sender arrives exactly once and in order.
//!
//! The usual case costs one comparison: the next number of that sender is the one that came. A line that comes too early
//! leaves a gap; a gap filled later is a line out of order, one still open at the end is a line missing.

use std::collections::BTreeSet;

/// How many faults a client keeps in detail; all are counted.
const MAX_DETAILS: usize = 32;
/// How many missing lines a ledger keeps one by one. A client that misses more is beyond repair, and what it misses
/// after that is counted as missing at once.
const MAX_GAPS: usize = 1 << 16;

/// What can be wrong with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// It never came.
    Missing,
    /// It came more than once.
    Doubled,
    /// It came after a later one of its sender.
    OutOfOrder,
    /// It came back to its own sender.
    Echoed,
    /// It bears the run's tag, and its content is not what was sent.
    Garbled,
    /// It bears the run's tag, and a sender or number that was never used.
    Unsent,
}

impl Fault {
    /// All of them, in the order in which they are reported.
    pub(crate) const ALL: [Self; 6] =
        [Self::Missing, Self::Doubled, Self::OutOfOrder, Self::Echoed, Self::Garbled, Self::Unsent];

    /// Its name in a report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Doubled => "doubled",
            Self::OutOfOrder => "out of order",
            Self::Echoed => "echoed",
            Self::Garbled => "garbled",
            Self::Unsent => "never sent",
        }
    }
}

/// Neighbouring lines of one sender with the same fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Detail {
    /// What is wrong.
    pub(crate) fault: Fault,
    /// Their sender; `None` where the line is too garbled to name it.
    pub(crate) sender: Option<u32>,
    /// The number of the first of them.
    pub(crate) first: u32,
    /// How many they are.
    pub(crate) count: u32,
}

/// What one client received, line by line.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// For each sender the number that must come next.
    next: Vec<u32>,
    /// How many lines each sender sends.
    messages: u32,
    /// The client's own index among the senders, if it is one.
    own: Option<u32>,
    /// Deliveries that came for the first time.
    delivered: u64,
    /// Lines skipped so far, by sender and number.
    gaps: BTreeSet<(u32, u32)>,
    /// How often each fault occurred, in the order of [`Fault::ALL`].
    faults: [u64; Fault::ALL.len()],
    /// The first faults in detail.
    details: Vec<Detail>,
}

impl Ledger {
    /// An empty ledger of a client that is the sender `own`, or none; each of the `senders` sends `messages`.
    pub(crate) fn new(senders: u32, messages: u32, own: Option<u32>) -> Self {
        Self {
            next: vec![0; senders as usize],
            messages,
            own,
            delivered: 0,
            gaps: BTreeSet::new(),
            faults: [0; Fault::ALL.len()],
            details: Vec::new(),
        }
    }

    /// Records a line. Returns whether it is a delivery, and not one too many.
    #[inline]
    pub(crate) fn record(&mut self, sender: u32, sequence: u32) -> bool {
        match self.next.get_mut(sender as usize) {
            Some(next)
                if *next == sequence && sequence < self.messages && self.own != Some(sender) =>
            {
                *next += 1;
                self.delivered += 1;
                true
            }
            _ => self.record_unexpected(sender, sequence),
        }
    }

    /// Records a line that bears the run's tag and cannot be read.
    pub(crate) fn record_garbled(&mut self) {
        self.count(Fault::Garbled, None, 0, 1);
    }

    /// How many deliveries there are to come in all.
    fn expected(&self) -> u64 {
        let others = self.next.len() - usize::from(self.own.is_some());
        others as u64 * u64::from(self.messages)
    }

    /// Whether everything has arrived.
    pub(crate) fn is_complete(&self) -> bool {
        self.delivered == self.expected()
    }

    /// Records a line that is not the next one of its sender.
    #[cold]
    fn record_unexpected(&mut self, sender: u32, sequence: u32) -> bool {
        let fault = match self.next.get(sender as usize) {
            Some(_) if sequence >= self.messages => Fault::Unsent,
            Some(_) if self.own == Some(sender) => Fault::Echoed,
            Some(&next) if sequence > next => {
                self.note_gap(sender, next..sequence);
                self.next[sender as usize] = sequence + 1;
                self.delivered += 1;
                return true;
            }
            Some(_) if self.gaps.remove(&(sender, sequence)) => Fault::OutOfOrder,
            Some(_) => Fault::Doubled,
            None => Fault::Unsent,
        };
        self.count(fault, Some(sender), sequence, 1);
        let delivered = fault == Fault::OutOfOrder;
        self.delivered += u64::from(delivered);
        delivered
    }

    /// Keeps the numbers of lines that were skipped: they may still come.
    fn note_gap(&mut self, sender: u32, sequences: std::ops::Range<u32>) {
        for sequence in sequences {
            if self.gaps.len() < MAX_GAPS {
                self.gaps.insert((sender, sequence));
            } else {
                self.count(Fault::Missing, Some(sender), sequence, 1);
            }
        }
    }

    /// Counts a fault of `count` lines in a row, and keeps it in detail while there is space.
    fn count(&mut self, fault: Fault, sender: Option<u32>, first: u32, count: u32) {
        self.faults[fault as usize] += u64::from(count);
        let has_space = self.details.len() < MAX_DETAILS;
        match self.details.last_mut() {
            Some(last)
                if (last.fault, last.sender) == (fault, sender)
                    && (sender.is_none() || last.first + last.count == first) =>
            {
                last.count += count;
            }
            _ if has_space => self.details.push(Detail { fault, sender, first, count }),
            _ => {}
        }
    }

    /// Closes the ledger: with `all` whatever has not come is missing; without, only what was skipped is
    /// (for a client that was disconnected, or never read to the end).
    pub(crate) fn close(mut self, all: bool) -> Findings {
        for (sender, sequence) in std::mem::take(&mut self.gaps) {
            self.count(Fault::Missing, Some(sender), sequence, 1);
        }
        for sender in 0..self.next.len() as u32 {
            let came = self.next[sender as usize];
            if all && self.own != Some(sender) && came < self.messages {
                self.count(Fault::Missing, Some(sender), came, self.messages - came);
            }
        }
        Findings {
            delivered: self.delivered,
            complete: self.is_complete(),
            faults: self.faults,
            details: self.details,
        }
    }
}

/// What a closed ledger found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    /// Deliveries that came, each counted once.
    pub(crate) delivered: u64,
    /// Whether everything came.
    pub(crate) complete: bool,
    /// How often each fault occurred, in the order of [`Fault::ALL`].
    pub(crate) faults: [u64; Fault::ALL.len()],
    /// The first faults in detail.
    pub(crate) details: Vec<Detail>,
}

impl Findings {
    /// Whether nothing is wrong.
    pub(crate) fn is_clean(&self) -> bool {
        self.faults == [0; Fault::ALL.len()]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The findings of a client that sends nothing itself, given the lines that arrived.
    fn findings(senders: u32, messages: u32, arrived: &[(u32, u32)]) -> Findings {
        let mut ledger = Ledger::new(senders, messages, None);
        for &(sender, sequence) in arrived {
            ledger.record(sender, sequence);
        }
        ledger.close(true)
    }

    fn count(findings: &Findings, fault: Fault) -> u64 {
        findings.faults[fault as usize]
    }

    #[test]
    fn all_in_order_is_clean() {
        let mut ledger = Ledger::new(3, 2, Some(1));
        assert_eq!(ledger.expected(), 4);
        for (sender, sequence) in [(0, 0), (2, 0), (0, 1), (2, 1)] {
            assert!(!ledger.is_complete());
            assert!(ledger.record(sender, sequence));
        }
        assert!(ledger.is_complete());
        assert!(ledger.close(true).is_clean());
    }

    #[test]
    fn a_missing_line_is_named() {
        let found = findings(1, 5, &[(0, 0), (0, 1), (0, 3)]);
        assert_eq!(found.delivered, 3);
        assert_eq!(count(&found, Fault::Missing), 2);
        let missing = |first| Detail { fault: Fault::Missing, sender: Some(0), first, count: 1 };
        assert_eq!(found.details, [missing(2), missing(4)]);
    }

    #[test]
    fn a_sender_not_received_at_all_is_one_detail() {
        let found = findings(2, 1_000, &[]);
        assert_eq!(count(&found, Fault::Missing), 2_000);
        let missing = |sender| Detail { fault: Fault::Missing, sender, first: 0, count: 1_000 };
        assert_eq!(found.details, [missing(Some(0)), missing(Some(1))]);
    }

    #[test]
    fn doubled_out_of_order_echoed_and_unsent_are_told_apart() {
        let found = findings(1, 3, &[(0, 0), (0, 0), (0, 1), (0, 2)]);
        assert_eq!(found.details[0].fault, Fault::Doubled);
        let found = findings(1, 3, &[(0, 1), (0, 0), (0, 2)]);
        assert_eq!(found.details[0].fault, Fault::OutOfOrder);
        assert_eq!((found.delivered, count(&found, Fault::Missing)), (3, 0));
        let found = findings(1, 1, &[(0, 0), (0, 7), (9, 0)]);
        assert_eq!(count(&found, Fault::Unsent), 2);
        let mut ledger = Ledger::new(2, 1, Some(0));
        assert!(!ledger.record(0, 0));
        assert!(ledger.record(1, 0));
        assert_eq!(count(&ledger.close(true), Fault::Echoed), 1);
    }

    #[test]
    fn a_disconnected_client_misses_only_what_was_skipped() {
        let mut ledger = Ledger::new(1, 100, None);
        for sequence in [0, 1, 3] {
            ledger.record(0, sequence);
        }
        assert_eq!(count(&ledger.close(false), Fault::Missing), 1);
    }

    #[test]
    fn gaps_and_details_are_bounded() {
        let mut ledger = Ledger::new(1, u32::MAX, None);
        assert!(ledger.record(0, 3 * MAX_GAPS as u32));
        assert!(ledger.gaps.len() <= MAX_GAPS);
        assert_eq!(count(&ledger.close(false), Fault::Missing), 3 * MAX_GAPS as u64);
        let found = findings(1, 10_000, &(0..5_000).map(|n| (0, 2 * n)).collect::<Vec<_>>());
        assert_eq!(found.details.len(), MAX_DETAILS);
        assert_eq!(count(&found, Fault::Missing), 5_000);
    }

    proptest! {
        /// One fault put into an orderly run is found, and nothing else is.
        #[test]
        fn one_fault_is_found(
            order in Just((0..4u32).flat_map(|s| [s; 6]).collect::<Vec<_>>()).prop_shuffle(),
            index in 0usize..24, kind in 0..3,
        ) {
            let mut numbers = [0u32; 4];
            let mut arrived: Vec<(u32, u32)> = order
                .iter()
                .map(|&sender| {
                    numbers[sender as usize] += 1;
                    (sender, numbers[sender as usize] - 1)
                })
                .collect();
            prop_assert!(findings(4, 6, &arrived).is_clean());
            let fault = match kind {
                0 => {
                    arrived.remove(index);
                    Fault::Missing
                }
                1 => {
                    arrived.insert(index, arrived[index]);
                    Fault::Doubled
                }
                _ => {
                    let (sender, sequence) = arrived[index];
                    let later = arrived.iter().position(|&line| line == (sender, sequence + 1));
                    let Some(later) = later else { return Ok(()) };
                    arrived.swap(index, later);
                    Fault::OutOfOrder
                }
            };
            let found = findings(4, 6, &arrived);
            for other in Fault::ALL {
                prop_assert_eq!(count(&found, other), u64::from(other == fault), "{:?}", other);
            }
        }
    }
}
