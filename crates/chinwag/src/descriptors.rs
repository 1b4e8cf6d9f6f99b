//! How many descriptors this process may have, and what that leaves for connections.

use crate::limits::SPARE_DESCRIPTORS;
use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the soft limit of descriptors to the hard one, and says how many connections fit.
pub fn connections() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    let soft = limit.current;
    limit.current = limit.maximum;
    // A refusal leaves the soft limit as it was, which is a number to go by, too.
    let reached = if setrlimit(Resource::Nofile, limit).is_ok() { limit.maximum } else { soft };
    reached
        .map_or(usize::MAX, |reached| leave_spare(usize::try_from(reached).unwrap_or(usize::MAX)))
}

/// What is left of so many descriptors once some are kept back.
fn leave_spare(descriptors: usize) -> usize {
    descriptors - SPARE_DESCRIPTORS.min(descriptors / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_descriptors_are_kept_back() {
        assert_eq!(leave_spare(1024), 992);
        assert_eq!(leave_spare(20_000), 19_968);
        assert_eq!(leave_spare(40), 30);
        assert_eq!(leave_spare(0), 0);
    }
}
