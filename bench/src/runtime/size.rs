//! How much of a workload is done.

/// Ordinary, or small.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Everything is made small, to see that it works.
    pub is_quick: bool,
}

impl Size {
    /// So many, or a tenth when everything is small.
    pub fn of(self, many: usize) -> usize {
        if self.is_quick { many.div_ceil(10) } else { many }
    }

    /// How often a sample repeats its work, after once for warmth.
    pub fn repeats(self) -> usize {
        if self.is_quick { 1 } else { 3 }
    }
}
