//! Telnet's options, agreed on by the rules of RFC 1143: which are on, and what is said about them.
//!
//! ```text
//!            ask(on) ──► WantYes ── agrees ──► Yes ── ask(off) ──► WantNo ── agrees ──► No
//!   No ──────┤              └────── refuses ──► No
//!            └ the other side asks: agreed to (Yes), or refused, once
//! ```
//!
//! An answer is never answered: what is so already gets no word, and neither does the reply to a request of ours. A
//! wish for the opposite waits until the reply has come, in the RFC's queue of one.
//!
//! We do two things, once a person asks for line editing: [`ECHO`] what they type, and let lines go without the
//! ceremony of half duplex ([`SGA`]). Two of the other side's offers are taken: the size of its window and the type
//! of its terminal. All else is refused once; who insists gets no further answer. [`TIMING_MARK`] is no option that
//! is on or off, but a question: it is answered each time, or a client that waits for it would show nothing more.

use super::{DO, DONT, IAC, NAWS, SB, SE, TTYPE, TelnetCommand, WILL, WONT};

/// We echo what comes (RFC 857).
pub(crate) const ECHO: u8 = 1;
/// Suppress go-ahead (RFC 858): with [`ECHO`] it makes a client hand over each key.
pub(crate) const SGA: u8 = 3;
/// A mark in the stream that is asked for (RFC 860).
pub(crate) const TIMING_MARK: u8 = 6;

/// The subnegotiation that asks for the type of the terminal.
const SEND_TYPE: [u8; 6] = [IAC, SB, TTYPE, 1, IAC, SE];

/// One option on one side (RFC 1143, section 7). The flag is the RFC's queue: whether the opposite is to be asked for
/// once the reply has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum OptionState {
    /// Off.
    #[default]
    No,
    /// On.
    Yes,
    /// We asked for it to be off.
    WantNo(bool),
    /// We asked for it to be on.
    WantYes(bool),
}

impl OptionState {
    /// We want it on or off. What is to be said, if something is.
    fn request(&mut self, on: bool) -> Option<bool> {
        let (next, said) = match (*self, on) {
            (Self::No, true) => (Self::WantYes(false), Some(true)),
            (Self::Yes, false) => (Self::WantNo(false), Some(false)),
            (Self::WantNo(_), on) => (Self::WantNo(on), None),
            (Self::WantYes(_), on) => (Self::WantYes(!on), None),
            (same, _) => (same, None),
        };
        *self = next;
        said
    }

    /// The other side says that it is on or off, or is to be so. What is to be said, if something is.
    fn receive(&mut self, on: bool, is_welcome: bool) -> Option<bool> {
        let (next, said) = match (*self, on) {
            (Self::No, true) if is_welcome => (Self::Yes, Some(true)),
            (Self::No, true) => (Self::No, Some(false)),
            (Self::Yes, false) => (Self::No, Some(false)),
            // The protocol knows no refusal to stop: what we asked for is taken as given.
            (Self::WantNo(false), true) => (Self::No, None),
            (Self::WantNo(true), true) => (Self::Yes, None),
            (Self::WantNo(true), false) => (Self::WantYes(false), Some(true)),
            (Self::WantYes(false), true) => (Self::Yes, None),
            (Self::WantYes(true), true) => (Self::WantNo(false), Some(false)),
            (Self::WantNo(false) | Self::WantYes(_), false) => (Self::No, None),
            (same, _) => (same, None),
        };
        *self = next;
        said
    }
}

/// A set of options.
#[derive(Clone, Debug, Default)]
struct OptionSet([u64; 4]);

