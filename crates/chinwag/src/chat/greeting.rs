//! What new clients read beside the names of those who are here. It can be exchanged while the server runs.

use crate::limits::DEFAULT_WELCOME;
use std::sync::{Arc, Mutex, PoisonError};

/// The texts of one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    /// The greeting, without the nick.
    pub welcome: String,
    /// The message of the day, line by line; may be empty.
    pub motd: String,
}

impl Default for Greeting {
    fn default() -> Self {
        Self { welcome: DEFAULT_WELCOME.to_owned(), motd: String::new() }
    }
}

/// The texts in force: the operator writes, the broker reads at each join.
#[derive(Debug, Default)]
pub(crate) struct LiveGreeting(Mutex<Arc<Greeting>>);

impl LiveGreeting {
    /// These texts.
    pub(crate) fn new(greeting: Greeting) -> Self {
        Self(Mutex::new(Arc::new(greeting)))
    }

    /// What is in force now.
    pub(crate) fn load(&self) -> Arc<Greeting> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts others in their place.
    pub(crate) fn store(&self, greeting: Greeting) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(greeting);
    }
}
