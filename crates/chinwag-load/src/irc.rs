//! What a client sends to an IRC server in addition to its lines: its name, the channel, and answers to pings.
//!
//! All clients of a run join one channel, so that a line reaches all others as it does in a chat of one room.

/// The prefix of each line, so that it reaches all others in the channel.
pub(crate) const MESSAGE_PREFIX: &[u8] = b"PRIVMSG #load :";
/// The longest line of a run: IRC's 512 bytes, less what a server puts before a line (names and the host's).
pub(crate) const MAX_SIZE: usize = 400;
/// How much is kept of what is to be written. Nothing that a server may ask needs more.
const MAX_PENDING: usize = 1_024;

/// One client's side of an IRC connection.
#[derive(Debug)]
pub(crate) struct Irc {
    /// What is to be written when no line is half written.
    pending: Vec<u8>,
    /// Whether the server has let it into the channel.
    joined: bool,
}

impl Irc {
    /// The side of client `index`: its name is to be written.
    pub(crate) fn new(index: u32) -> Self {
        // Nine letters at most, which every server allows.
        let pending = format!("NICK load{index}\r\nUSER load 0 * :load\r\n").into_bytes();
        Self { pending, joined: false }
    }

    /// Handles a line of the server's own.
    pub(crate) fn handle_line(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(token) = line.strip_prefix(b"PING") {
            self.queue_reply(&[b"PONG", token, b"\r\n"].concat());
            return;
        }
        match line.split(|&byte| byte == b' ').nth(1) {
            // Welcome.
            Some(b"001") => self.queue_reply(b"JOIN #load\r\n"),
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
    pub(crate) fn pending(&self) -> &[u8] {
        &self.pending
    }

    /// Notes that the first `count` bytes of it are written.
    pub(crate) fn written(&mut self, count: usize) {
        self.pending.drain(..count);
    }

    /// Appends a reply to what is to be written.
    fn queue_reply(&mut self, reply: &[u8]) {
        if self.pending.len() + reply.len() <= MAX_PENDING {
            self.pending.extend_from_slice(reply);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_names_itself_joins_and_answers_pings() {
        let mut irc = Irc::new(27_999);
        assert_eq!(irc.pending(), b"NICK load27999\r\nUSER load 0 * :load\r\n");
        irc.written(irc.pending().len() - 4);
        assert_eq!(irc.pending(), b"ad\r\n");
        irc.written(4);
        irc.handle_line(b":irc.local 001 load27999 :Welcome\r");
        assert_eq!(irc.pending(), b"JOIN #load\r\n");
        irc.handle_line(b"PING :irc.local\r");
        assert_eq!(irc.pending(), b"JOIN #load\r\nPONG :irc.local\r\n");
        assert!(!irc.is_joined());
        irc.handle_line(b":irc.local 366 load27999 #load :End of NAMES list\r");
        assert!(irc.is_joined());
    }

    #[test]
    fn a_server_that_asks_without_end_is_not_answered_without_end() {
        let mut irc = Irc::new(0);
        (0..10_000).for_each(|_| irc.handle_line(b"PING"));
        assert!(irc.pending().len() <= MAX_PENDING);
    }
}
