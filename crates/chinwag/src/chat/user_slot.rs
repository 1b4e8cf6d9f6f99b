//! Where a user stands in the table of users: what rooms and batches refer to them by.

/// The index of a user in [`Users`](crate::chat::users::Users). It is theirs from the join until they have departed and their
/// last part of the batch is delivered; after that another user may have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct UserSlot(u32);

impl UserSlot {
    /// The slot with this index.
    pub(crate) fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).expect("there are far fewer users than a slot can count"))
    }

    /// Its index in the table.
    #[inline]
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}
