//! What those who run the server may order the broker to do. Each order has its answer.

use std::net::IpAddr;
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
    /// The bans are to be changed or told.
    Moderate {
        /// How.
        act: Act,
        /// What came of it.
        answer: oneshot::Sender<Result<Verdict, String>>,
    },
    /// The bans could not be written where a restart finds them.
    Unkept {
        /// Why.
        reason: String,
    },
    /// Everybody is to be told something.
    Say {
        /// What.
        text: String,
        /// To how many it goes.
        answer: oneshot::Sender<usize>,
    },
}

/// What can be done about bans. The words are as they were typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Keep somebody out: whom, for how long if not for good, and why.
    Ban(String),
    /// Let somebody in again.
    Unban(String),
    /// Who is kept out?
    List,
}

/// What came of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// In words.
    pub words: String,
    /// The number of the [page](crate::state_dir) that keeps it, if it is to be kept.
    pub page: Option<u64>,
}

/// Somebody who is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// What he is called.
    pub nick: String,
    /// Where he comes from.
    pub address: IpAddr,
    /// In how many rooms he is.
    pub rooms: usize,
    /// Bytes that he is owed.
    pub owed: u64,
}
