//! What those who run a server hold of it while it runs.

use crate::chat::admin_command::{
    AdminCommand, BanCommand, BanInfo, BanOutcome, MuteInfo, RoomInfo, UserInfo,
};
use crate::chat::ban_store::WriteStatus;
use crate::chat::event::Control;
use crate::chat::stats::BrokerStats;
use crate::limits::EVENT_QUEUE;
use crate::os::process_stats::ProcessFiles;
use crate::protocol::nick::Nick;
use crate::protocol::room_name::RoomName;
use crate::server::config::Config;
use crate::server::oper_secret::Secret;
use crate::server::rate_limit::Allowance;
use crate::server::shared::House;
use std::io;
use std::sync::Arc;
use whippet::sync::oneshot;

/// A way into a running server for those who run it. Clones are of the same server.
#[derive(Clone, Debug)]
pub struct Office {
    /// The server.
    house: Arc<House>,
    /// What its broker publishes.
    stats: Arc<BrokerStats>,
    /// Where it is seen that bans are written, if they are kept.
    write_status: Option<WriteStatus>,
}

impl Office {
    /// Of this server.
    pub(crate) fn new(
        house: Arc<House>,
        stats: Arc<BrokerStats>,
        write_status: Option<WriteStatus>,
    ) -> Self {
        Self { house, stats, write_status }
    }

    /// Takes over what of these settings a running server can take over; see
    /// [`Reload::Live`](crate::settings::Reload::Live).
    ///
    /// # Errors
    /// A trusted proxy is no range of addresses: nothing is taken over.
    pub(crate) fn turn(&self, config: &Config, secret: Option<Secret>) -> io::Result<()> {
        self.house.dials.turn(config, secret, config.proxy_ranges()?);
        let (lines, now) = (self.house.dials.speech(), whippet::time::Instant::now());
        self.house.places.limit_addresses(config.per_address, lines, now.into_std());
        Ok(())
    }

    /// What the broker has published.
    pub fn stats(&self) -> &BrokerStats {
        &self.stats
    }

    /// Waits for the broker to answer; whether it does.
    pub async fn ping(&self) -> bool {
        let (answer, answered) = oneshot::channel();
        self.house.control.send(Control::Ping { answer }).await.is_ok() && answered.await.is_ok()
    }

    /// Everybody who is here, by name; `None` if the broker is gone.
    pub(crate) async fn who(&self) -> Option<Vec<UserInfo>> {
        self.order(|answer| AdminCommand::Who { answer }).await
    }

    /// Ends somebody's connection; what he is called, if he was here.
    pub(crate) async fn kick(&self, nick: String, reason: String) -> Option<Option<Nick>> {
        self.order(|answer| AdminCommand::Kick { nick, reason, answer }).await
    }

    /// The rooms, by name.
    pub(crate) async fn rooms(&self) -> Option<Vec<RoomInfo>> {
        self.order(|answer| AdminCommand::Rooms { answer }).await
    }

    /// Takes a room away; what it is called and how many were in it, or why it stays.
    pub(crate) async fn close_room(
        &self,
        name: String,
        reason: String,
    ) -> Option<Result<(RoomName, usize), String>> {
        self.order(|answer| AdminCommand::Close { name, reason, answer }).await
    }

    /// Mutes somebody, as it was typed; what came of it in words, or why not.
    pub(crate) async fn mute(&self, typed: String) -> Option<Result<String, String>> {
        self.order(|answer| AdminCommand::Mute { typed, answer }).await
    }

    /// Ends a mute; whose, or why not.
    pub(crate) async fn unmute(&self, nick: String) -> Option<Result<Nick, String>> {
        self.order(|answer| AdminCommand::Unmute { nick, answer }).await
    }

    /// Who is muted.
    pub(crate) async fn mutes(&self) -> Option<Vec<MuteInfo>> {
        self.order(|answer| AdminCommand::Mutes { answer }).await
    }

    /// Who is banned.
    pub(crate) async fn bans(&self) -> Option<Vec<BanInfo>> {
        self.order(|answer| AdminCommand::Bans { answer }).await
    }

    /// Changes the bans, and waits until they are kept; what came of it in words, or why not.
    pub(crate) async fn moderate(&self, command: BanCommand) -> Option<Result<String, String>> {
        let outcome = self.order(|answer| AdminCommand::ChangeBans { command, answer }).await?;
        let (Ok(BanOutcome { message, version: Some(version) }), Some(write_status)) =
            (&outcome, &self.write_status)
        else {
            return Some(outcome.map(|outcome| outcome.message));
        };
        match write_status.clone().wait_for(*version).await {
            None => Some(Ok(message.clone())),
            Some(reason) => Some(Err(format!(
                "{message}; but it cannot be written, so a restart forgets it: {reason}"
            ))),
        }
    }

    /// Tells everybody something; how many they are.
    pub(crate) async fn say(&self, text: String) -> Option<usize> {
        self.order(|answer| AdminCommand::Say { text, answer }).await
    }

    /// Gives the broker an order and waits for its answer.
    async fn order<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> AdminCommand) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.house.control.send(Control::Admin(order(answer))).await.ok()?;
        answered.await.ok()
    }

    /// Whether the server is stopping.
    pub fn is_stopping(&self) -> bool {
        self.house.stopping.is_cancelled()
    }

    /// What can be read of the process that the server runs in.
    pub(crate) fn process(&self) -> Option<&ProcessFiles> {
        self.house.process.as_deref()
    }

    /// What was set at the start.
    pub(crate) fn config(&self) -> &Config {
        &self.house.config
    }

    /// How many connections an address may have by now, if that is limited.
    pub(crate) fn per_address(&self) -> Option<usize> {
        self.house.places.per_address()
    }

    /// How many rooms an address may have made by now, if that is limited.
    pub(crate) fn rooms_of_address(&self) -> Option<usize> {
        self.house.dials.room_limit().get()
    }

    /// How fast a person may speak by now, if that is limited.
    pub(crate) fn speech(&self) -> Option<Allowance> {
        self.house.dials.speech().map(|rate| rate.connection)
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.house.places.taken()
    }

    /// How many connections were turned away: because all places were taken, because those of their address were, because
    /// it connects too often, and because a proxy did not say who they are.
    pub fn turned_away(&self) -> [u64; 4] {
        self.house.places.turned_away()
    }

    /// How many events with lines are on their way to the broker or in its hands, and how many joins and the like.
    pub fn queued(&self) -> (usize, usize) {
        let events = EVENT_QUEUE.saturating_sub(self.house.intake.places().available_permits());
        let control = &self.house.control;
        (events, control.max_capacity() - control.capacity())
    }
}
