//! Acts of operators who are in the chat, on record (`chat/audit.rs`): what an operator is told of an act is what came of it.

use super::Broker;
use crate::chat::audit::AuditRecord;
use crate::chat::event::ClientId;
use crate::chat::user_slot::UserSlot;
use crate::protocol::command::{Command, CommandKind};

/// An act under way.
#[derive(Debug)]
pub(super) struct PendingRecord {
    /// Who does it.
    operator: String,
    /// Where they come from.
    from: String,
    /// What, as it is typed.
    action: &'static str,
    /// Whom or what it is about.
    target: String,
    /// What was typed behind that.
    reason: String,
}

/// What the operator of an act under way is told.
#[derive(Debug)]
pub(super) struct AuditedReply {
    /// The operator.
    id: ClientId,
    /// The latest words, and whether they are a refusal.
    text: Option<Result<String, String>>,
}

impl Broker {
    /// An operator begins to do something. `None` for what is no act but a question.
    pub(super) fn begin_audit(
        &mut self,
        slot: UserSlot,
        input: Command<'_>,
    ) -> Option<PendingRecord> {
        let action = match input.kind {
            CommandKind::Kick => "/kick",
            CommandKind::Ban => "/ban",
            CommandKind::Unban => "/unban",
            CommandKind::Mute => "/mute",
            CommandKind::Unmute => "/unmute",
            CommandKind::Slow => "/slow",
            _ => return None,
        };
        let user = self.users.user(slot);
        let typed = input.text.trim();
        let (target, reason) = if input.kind == CommandKind::Slow {
            // It is about the room.
            let room = user.current.map(|current| &self.rooms.room(current.room).name);
            (room.map_or_else(String::new, ToString::to_string), typed)
        } else {
            let (target, reason) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
            (target.to_owned(), reason.trim_start())
        };
        self.audited_reply = Some(Box::new(AuditedReply { id: user.id, text: None }));
        let (operator, from) = (user.nick.to_string(), user.address.to_string());
        Some(PendingRecord { operator, from, action, target, reason: reason.to_owned() })
    }

    /// It is done, or not.
    pub(super) fn finish_audit(&mut self, record: Option<PendingRecord>) {
        let reply = self.audited_reply.take().and_then(|reply| reply.text);
        let Some(PendingRecord { operator, from, action, target, reason }) = record else { return };
        let outcome = match &reply {
            Some(Ok(text)) => Ok(text.as_str()),
            Some(Err(text)) => Err(text.as_str()),
            None => Err("they were gone before it was done"),
        };
        let (operator, from, target, reason) = (&*operator, &*from, &*target, &*reason);
        AuditRecord { operator, from, action, target, reason, outcome }.record();
    }

    /// A user is told something: keeps it if it is an operator's outcome.
    pub(super) fn note_reply(&mut self, slot: UserSlot, is_refusal: bool, text: &str) {
        let Some(reply) = &mut self.audited_reply else { return };
        if self.users.user(slot).id == reply.id {
            let text = text.to_owned();
            reply.text = Some(if is_refusal { Err(text) } else { Ok(text) });
        }
    }
}
