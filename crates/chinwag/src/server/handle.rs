//! Control of a running server: for its metrics, the admin socket, a reload.

use crate::chat::admin_command::{
    AdminCommand, BanCommand, BanInfo, BanOutcome, RoomInfo, UserInfo,
};
use crate::chat::ban_store::WriteStatus;
use crate::chat::event::Control;
use crate::chat::moderation_error::ModerationError;
use crate::chat::mutes::MuteInfo;
use crate::chat::stats::BrokerStats;
use crate::limits::EVENT_QUEUE;
use crate::os::clock::now;
use crate::os::process_stats::ProcessFiles;
use crate::protocol::nick::Nick;
use crate::protocol::room_name::RoomName;
use crate::server::config::Config;
use crate::server::oper_secret::OperSecret;
use crate::server::rate_limit::RateLimit;
use crate::server::shared::Shared;
use std::fmt;
use std::io;
use std::sync::Arc;
use whippet::sync::oneshot;

/// Why a change of the bans does not last, or was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BanChangeError {
    /// The broker refused it.
    Refused(ModerationError),
    /// It is in force, and a restart forgets it.
    NotStored {
        /// The outcome in a sentence.
        message: String,
        /// Why it could not be written.
        reason: Arc<str>,
    },
}

impl fmt::Display for BanChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::NotStored { message, reason } => {
                write!(f, "{message}; but it cannot be written, so a restart forgets it: {reason}")
            }
        }
    }
}

/// A handle of a running server. Clones are of the same server.
#[derive(Clone, Debug)]
pub struct ServerHandle {
    /// The server.
    shared: Arc<Shared>,
    /// The statistics of its broker.
    stats: Arc<BrokerStats>,
    /// Where it is seen that bans are stored, if they are kept.
    write_status: Option<WriteStatus>,
}

impl ServerHandle {
    /// Of this server.
    pub(crate) fn new(
        shared: Arc<Shared>,
        stats: Arc<BrokerStats>,
        write_status: Option<WriteStatus>,
    ) -> Self {
        Self { shared, stats, write_status }
    }

    /// Applies those of these settings that can be applied to a running server; see
    /// [`Reload::Live`](crate::settings::Reload::Live).
    ///
    /// # Errors
    /// A trusted proxy is no range of addresses: nothing is taken over.
    pub(crate) fn reload(&self, config: &Config, secret: Option<OperSecret>) -> io::Result<()> {
        self.shared.live.update(config, secret, config.proxy_ranges()?);
        let lines = self.shared.live.rate_limit();
        self.shared.limiter.set_per_address(config.max_per_address, lines, now());
        Ok(())
    }

    /// The statistics of the broker.
    pub(crate) fn stats(&self) -> &BrokerStats {
        &self.stats
    }

    /// Waits for the broker to answer; returns whether it does.
    pub async fn ping(&self) -> bool {
        let (answer, answered) = oneshot::channel();
        self.shared.control.send(Control::Ping { answer }).await.is_ok() && answered.await.is_ok()
    }

    /// All users, by name; `None` if the broker is gone.
    pub(crate) async fn who(&self) -> Option<Vec<UserInfo>> {
        self.request(|answer| AdminCommand::Who { answer }).await
    }

    /// Disconnects a user; the nick, if there is such a user.
    pub(crate) async fn kick(&self, nick: String, reason: String) -> Option<Option<Nick>> {
        self.request(|answer| AdminCommand::Kick { nick, reason, answer }).await
    }

    /// The rooms, by name.
    pub(crate) async fn rooms(&self) -> Option<Vec<RoomInfo>> {
        self.request(|answer| AdminCommand::Rooms { answer }).await
    }

    /// Closes a room; its name and how many were in it, or why it stays.
    pub(crate) async fn close_room(
        &self,
        name: String,
        reason: String,
    ) -> Option<Result<(RoomName, usize), ModerationError>> {
        self.request(|answer| AdminCommand::Close { name, reason, answer }).await
    }

    /// Mutes a user, as it was typed; the outcome in a sentence, or why not.
    pub(crate) async fn mute(&self, typed: String) -> Option<Result<String, ModerationError>> {
        self.request(|answer| AdminCommand::Mute { typed, answer }).await
    }

    /// Ends a mute; whose, or why not.
    pub(crate) async fn unmute(&self, nick: String) -> Option<Result<Nick, ModerationError>> {
        self.request(|answer| AdminCommand::Unmute { nick, answer }).await
    }

    /// Who is muted.
    pub(crate) async fn mutes(&self) -> Option<Vec<MuteInfo>> {
        self.request(|answer| AdminCommand::Mutes { answer }).await
    }

    /// Who is banned.
    pub(crate) async fn bans(&self) -> Option<Vec<BanInfo>> {
        self.request(|answer| AdminCommand::Bans { answer }).await
    }

    /// Changes the bans, and waits until they are stored; the outcome in a sentence, or why not.
    pub(crate) async fn apply_ban_command(
        &self,
        command: BanCommand,
    ) -> Option<Result<String, BanChangeError>> {
        let outcome = self.request(|answer| AdminCommand::ChangeBans { command, answer }).await?;
        let (Ok(BanOutcome { message, version: Some(version) }), Some(write_status)) =
            (&outcome, &self.write_status)
        else {
            return Some(outcome.map(|outcome| outcome.message).map_err(BanChangeError::Refused));
        };
        match write_status.clone().wait_for(*version).await {
            None => Some(Ok(message.clone())),
            Some(reason) => {
                Some(Err(BanChangeError::NotStored { message: message.clone(), reason }))
            }
        }
    }

    /// Sends a notice to all users; how many they are.
    pub(crate) async fn broadcast_notice(&self, text: String) -> Option<usize> {
        self.request(|answer| AdminCommand::Say { text, answer }).await
    }

    /// Sends a command to the broker and waits for its answer.
    async fn request<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<T>) -> AdminCommand,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.shared.control.send(Control::Admin(order(answer))).await.ok()?;
        answered.await.ok()
    }

    /// Whether the server is stopping.
    pub fn is_stopping(&self) -> bool {
        self.shared.stopping.is_cancelled()
    }

    /// What can be read of the process that the server runs in.
    pub(crate) fn process(&self) -> Option<&ProcessFiles> {
        self.shared.process.as_deref()
    }

    /// What was set at the start.
    pub(crate) fn config(&self) -> &Config {
        &self.shared.config
    }

    /// How many connections an address may have by now, if that is limited.
    pub(crate) fn per_address(&self) -> Option<usize> {
        self.shared.limiter.per_address()
    }

    /// How many rooms an address may have made by now, if that is limited.
    pub(crate) fn rooms_per_address(&self) -> Option<usize> {
        self.shared.live.room_limit().get()
    }

    /// How fast a client may send lines by now, if that is limited.
    pub(crate) fn rate_limit(&self) -> Option<RateLimit> {
        self.shared.live.rate_limit().map(|rate| rate.connection)
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.shared.limiter.active()
    }

    /// How many connections were rejected: because the server was full, because their address had too many, because it connected too
    /// often, and because a proxy did not send an address.
    pub fn rejected(&self) -> [u64; 4] {
        self.shared.limiter.rejected()
    }

    /// How many events with lines are on their way to the broker or in its hands, and how many joins and the like.
    pub fn queue_depths(&self) -> (usize, usize) {
        let events =
            EVENT_QUEUE.saturating_sub(self.shared.backpressure.permits().available_permits());
        let control = &self.shared.control;
        (events, control.max_capacity() - control.capacity())
    }
}
