//! Connections that do not answer: whoever wants the nick of one is told, and an operator can end it.

use super::Broker;
use crate::chat::audit::Deed;
use crate::chat::event::ClientId;
use crate::outbound::queue::Cut;
use crate::outbound::side_message::Probe;
use crate::protocol::duration;
use std::time::Duration;

impl Broker {
    /// Has somebody's task find out whether the connection answers, for somebody else, or for an operator who wants it ended
    /// if it does not.
    pub(super) fn probe(&self, of: usize, by: usize, ends: bool) {
        let by = self.roster.member(by).id;
        self.roster.member(of).outlet.probe(Probe { by, ends });
    }

    /// A connection does not answer, which somebody wanted to know: nothing has come from it for so long, and the kernel bears
    /// that for about so long still.
    pub(super) fn handle_unanswered(
        &mut self,
        id: ClientId,
        probe: Probe,
        silence: Duration,
        rest: Duration,
    ) {
        let Some(of) = self.roster.slot(id) else { return };
        let Some(by) = self.roster.slot(probe.by) else { return };
        let nick = self.roster.member(of).nick;
        let silence = duration::words(Duration::from_secs(silence.as_secs()));
        let words = format!("nothing has come from {nick}'s connection for {silence}");
        let operator = self.roster.member(by);
        if probe.ends && operator.is_operator() {
            // What was said before is read by those who stay.
            let Some(of) = self.settle(of) else { return };
            let Some(by) = self.roster.slot(probe.by) else { return };
            let operator = self.roster.member(by);
            let (operator, from) = (operator.nick.to_string(), operator.address.to_string());
            let words = format!("{words}, and it was ended");
            let (operator, from, whom) = (&*operator, &*from, nick.as_str());
            let (reason, outcome) = ("the connection does not answer", Ok(&*words));
            Deed { operator, from, act: "/kick", whom, reason, outcome }.record();
            self.metrics.cut_kicked += 1;
            self.cut(of, Cut::Lost);
            self.answer(by, &words);
            return;
        }
        let rest = duration::words(Duration::from_secs(rest.as_secs().max(1)));
        let words = format!(
            "{words}, and it is ended in about {rest}, or by an operator (/kick {nick}): ask again then"
        );
        self.refuse(by, &words);
    }
}
