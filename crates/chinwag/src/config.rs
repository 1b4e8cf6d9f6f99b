//! What can be set about a server.

use crate::intake::Bounds;
use crate::limits;
use crate::speech::Allowance;
use std::time::Duration;

/// The settings of one server. The defaults are those of the documentation, but for the number of connections,
/// which the program takes from its limit of descriptors.
#[derive(Clone, Debug)]
pub struct Config {
    /// Most connections at once.
    pub connections: usize,
    /// Most connections of one address, `None` for any number.
    pub per_address: Option<usize>,
    /// How fast a person may speak, `None` for any speed.
    pub speech: Option<Allowance>,
    /// How long a newcomer is listened to before the welcome.
    pub first_look: Duration,
    /// How long a line may go on past its limit without an end.
    pub overlong: Duration,
    /// What a person may be owed, and for how long.
    pub bounds: Bounds,
    /// How long a graceful stop may take.
    pub grace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connections: 1000,
            per_address: Some(limits::PER_ADDRESS),
            speech: Some(Allowance {
                burst: limits::SPEECH_BURST,
                interval: limits::SPEECH_INTERVAL,
            }),
            first_look: limits::FIRST_LOOK,
            overlong: limits::OVERLONG,
            bounds: Bounds::default(),
            grace: limits::GRACE,
        }
    }
}

impl Config {
    /// Without the limits on what a person may do: for load tests and places where everybody is trusted. What
    /// bounds memory stays.
    #[must_use]
    pub fn without_limits(self) -> Self {
        Self { per_address: None, speech: None, ..self }
    }
}
