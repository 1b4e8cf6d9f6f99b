//! One line that shows the progress.

use std::io::{IsTerminal, Write as _};
use std::time::Instant;

/// The line on stderr.
#[derive(Debug)]
pub struct Progress {
    /// How many steps there are.
    total: usize,
    /// How many are done, or will not be done.
    done: usize,
    began: Instant,
    /// Whether the line can be written over.
    is_terminal: bool,
}

impl Progress {
    /// A line for so many steps.
    pub fn new(total: usize) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self { total, done: 0, began: Instant::now(), is_terminal }
    }

    /// Shows what is being done now.
    pub fn show(&self, what: &str) {
        let (start, end) = if self.is_terminal { ("\r\x1b[K", "") } else { ("", "\n") };
        let seconds = self.began.elapsed().as_secs();
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        eprint!("{start}[{}/{}, {minutes}:{seconds:02}] {what}{end}", self.done + 1, self.total);
        // A line that is not seen is no reason to stop.
        let _ = std::io::stderr().flush();
    }

    /// A step is done, or skipped.
    pub fn step(&mut self) {
        self.done += 1;
    }

    /// Everything is done.
    pub fn finish(&self) {
        if self.is_terminal {
            eprint!("\r\x1b[K");
        }
    }
}
