//! Why a request through the admin socket was not carried out.

use super::protocol::InvalidRequest;
use crate::chat::broker::NO_TIME;
use crate::chat::moderation_error::ModerationError;
use crate::ops::reload::ReloadError;
use crate::server::handle::BanChangeError;
use std::fmt;

/// Why a request was not carried out; displayed, it is the sentence for the operator.
#[derive(Debug)]
pub(super) enum AdminError {
    /// The peer is neither root nor the server's own user.
    NotAuthorized,
    /// What was sent is no request.
    Invalid(InvalidRequest),
    /// A kick has no duration.
    TimedKick,
    /// No user has this nick, given as it was typed.
    UnknownNick(String),
    /// The broker refused it.
    Moderation(ModerationError),
    /// The bans were not changed, or not stored.
    BanChange(BanChangeError),
    /// The settings were not read again.
    Reload(ReloadError),
    /// The broker does not answer.
    BrokerUnavailable,
    /// The server stops.
    Stopping,
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAuthorized => {
                f.write_str("only root and the user that the server runs as may do that")
            }
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::TimedKick => write!(f, "a kick has {NO_TIME}"),
            Self::UnknownNick(nick) => write!(f, "there is nobody called {nick:?}"),
            Self::Moderation(error) => error.fmt(f),
            Self::BanChange(error) => error.fmt(f),
            Self::Reload(error) => error.fmt(f),
            Self::BrokerUnavailable => f.write_str("the room does not answer"),
            Self::Stopping => f.write_str("the server stops"),
        }
    }
}

impl From<InvalidRequest> for AdminError {
    fn from(invalid: InvalidRequest) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<ModerationError> for AdminError {
    fn from(error: ModerationError) -> Self {
        Self::Moderation(error)
    }
}

impl From<BanChangeError> for AdminError {
    fn from(error: BanChangeError) -> Self {
        Self::BanChange(error)
    }
}

impl From<ReloadError> for AdminError {
    fn from(error: ReloadError) -> Self {
        Self::Reload(error)
    }
}
