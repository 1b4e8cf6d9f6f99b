//! How many descriptors this process may have, and what that leaves for connections.

use crate::limits::{MAX_FDS, RESERVED_FDS};
use crate::settings::Settings;
use rustix::process::{Resource, getrlimit, setrlimit};
use std::fmt;

/// What the limit of descriptors allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FdLimit {
    /// Connections that fit.
    pub max_connections: usize,
    /// Descriptors in all.
    descriptors: usize,
}

/// Raises the soft limit of descriptors to the hard one, and says how many connections fit.
pub(crate) fn raise() -> FdLimit {
    let mut limit = getrlimit(Resource::Nofile);
    let soft = limit.current;
    limit.current = limit.maximum;
    // A refusal leaves the soft limit as it was, which is a number to go by, too.
    let reached = if setrlimit(Resource::Nofile, limit).is_ok() { limit.maximum } else { soft };
    // Without a limit it is that of the runtime.
    let reached = reached.and_then(|reached| usize::try_from(reached).ok());
    let descriptors = reached.map_or(MAX_FDS, |reached| reached.min(MAX_FDS));
    FdLimit { max_connections: less_reserved(descriptors), descriptors }
}

impl FdLimit {
    /// Checks that as many connections are possible as the settings want.
    ///
    /// # Errors
    /// They want more.
    pub(crate) fn check(self, settings: &Settings) -> Result<(), TooManyConnections> {
        let max_connections = self.max_connections;
        match settings.max_connections.0 {
            Some(wanted) if wanted > max_connections => {
                Err(TooManyConnections { wanted, limit: self })
            }
            _ => Ok(()),
        }
    }
}

/// The settings want more connections than descriptors allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyConnections {
    /// The connections that the settings want.
    wanted: usize,
    /// What is possible.
    limit: FdLimit,
}

impl fmt::Display for TooManyConnections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, limit: FdLimit { max_connections, descriptors } } = self;
        write!(
            f,
            "{wanted} are more than the {max_connections} that a limit of {descriptors} descriptors allows; \
             raise it (ulimit -n, or LimitNOFILE= in a unit), or give at most {max_connections}, or \"auto\""
        )
    }
}

/// What is left of so many descriptors once some are kept back.
fn less_reserved(descriptors: usize) -> usize {
    descriptors - RESERVED_FDS.min(descriptors / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::value::Auto;

    #[test]
    fn some_descriptors_are_kept_back() {
        assert_eq!(less_reserved(1024), 992);
        assert_eq!(less_reserved(20_000), 19_968);
        assert_eq!(less_reserved(40), 30);
        assert_eq!(less_reserved(0), 0);
    }

    #[test]
    fn more_connections_than_descriptors_are_refused_in_a_sentence() {
        let possible = FdLimit { max_connections: 992, descriptors: 1024 };
        let told = |wanted| {
            let max_connections = Auto(wanted);
            possible.check(&Settings { max_connections, ..Settings::default() })
        };
        assert_eq!((told(None), told(Some(0)), told(Some(992))), (Ok(()), Ok(()), Ok(())));
        for wanted in [993, usize::MAX >> 3, usize::MAX] {
            let words = told(Some(wanted)).unwrap_err().to_string();
            assert!(words.starts_with(&format!("{wanted} are more than the 992 that")), "{words}");
        }
    }
}
