//! Connections that do not answer: the user who wants the nick of one is told, and an operator can end it.

use super::Broker;
use crate::chat::audit::AuditRecord;
use crate::chat::event::ClientId;
use crate::chat::user_slot::UserSlot;
use crate::outbound::disconnect_reason::DisconnectReason;
use crate::outbound::side_message::Probe;
use crate::protocol::duration;
use std::time::Duration;

impl Broker {
    /// Has a user's task find out whether the connection answers, for another user, or for an operator who wants it ended
    /// if it does not.
    pub(super) fn probe(&self, of: UserSlot, by: UserSlot, ends: bool) {
        let by = self.users.user(by).id;
        self.users.user(of).sender.request_probe(Probe { requester: by, disconnects: ends });
    }

    /// A connection does not answer, which a user wanted to know: nothing has come from it for so long, and the kernel bears
    /// that for about so long still.
    pub(super) fn handle_unresponsive(
        &mut self,
        id: ClientId,
        probe: Probe,
        silence: Duration,
        rest: Duration,
    ) {
        let Some(of) = self.users.slot_of(id) else { return };
        let Some(by) = self.users.slot_of(probe.requester) else { return };
        let nick = self.users.user(of).nick;
        let silence = duration::format(Duration::from_secs(silence.as_secs()));
        let words = format!("nothing has come from {nick}'s connection for {silence}");
        let operator = self.users.user(by);
        if probe.disconnects && operator.is_operator() {
            // What was said before is read by those who stay.
            let Some(of) = self.flush_before_change(of) else { return };
            let Some(by) = self.users.slot_of(probe.requester) else { return };
            let operator = self.users.user(by);
            let (operator, from) = (operator.nick.to_string(), operator.address.to_string());
            let words = format!("{words}, and it was ended");
            let (operator, from, target) = (&*operator, &*from, nick.as_str());
            let (reason, outcome) = ("the connection does not answer", Ok(&*words));
            AuditRecord { operator, from, action: "/kick", target, reason, outcome }.record();
            self.metrics.disconnects_kicked += 1;
            self.disconnect(of, DisconnectReason::Unresponsive);
            self.reply(by, &words);
            return;
        }
        let rest = duration::format(Duration::from_secs(rest.as_secs().max(1)));
        let words = format!(
            "{words}, and it is ended in about {rest}, or by an operator (/kick {nick}): ask again then"
        );
        self.reply_error(by, &words);
    }
}
