//! Acts of operators who are in the chat, on record (`chat/audit.rs`): what an operator is told of an act is what came of it.

use super::Broker;
use crate::chat::audit::Deed;
use crate::chat::event::ClientId;
use crate::protocol::command::{Input, Kind};

/// An act under way.
#[derive(Debug)]
pub(super) struct DeedUnderWay {
    /// Who does it.
    operator: String,
    /// Where they come from.
    from: String,
    /// What, as it is typed.
    act: &'static str,
    /// Whom or what it is about.
    whom: String,
    /// What was typed behind that.
    reason: String,
}

/// What the operator of an act under way is told.
#[derive(Debug)]
pub(super) struct Told {
    /// The operator.
    id: ClientId,
    /// The latest words, and whether they are a refusal.
    words: Option<Result<String, String>>,
}

impl Broker {
    /// An operator begins to do something. `None` for what is no act but a question.
    pub(super) fn begin_deed(&mut self, slot: usize, input: Input<'_>) -> Option<DeedUnderWay> {
        let act = match input.kind {
            Kind::Kick => "/kick",
            Kind::Ban => "/ban",
            Kind::Unban => "/unban",
            Kind::Mute => "/mute",
            Kind::Unmute => "/unmute",
            Kind::Slow => "/slow",
            _ => return None,
        };
        let member = self.roster.member(slot);
        let typed = input.text.trim();
        let (whom, reason) = if input.kind == Kind::Slow {
            // It is about the room.
            let room = member.current.map(|current| &self.rooms.room(current.room).name);
            (room.map_or_else(String::new, ToString::to_string), typed)
        } else {
            let (whom, reason) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
            (whom.to_owned(), reason.trim_start())
        };
        self.told = Some(Box::new(Told { id: member.id, words: None }));
        let (operator, from) = (member.nick.to_string(), member.address.to_string());
        Some(DeedUnderWay { operator, from, act, whom, reason: reason.to_owned() })
    }

    /// It is done, or not.
    pub(super) fn end_deed(&mut self, deed: Option<DeedUnderWay>) {
        let told = self.told.take().and_then(|told| told.words);
        let Some(DeedUnderWay { operator, from, act, whom, reason }) = deed else { return };
        let outcome = match &told {
            Some(Ok(words)) => Ok(words.as_str()),
            Some(Err(words)) => Err(words.as_str()),
            None => Err("they were gone before it was done"),
        };
        let (operator, from, whom, reason) = (&*operator, &*from, &*whom, &*reason);
        Deed { operator, from, act, whom, reason, outcome }.record();
    }

    /// Somebody is told something: keeps it if it is an operator's outcome.
    pub(super) fn note_outcome(&mut self, slot: usize, is_refusal: bool, words: &str) {
        let Some(told) = &mut self.told else { return };
        if self.roster.member(slot).id == told.id {
            let words = words.to_owned();
            told.words = Some(if is_refusal { Err(words) } else { Ok(words) });
        }
    }
}
