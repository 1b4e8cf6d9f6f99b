//! What those who run a server hold of it while it runs.

use crate::config::Config;
use crate::house::House;
use std::sync::Arc;

/// A way into a running server for those who run it. Clones are of the same server.
#[derive(Clone, Debug)]
pub struct Office {
    /// The server.
    house: Arc<House>,
}

impl Office {
    /// Of this server.
    pub(crate) fn new(house: Arc<House>) -> Self {
        Self { house }
    }

    /// Takes over what of these settings a running server can take over; see
    /// [`Reload::Live`](crate::settings::Reload::Live).
    pub fn turn(&self, config: &Config) {
        self.house.dials.turn(config);
        self.house.places.limit_addresses(config.per_address);
    }
}
