//! What a client says to an IRC server beside its lines: its name, the channel, and answers to pings.
//!
//! All people of a run meet in one channel, so that a line reaches all others as it does in a chat of one room.

/// What stands before each line, so that it reaches all others in the channel.
pub(crate) const LEAD: &[u8] = b"PRIVMSG #load :";
/// The longest line of a run: IRC's 512 bytes, less what a server puts before a line (names and the host's).
pub(crate) const MAX_SIZE: usize = 400;
/// How much is kept of what the server is owed. Nothing that a server may ask needs more.
const MAX_OWED: usize = 1_024;

/// One client's side of an IRC connection.
#[derive(Debug)]
pub(crate) struct Irc {
    /// What is to be written when no line is under way.
    owed: Vec<u8>,
    /// Whether the server has let it into the channel.
    joined: bool,
}

impl Irc {
    /// The side of client `index`: its name is owed to the server.
    pub(crate) fn new(index: u32) -> Self {
        // Nine letters at most, which every server allows.
        let owed = format!("NICK load{index}\r\nUSER load 0 * :load\r\n").into_bytes();
        Self { owed, joined: false }
    }

    /// Takes note of a line of the server's own.
    pub(crate) fn hear(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(token) = line.strip_prefix(b"PING") {
            self.owe(&[b"PONG", token, b"\r\n"].concat());
            return;
        }
        match line.split(|&byte| byte == b' ').nth(1) {
            // Welcome.
            Some(b"001") => self.owe(b"JOIN #load\r\n"),
            // The end of the list of those who are in the channel.
            Some(b"366") => self.joined = true,
            _ => {}
        }
    }

    /// Whether the server has let it into the channel.
    pub(crate) fn is_joined(&self) -> bool {
        self.joined
    }

    /// What is to be written.
    pub(crate) fn owed(&self) -> &[u8] {
        &self.owed
    }

    /// Notes that the first `count` bytes of what is owed are written.
    pub(crate) fn pay(&mut self, count: usize) {
        self.owed.drain(..count);
    }

    /// Puts an answer behind what is owed already.
    fn owe(&mut self, answer: &[u8]) {
        if self.owed.len() + answer.len() <= MAX_OWED {
            self.owed.extend_from_slice(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_itself_joins_and_answers_pings() {
        let mut irc = Irc::new(27_999);
        assert_eq!(irc.owed(), b"NICK load27999\r\nUSER load 0 * :load\r\n");
        irc.pay(irc.owed().len() - 4);
        assert_eq!(irc.owed(), b"ad\r\n");
        irc.pay(4);
        irc.hear(b":irc.local 001 load27999 :Welcome\r");
        assert_eq!(irc.owed(), b"JOIN #load\r\n");
        irc.hear(b"PING :irc.local\r");
        assert_eq!(irc.owed(), b"JOIN #load\r\nPONG :irc.local\r\n");
        assert!(!irc.is_joined());
        irc.hear(b":irc.local 366 load27999 #load :End of NAMES list\r");
        assert!(irc.is_joined());
    }

    #[test]
    fn a_server_that_asks_without_end_is_not_answered_without_end() {
        let mut irc = Irc::new(0);
        (0..10_000).for_each(|_| irc.hear(b"PING"));
        assert!(irc.owed().len() <= MAX_OWED);
    }
}
