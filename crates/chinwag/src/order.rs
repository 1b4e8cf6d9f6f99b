//! What those who run the server may order the broker to do. Each order has its answer.

use whippet::sync::oneshot;

/// An order.
#[derive(Debug)]
pub enum Order {
    /// Who is here?
    Who {
        /// Everybody, by name.
        answer: oneshot::Sender<Vec<Present>>,
    },
    /// Somebody is to go.
    Kick {
        /// What he is called, as it was typed.
        nick: String,
        /// Whether he was here.
        answer: oneshot::Sender<bool>,
    },
    /// Everybody is to be told something.
    Say {
        /// What.
        text: String,
        /// To how many it goes.
        answer: oneshot::Sender<usize>,
    },
}

/// Somebody who is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// What he is called.
    pub nick: String,
    /// In how many rooms he is.
    pub rooms: usize,
    /// Bytes that he is owed.
    pub owed: u64,
}