impl OptionSet {
    /// Adds an option. Says whether it was not in the set.
    fn insert(&mut self, option: u8) -> bool {
        let (word, bit) = (&mut self.0[usize::from(option / 64)], 1 << (option % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

/// What has changed by what the other side said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It lets us echo.
    EchoOn,
    /// It echoes itself: it refused us, or changed its mind.
    EchoOff,
}

/// All options of one connection. What is said about them is appended to a buffer of the caller's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Negotiation {
    /// Our echo.
    echo: OptionState,
    /// Our going without go-ahead.
    sga: OptionState,
    /// The other side's telling the size of its window.
    window: OptionState,
    /// The other side's telling the type of its terminal.
    terminal: OptionState,
    /// What the other side offered and was told not to do.
    rejected_offers: OptionSet,
    /// What the other side asked of us and was told that we do not do.
    rejected_requests: OptionSet,
}

impl Negotiation {
    /// Takes what the other side says about an option, and says what is due.
    pub(crate) fn receive(&mut self, command: TelnetCommand, out: &mut Vec<u8>) -> Option<Change> {
        match command {
            TelnetCommand::Will(option) => self.receive_offer(option, true, out),
            TelnetCommand::Wont(option) => self.receive_offer(option, false, out),
            TelnetCommand::Do(option) => return self.receive_request(option, true, out),
            TelnetCommand::Dont(option) => return self.receive_request(option, false, out),
            _ => {}
        }
        None
    }

    /// Asks for what line editing needs, each key of the other side's and the size of its window, or gives it back.
    pub(crate) fn request_editing(&mut self, on: bool, out: &mut Vec<u8>) {
        for (agreed, option) in [(&mut self.echo, ECHO), (&mut self.sga, SGA)] {
            if let Some(on) = agreed.request(on) {
                send_command(if on { WILL } else { WONT }, option, out);
            }
        }
        // Knowing the size does no harm afterwards: it is never asked not to be told.
        if on && self.window.request(true).is_some() {
            send_command(DO, NAWS, out);
        }
    }

    /// The other side does something, or does it no longer.
    fn receive_offer(&mut self, option: u8, on: bool, out: &mut Vec<u8>) {
        let agreed = match option {
            NAWS => &mut self.window,
            TTYPE => &mut self.terminal,
            _ => {
                if on && self.rejected_offers.insert(option) {
                    send_command(DONT, option, out);
                }
                return;
            }
        };
        if let Some(on) = agreed.receive(on, true) {
            send_command(if on { DO } else { DONT }, option, out);
            if on && option == TTYPE {
                out.extend_from_slice(&SEND_TYPE);
            }
        }
    }

    /// The other side asks us to do something, or not to.
    fn receive_request(&mut self, option: u8, on: bool, out: &mut Vec<u8>) -> Option<Change> {
        let before = self.echo;
        let (was, said) = match option {
            ECHO => (self.echo, self.echo.receive(on, false)),
            SGA => (self.sga, self.sga.receive(on, false)),
            _ => (OptionState::No, on.then_some(false)),
        };
        let is_refusal = was == OptionState::No;
        match said {
            Some(true) => send_command(WILL, option, out),
            Some(false) if !is_refusal || option == TIMING_MARK => send_command(WONT, option, out),
            Some(false) if self.rejected_requests.insert(option) => send_command(WONT, option, out),
            _ => {}
        }
        match (before, self.echo) {
            (OptionState::Yes, OptionState::Yes) => None,
            (_, OptionState::Yes) => Some(Change::EchoOn),
            (OptionState::Yes, _) | (OptionState::WantYes(false), OptionState::No) => {
                Some(Change::EchoOff)
            }
            _ => None,
        }
    }
}

/// Appends a command about an option.
fn send_command(verb: u8, option: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[IAC, verb, option]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is said to these.
    fn answers(options: &mut Negotiation, commands: &[TelnetCommand]) -> Vec<u8> {
        let mut out = Vec::new();
        for &command in commands {
            options.receive(command, &mut out);
        }
        out
    }

    #[test]
    fn each_option_is_refused_once() {
        let mut options = Negotiation::default();
        for option in (0..=255).filter(|option| ![NAWS, TTYPE, TIMING_MARK].contains(option)) {
            let idle = [TelnetCommand::Wont(option), TelnetCommand::Dont(option)];
            assert_eq!(answers(&mut options, &idle), b"");
            let first =
                answers(&mut options, &[TelnetCommand::Will(option), TelnetCommand::Do(option)]);
            assert_eq!(first, [IAC, DONT, option, IAC, WONT, option]);
            let again = [
                TelnetCommand::Will(option),
                TelnetCommand::Do(option),
                TelnetCommand::Wont(option),
            ];
            assert_eq!(answers(&mut options, &again), b"");
        }
    }

    #[test]
    fn the_window_and_the_terminal_are_welcome() {
        let mut options = Negotiation::default();
        assert_eq!(answers(&mut options, &[TelnetCommand::Will(NAWS)]), [IAC, DO, NAWS]);
        assert_eq!(answers(&mut options, &[TelnetCommand::Will(NAWS)]), b"");
        let terminal = [&[IAC, DO, TTYPE][..], &SEND_TYPE].concat();
        assert_eq!(answers(&mut options, &[TelnetCommand::Will(TTYPE)]), terminal);
        assert_eq!(answers(&mut options, &[TelnetCommand::Wont(NAWS)]), [IAC, DONT, NAWS]);
        assert_eq!(answers(&mut options, &[TelnetCommand::Wont(NAWS)]), b"");
    }

    #[test]
    fn a_timing_mark_is_answered_each_time() {
        let mut options = Negotiation::default();
        for _ in 0..3 {
            let answer = answers(&mut options, &[TelnetCommand::Do(TIMING_MARK)]);
            assert_eq!(answer, [IAC, WONT, TIMING_MARK]);
        }
    }

    #[test]
    fn editing_is_asked_for_and_no_answer_is_answered() {
        let (mut options, mut out) = (Negotiation::default(), Vec::new());
        // A client that asked too early was refused; that is no obstacle later.
        assert_eq!(answers(&mut options, &[TelnetCommand::Do(ECHO)]), [IAC, WONT, ECHO]);
        options.request_editing(true, &mut out);
        assert_eq!(out, [IAC, WILL, ECHO, IAC, WILL, SGA, IAC, DO, NAWS]);
        out.clear();
        assert_eq!(options.receive(TelnetCommand::Do(ECHO), &mut out), Some(Change::EchoOn));
        assert_eq!(options.receive(TelnetCommand::Do(SGA), &mut out), None);
        assert_eq!(options.receive(TelnetCommand::Will(NAWS), &mut out), None);
        assert_eq!(options.receive(TelnetCommand::Do(ECHO), &mut out), None);
        assert_eq!(out, b"");
        options.request_editing(false, &mut out);
        assert_eq!(out, [IAC, WONT, ECHO, IAC, WONT, SGA]);
        out.clear();
        assert_eq!(options.receive(TelnetCommand::Dont(ECHO), &mut out), None);
        assert_eq!(options.receive(TelnetCommand::Dont(SGA), &mut out), None);
        assert_eq!(out, b"");
        options.request_editing(true, &mut out);
        assert_eq!(out, [IAC, WILL, ECHO, IAC, WILL, SGA], "the window is told still");
    }

    #[test]
    fn a_refusal_and_a_change_of_mind_are_noticed() {
        let (mut options, mut out) = (Negotiation::default(), Vec::new());
        options.request_editing(true, &mut out);
        out.clear();
        assert_eq!(options.receive(TelnetCommand::Dont(ECHO), &mut out), Some(Change::EchoOff));
        assert_eq!(out, b"");
        options.request_editing(true, &mut out);
        options.receive(TelnetCommand::Do(ECHO), &mut out);
        out.clear();
        assert_eq!(options.receive(TelnetCommand::Dont(ECHO), &mut out), Some(Change::EchoOff));
        assert_eq!(out, [IAC, WONT, ECHO]);
    }

    /// One option at both ends, ours with a will that changes; what is said arrives in order, and later. Each step is a
    /// wish, or whose turn it is to listen.
    fn settle(steps: &[(bool, bool)]) -> (OptionState, OptionState, bool) {
        let (mut ours, mut theirs, mut want) = (OptionState::No, OptionState::No, false);
        let (mut to_them, mut to_us) = (Vec::new(), Vec::new());
        let rest = std::iter::repeat_n([(false, true), (false, false)], 100).flatten();
        for (is_wish, which) in steps.iter().copied().chain(rest) {
            if is_wish {
                want = which;
                to_them.extend(ours.request(which));
            } else if which && !to_them.is_empty() {
                to_us.extend(theirs.receive(to_them.remove(0), true));
            } else if !which && !to_us.is_empty() {
                to_them.extend(ours.receive(to_us.remove(0), want));
            }
        }
        assert!(to_them.is_empty() && to_us.is_empty(), "they talk without end");
        (ours, theirs, want)
    }

    proptest! {
        #[test]
        fn both_ends_come_to_the_same_and_to_an_end(steps in prop::collection::vec(any::<(bool, bool)>(), 0..60)) {
            let (ours, theirs, want) = settle(&steps);
            let expected = if want { OptionState::Yes } else { OptionState::No };
            prop_assert_eq!((ours, theirs), (expected, expected));
        }

        #[test]
        fn no_stream_of_requests_makes_us_talk_much(
            requests in prop::collection::vec((0..4_usize, any::<u8>()), 0..2000),
        ) {
            let (mut options, mut out) = (Negotiation::default(), Vec::new());
            // These may be on and off, and each change is answered.
            let mut changes = 0;
            for (verb, option) in requests {
                changes += usize::from([NAWS, TTYPE, TIMING_MARK].contains(&option));
                let verbs = [TelnetCommand::Will, TelnetCommand::Wont, TelnetCommand::Do, TelnetCommand::Dont];
                options.receive(verbs[verb](option), &mut out);
            }
            prop_assert!(out.len() <= 3 * 512 + changes * 9, "{} bytes", out.len());
        }
    }
}
