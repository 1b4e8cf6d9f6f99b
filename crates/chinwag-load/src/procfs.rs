//! What the kernel publishes about a process and the network: the numbers in /proc.
//!
//! The parsers are pure; only [`Process`] and [`network`] open files.

use std::fs;
use std::io;

/// A process to watch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process {
    /// Its process id.
    pid: u32,
}

/// The memory and the threads of a process. Sizes in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    /// Resident now (VmRSS).
    pub(crate) resident: u64,
    /// The most that ever was resident (VmHWM).
    pub(crate) peak: u64,
    /// How many threads there are.
    pub(crate) threads: u64,
}

/// What the kernel dropped because a listener's queue was full, since the machine started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Drops {
    /// Connections that found the accept queue full (TcpExtListenOverflows).
    pub(crate) overflows: u64,
    /// Connections dropped on a listener for any reason, that one included (TcpExtListenDrops).
    pub(crate) drops: u64,
}

impl Process {
    /// The process of this id.
    pub(crate) fn new(pid: u32) -> Self {
        Self { pid }
    }

    /// This program itself.
    pub(crate) fn own() -> Self {
        Self::new(std::process::id())
    }

    /// Its process id.
    pub(crate) fn pid(self) -> u32 {
        self.pid
    }

    /// Nanoseconds on a processor, of all threads that live now.
    ///
    /// # Errors
    /// When the process is gone, or the kernel has no such numbers.
    pub(crate) fn cpu_nanos(self) -> io::Result<u64> {
        let mut sum = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.pid))? {
            // A thread that ended meanwhile takes its share with it.
            if let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) {
                sum += schedstat(&text).ok_or(io::ErrorKind::InvalidData)?;
            }
        }
        Ok(sum)
    }

    /// Its memory and threads.
    ///
    /// # Errors
    /// When the process is gone.
    pub(crate) fn status(self) -> io::Result<Status> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        status(&text).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

/// What listeners on this machine dropped so far.
///
/// # Errors
/// When /proc/net/netstat cannot be read.
pub(crate) fn network() -> io::Result<Drops> {
    let text = fs::read_to_string("/proc/net/netstat")?;
    drops(&text).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The time on a processor: the first of three numbers.
fn schedstat(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

/// The numbers of /proc/PID/status.
fn status(text: &str) -> Option<Status> {
    let number = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_ascii_whitespace().next()?.parse().ok()
    };
    Some(Status {
        resident: number("VmRSS")? * 1024,
        peak: number("VmHWM")? * 1024,
        threads: number("Threads")?,
    })
}

/// The numbers of /proc/net/netstat, in which a line of names precedes each line of numbers.
fn drops(text: &str) -> Option<Drops> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("TcpExt:"));
    let (names, numbers) = (lines.next()?, lines.next()?);
    let number = |name: &str| -> Option<u64> {
        let index = names.split_ascii_whitespace().position(|other| other == name)?;
        numbers.split_ascii_whitespace().nth(index)?.parse().ok()
    };
    Some(Drops { overflows: number("ListenOverflows")?, drops: number("ListenDrops")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedstat_gives_its_first_number() {
        assert_eq!(schedstat("39528310 120984 57\n"), Some(39_528_310));
        assert_eq!(schedstat(""), None);
        assert_eq!(schedstat("x 1 2"), None);
    }

    #[test]
    fn status_gives_bytes() {
        let text = "Name:\tchinwag\nVmPeak:\t  300000 kB\nVmHWM:\t   9000 kB\nVmRSS:\t    8192 kB\n\
                    RssAnon:\t    2048 kB\nThreads:\t4\nSigQ:\t0/96000\n";
        let wanted = Status { resident: 8_192 * 1_024, peak: 9_000 * 1_024, threads: 4 };
        assert_eq!(status(text), Some(wanted));
        // A process that has ended, and a kernel thread, have no memory.
        assert_eq!(status("Name:\tchinwag\nThreads:\t1\n"), None);
    }

    #[test]
    fn drops_are_found_by_their_names() {
        let text = "TcpExt: SyncookiesSent ListenOverflows ListenDrops DelayedACKs\n\
                    TcpExt: 0 34 35 1200\n\
                    IpExt: InNoRoutes InTruncatedPkts\nIpExt: 1 2\n";
        assert_eq!(drops(text), Some(Drops { overflows: 34, drops: 35 }));
        assert_eq!(drops("IpExt: InNoRoutes\nIpExt: 1\n"), None);
        assert_eq!(drops("TcpExt: ListenOverflows\n"), None);
    }

    #[test]
    fn this_process_has_numbers() {
        let own = Process::own();
        let status = own.status().unwrap();
        assert!(status.threads >= 1 && status.peak >= status.resident && status.resident > 0);
        assert!(own.cpu_nanos().unwrap() > 0);
        network().unwrap();
    }
}
