//! What SIGHUP means: the terminal that the server was started in is gone, or a reload is wanted.
//!
//! It keeps the terminal open from the start on, for once the process is confined it can open none, and asks the kernel about
//! it when the signal comes. By then the kernel has already hung the terminal up, whether it sends the signal itself or
//! the terminal's shell passes it on to its jobs.
//!
//! A process that was started to ignore the signal (`nohup`) wants to outlive its terminal, and one without a terminal (a service,
//! `setsid`) has none to lose: for both each SIGHUP is a reload. Whether the signal is ignored is read in `/proc`: asking by `sigaction` is
//! unsafe in each crate that has it, and where `/proc` is not mounted there is hardly a `/dev/tty`.

use rustix::io::Errno;
use rustix::process::Signal;
use rustix::termios::tcgetpgrp;
use std::fs::{self, File};

/// The terminal that this process was started in, if it ends with it.
#[derive(Debug)]
pub(crate) struct ControllingTerminal(Option<File>);

impl ControllingTerminal {
    /// Looks. To be called before the process is confined and before it listens for SIGHUP.
    pub(crate) fn detect() -> Self {
        Self(if ignores_hangup() { None } else { File::open("/dev/tty").ok() })
    }

    /// Whether there was one that is gone now.
    pub(crate) fn is_gone(&self) -> bool {
        let Self(terminal) = self;
        terminal.as_ref().is_some_and(|terminal| {
            // EIO: hung up. ENOTTY: there, and not ours any more. Another error says nothing about that.
            matches!(tcgetpgrp(terminal), Err(Errno::IO | Errno::NOTTY))
        })
    }
}

/// Whether this process was started to ignore SIGHUP.
fn ignores_hangup() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| names_hangup(&status))
}

/// Whether the kernel's words about a process name SIGHUP among the signals that it ignores.
fn names_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (Signal::HUP.as_raw() - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_hangup_is_found_in_the_kernels_words() {
        for (status, ignored) in [
            ("Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t0000000000001000\n", false),
            ("SigIgn:\t0000000000001001\n", true),
            ("SigIgn:\tnonsense\n", false),
            ("", false),
        ] {
            assert_eq!(names_hangup(status), ignored, "{status}");
        }
    }
}
