//! What the kernel tells of this process: processor time, memory, descriptors, threads.
//!
//! The files are opened at the start and read again and again, for a confined process can open none of /proc. What does not change
//! while it runs is found out then, too. Where there is no /proc there are no figures.

use rustix::fs::{RawDir, SeekFrom, seek};
use rustix::process::{Resource, getrlimit};
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Most bytes of `/proc/self/stat`: 52 numbers and a name.
const STAT_BYTES: usize = 2048;
/// Bytes of names of descriptors that are read at once.
const NAMES_BYTES: usize = 8192;

/// Where the figures come from.
#[derive(Debug)]
pub(crate) struct ProcessFiles {
    /// `/proc/self/stat`.
    stat: File,
    /// The folder `/proc/self/fd`, of which one reader at a time holds the place.
    descriptors: Mutex<File>,
    /// When the process started, since 1970.
    started: Duration,
    /// Ticks of processor time in a second.
    ticks: u64,
    /// Bytes of a page of memory.
    page: u64,
    /// Descriptors that it may have, if that is limited.
    max_descriptors: Option<u64>,
    /// Bytes of addresses that it may use, if that is limited.
    max_memory: Option<u64>,
}

/// The figures of one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ProcessStats {
    /// Seconds of processor time that it took, in its own code and in the kernel.
    pub(crate) cpu_seconds: f64,
    /// Bytes of addresses in use.
    pub(crate) virtual_bytes: u64,
    /// Bytes of memory in use.
    pub(crate) resident_bytes: u64,
    /// Threads.
    pub(crate) threads: u64,
    /// Descriptors that are open.
    pub(crate) descriptors: u64,
    /// When it started, in seconds since 1970.
    pub(crate) started: f64,
    /// Descriptors that it may have, if that is limited.
    pub(crate) max_descriptors: Option<u64>,
    /// Bytes of addresses that it may use, if that is limited.
    pub(crate) max_memory: Option<u64>,
}

impl ProcessFiles {
    /// Of this process. To be called at its start, once its limits are as they stay.
    pub(crate) fn open() -> Option<Self> {
        Some(Self {
            stat: File::open("/proc/self/stat").ok()?,
            descriptors: Mutex::new(File::open("/proc/self/fd").ok()?),
            started: whippet::time::since_1970(),
            ticks: rustix::param::clock_ticks_per_second().max(1),
            page: rustix::param::page_size() as u64,
            max_descriptors: getrlimit(Resource::Nofile).current,
            max_memory: getrlimit(Resource::As).current,
        })
    }

    /// The figures of this moment.
    pub(crate) fn read(&self) -> Option<ProcessStats> {
        let mut stat = [0; STAT_BYTES];
        let read = self.stat.read_at(&mut stat, 0).ok()?;
        let stat = Stat::parse(&stat[..read])?;
        let descriptors = self.descriptors.lock().unwrap_or_else(PoisonError::into_inner);
        Some(ProcessStats {
            cpu_seconds: stat.ticks as f64 / self.ticks as f64,
            virtual_bytes: stat.virtual_bytes,
            resident_bytes: stat.resident_pages.saturating_mul(self.page),
            threads: stat.threads,
            descriptors: count(&descriptors)?,
            started: self.started.as_secs_f64(),
            max_descriptors: self.max_descriptors,
            max_memory: self.max_memory,
        })
    }
}

/// How many descriptors this folder names. Since Linux 6.2 its size says it; before, each is read.
fn count(folder: &File) -> Option<u64> {
    match folder.metadata().ok()?.size() {
        0 => count_names(folder),
        size => Some(size),
    }
}

/// How many names a folder has, one by one, but for `.` and `..`.
fn count_names(folder: &File) -> Option<u64> {
    seek(folder, SeekFrom::Start(0)).ok()?;
    let mut names = [MaybeUninit::uninit(); NAMES_BYTES];
    let mut entries = RawDir::new(folder, &mut names);
    let mut count = 0;
    while let Some(entry) = entries.next() {
        count += u64::from(!entry.ok()?.file_name().to_bytes().starts_with(b"."));
    }
    Some(count)
}

/// What is of use in `/proc/self/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    /// Processor time, in ticks.
    ticks: u64,
    /// Threads.
    threads: u64,
    /// Bytes of addresses in use.
    virtual_bytes: u64,
    /// Pages of memory in use.
    resident_pages: u64,
}

impl Stat {
    /// Reads it. The program's name is in brackets, and may have brackets and blanks of its own.
    fn parse(text: &[u8]) -> Option<Self> {
        let end = text.iter().rposition(|&byte| byte == b')')?;
        let fields: Vec<_> =
            std::str::from_utf8(&text[end + 1..]).ok()?.split_ascii_whitespace().collect();
        // By proc_pid_stat(5) the field behind the name is the third.
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            ticks: number(14)?.saturating_add(number(15)?),
            threads: number(20)?,
            virtual_bytes: number(23)?,
            resident_pages: number(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_behind_the_name() {
        let text =
            b"7 (a) b) S 1 7 7 0 -1 4194304 90 0 0 0 11 5 0 0 20 0 3 0 12345 8192000 77 99 1 1 0\n";
        let stat = Stat { ticks: 16, threads: 3, virtual_bytes: 8_192_000, resident_pages: 77 };
        assert_eq!(Stat::parse(text), Some(stat));
        assert_eq!(Stat::parse(b"7 (a) S 1 7"), None);
        assert_eq!(Stat::parse(b""), None);
    }

    #[test]
    fn this_process_has_figures_again_and_again() {
        let files = ProcessFiles::open().expect("there is a /proc");
        let first = files.read().expect("figures");
        assert!(first.threads >= 1 && first.resident_bytes > 100_000, "{first:?}");
        assert!(first.virtual_bytes >= first.resident_bytes && first.descriptors >= 5, "{first:?}");
        assert!(first.started > 1.6e9 && first.max_descriptors.is_none_or(|most| most > 5));
        let mut last = first;
        while last.cpu_seconds == first.cpu_seconds {
            last = files.read().expect("figures");
        }
        assert!(last.cpu_seconds > first.cpu_seconds, "it was read anew");
    }

    #[test]
    fn descriptors_are_counted_without_the_kernels_help_too() {
        let folder = std::env::temp_dir().join(format!("chinwag-count-{}", std::process::id()));
        std::fs::create_dir(&folder).expect("a folder");
        for number in 0..300 {
            std::fs::write(folder.join(format!("a-name-of-some-length-{number}")), "")
                .expect("a file");
        }
        let open = File::open(&folder).expect("a folder");
        let counts = [count_names(&open), count_names(&open)];
        std::fs::remove_dir_all(&folder).expect("ours");
        assert_eq!(counts, [Some(300), Some(300)]);
    }
}
