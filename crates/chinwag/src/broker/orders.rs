//! What those who run the server order.

use super::Broker;
use crate::account::Cut;
use crate::line::Line;
use crate::order::{Order, Present};
use crate::text::quoted;

impl Broker {
    /// Does what was ordered. Whoever does not wait for the answer any more need not have it.
    pub(super) fn handle_order(&mut self, order: Order) {
        match order {
            Order::Who { answer } => drop(answer.send(self.everybody())),
            Order::Kick { nick, answer } => drop(answer.send(self.kick(&nick))),
            Order::Moderate { act, answer } => drop(answer.send(self.act(&act, None))),
            Order::Unkept { reason } => self.tell_unkept(&reason),
            Order::Say { text, answer } => drop(answer.send(self.say_to_everybody(&text))),
        }
    }

    /// Everybody, by name.
    fn everybody(&self) -> Vec<Present> {
        let present = |member: &crate::member::Member| Present {
            nick: member.nick.to_string(),
            address: member.address,
            rooms: member.memberships().count(),
            owed: member.balance().owed(),
        };
        self.roster.by_name().map(present).collect()
    }

    /// Ends somebody's connection; says whether he was here.
    fn kick(&mut self, nick: &str) -> bool {
        let Some(slot) = self.find(nick) else { return false };
        let Some(slot) = self.settle(slot) else { return true };
        self.metrics.cut_kicked += 1;
        self.cut(slot, Cut::Kicked);
        true
    }

    /// Tells everybody something; says how many they are.
    fn say_to_everybody(&mut self, text: &str) -> usize {
        // Everybody gets something of their own, and with it all that was said in this round.
        self.flush(self.now);
        let ids: Vec<_> = self.roster.by_name().map(|member| member.id).collect();
        let words = format!("the operator says: {}", quoted(text));
        for &id in &ids {
            if let Some(slot) = self.roster.slot(id) {
                self.tell(slot, Line::Answer(&words));
            }
        }
        ids.len()
    }
}
