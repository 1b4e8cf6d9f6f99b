//! Opening files that others may have put in the way.
//!
//! What is opened is looked at by its descriptor, not by its name: whose it is, who may change it, and what it is. A name of
//! a file that the server keeps for itself ([`open_own`]) is followed by no link; one that its owner has chosen
//! ([`open_regular`]) may be a link, as in a volume of Kubernetes. No FIFO is waited for, and no device is opened.
//!
//! Nothing here knows what a file is for.

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The bits of a mode by which the group and others may write.
const OTHERS_WRITE: u32 = 0o022;
/// The bit of a mode by which everybody may read.
const EVERYBODY_READS: u32 = 0o004;
/// The bit of a folder's mode by which others may remove nothing but their own.
const STICKY: u32 = 0o1000;
/// What every descriptor here is opened with: nothing is waited for, and no terminal becomes ours.
const QUIET: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// A regular file, open, as it was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The file.
    pub(crate) file: File,
    /// Whose it is, and who may do what with it.
    pub(crate) access: Access,
}

/// Whose a file is, and who may do what with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// Its owner.
    owner: u32,
    /// Its mode.
    mode: u32,
}

/// Why a file or a folder cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// It belongs to this user, who is neither root nor ours.
    Foreign(u32),
    /// Its group or others may change it.
    Writable,
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign(owner) => {
                write!(f, "belongs to user {owner}, and the server runs as user {}", own_user())
            }
            Self::Writable => f.write_str("can be changed by others"),
        }
    }
}

impl Access {
    fn of(stat: &Stat) -> Self {
        Self { owner: stat.st_uid, mode: stat.st_mode }
    }

    /// That nobody can have changed it but root and the server's own user.
    ///
    /// # Errors
    /// Who can.
    pub(crate) fn trusted(self) -> Result<(), Distrust> {
        match self {
            Self { owner, .. } if owner != 0 && owner != own_user() => {
                Err(Distrust::Foreign(owner))
            }
            Self { mode, .. } if mode & OTHERS_WRITE != 0 => Err(Distrust::Writable),
            Self { .. } => Ok(()),
        }
    }

    /// The same of a folder in which others may be allowed to make files, as in `/tmp`, but not to remove ours.
    ///
    /// # Errors
    /// Who can.
    pub(crate) fn trusted_to_keep(self) -> Result<(), Distrust> {
        let mode = if self.mode & STICKY == 0 { self.mode } else { self.mode & !OTHERS_WRITE };
        Self { mode, ..self }.trusted()
    }

    /// That it is the server's own, and nobody else's to change.
    ///
    /// # Errors
    /// Whose it is, or that others can change it.
    pub(crate) fn own(self) -> Result<(), Distrust> {
        if self.owner == own_user() { self.trusted() } else { Err(Distrust::Foreign(self.owner)) }
    }

    /// Whether everybody on the machine may read it.
    pub(crate) fn is_readable_by_everybody(self) -> bool {
        self.mode & EVERYBODY_READS != 0
    }
}

/// The user that the server runs as.
pub(crate) fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// What a thing is that is no regular file, as a part of a sentence.
pub(crate) fn kind(mode: u32) -> &'static str {
    match FileType::from_raw_mode(mode) {
        FileType::RegularFile => "a file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Unknown => "something unknown",
    }
}

/// That this is a regular file.
fn regular(stat: &Stat) -> io::Result<()> {
    if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
        return Ok(());
    }
    Err(io::Error::other(format!("it is {}, not a file", kind(stat.st_mode))))
}

/// Opens a regular file to read it; links are followed.
///
/// # Errors
/// The operating system's; it is something else than a regular file.
pub(crate) fn open_regular(path: &Path) -> io::Result<Found> {
    // Before it is opened, for opening a device can do something.
    regular(&rustix::fs::stat(path)?)?;
    found(rustix::fs::open(path, OFlags::RDONLY | QUIET, Mode::empty())?)
}

/// Opens a regular file of this name in a folder; no link is followed. With `OFlags::CREATE` a new one is its owner's alone.
///
/// # Errors
/// The operating system's; it is something else than a regular file.
pub(crate) fn open_own(folder: &OwnedFd, name: &str, flags: OFlags) -> io::Result<Found> {
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => regular(&stat)?,
        // Whether that is a fault says the opening.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let owners = Mode::RUSR | Mode::WUSR;
    found(rustix::fs::openat(folder, name, flags | OFlags::NOFOLLOW | QUIET, owners)?)
}

/// Looks at what was opened: it may be another than was looked at before.
fn found(opened: OwnedFd) -> io::Result<Found> {
    let stat = rustix::fs::fstat(&opened)?;
    regular(&stat)?;
    Ok(Found { file: opened.into(), access: Access::of(&stat) })
}

/// Opens a folder; links are followed, unless another user made the last of them.
///
/// # Errors
/// The operating system's; it is no folder.
pub(crate) fn open_folder(path: &Path) -> io::Result<(OwnedFd, Access)> {
    trusted_link(&rustix::fs::lstat(path)?)?;
    let folder = rustix::fs::open(path, OFlags::DIRECTORY | QUIET, Mode::empty())?;
    let stat = rustix::fs::fstat(&folder)?;
    Ok((folder, Access::of(&stat)))
}

/// The text of a file of at most so many bytes, without the byte order mark that some editors put before it.
///
/// # Errors
/// The operating system's; it is longer, or no UTF-8.
pub(crate) fn read_text(file: File, most: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    // One byte more than can be, to tell.
    file.take(most + 1).read_to_end(&mut bytes)?;
    let wrong = |words: String| io::Error::new(ErrorKind::InvalidData, words);
    if bytes.len() as u64 > most {
        return Err(wrong(format!("it is longer than {most} bytes")));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || bytes.contains(&0) {
        return Err(wrong("it is UTF-16 or no text; save it as UTF-8".to_owned()));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to() + 1;
        wrong(format!("byte {at} is no UTF-8; save it as UTF-8"))
    })?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len_utf8());
    }
    Ok(text)
}

/// What stands before a text that some editors have saved.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

/// The folder that a file lies in by its path.
pub(crate) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// That nobody else can exchange what lies at this path: its folder is trusted, and so is the owner of a link that lies there.
///
/// # Errors
/// A part of a sentence that says who can; the operating system's.
pub(crate) fn can_keep(path: &Path) -> io::Result<()> {
    let folder = folder_of(path);
    let access = access_of_folder(&folder).map_err(|error| {
        io::Error::new(error.kind(), format!("its folder {}: {error}", folder.display()))
    })?;
    access.trusted_to_keep().map_err(|distrust| {
        let folder = folder.display();
        io::Error::other(match distrust {
            Distrust::Foreign(_) => format!("its folder {folder} {distrust}"),
            Distrust::Writable => format!("its folder {folder} {distrust} (chmod go-w {folder})"),
        })
    })?;
    match rustix::fs::lstat(path) {
        Ok(there) => trusted_link(&there),
        // Then nobody's link is.
        Err(_) => Ok(()),
    }
}

/// That this is no link of another user's.
fn trusted_link(stat: &Stat) -> io::Result<()> {
    let owner = Access { mode: 0, ..Access::of(stat) };
    match owner.trusted() {
        Err(Distrust::Foreign(owner))
            if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink =>
        {
            Err(io::Error::other(format!("it is a link of user {owner}")))
        }
        _ => Ok(()),
    }
}

/// Whose a folder is, and who may do what with it.
///
/// # Errors
/// The operating system's; it is no folder.
pub(crate) fn access_of_folder(path: &Path) -> io::Result<Access> {
    let stat = rustix::fs::stat(path)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        let words = format!("it is {}, not a folder", kind(stat.st_mode));
        return Err(io::Error::new(ErrorKind::NotADirectory, words));
    }
    Ok(Access::of(&stat))
}

/// Whether this is the device that swallows everything and holds nothing.
pub(crate) fn is_null(path: &Path) -> bool {
    let null = rustix::fs::makedev(1, 3);
    rustix::fs::stat(path).is_ok_and(|stat| {
        FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == null
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_change_a_file_decides_whether_it_is_trusted() {
        let ours = own_user();
        let stranger = ours.wrapping_add(12_345);
        let access = |owner, mode| Access { owner, mode };
        for (mode, trusted) in [(0o600, true), (0o644, true), (0o664, false), (0o606, false)] {
            assert_eq!(access(ours, mode).trusted().is_ok(), trusted, "{mode:o}");
            assert_eq!(access(0, mode).trusted().is_ok(), trusted, "{mode:o}");
            assert_eq!(access(ours, mode).own().is_ok(), trusted, "{mode:o}");
            assert_eq!(access(stranger, mode).trusted(), Err(Distrust::Foreign(stranger)));
        }
        assert_eq!(access(ours, 0o777).trusted_to_keep(), Err(Distrust::Writable));
        assert_eq!(access(ours, 0o1777).trusted_to_keep(), Ok(()));
        assert_eq!(access(stranger, 0o1700).trusted_to_keep(), Err(Distrust::Foreign(stranger)));
        assert_eq!(access(stranger, 0o700).own(), Err(Distrust::Foreign(stranger)));
        assert!(access(0, 0o604).is_readable_by_everybody());
        assert!(!access(0, 0o640).is_readable_by_everybody());
    }

    #[test]
    fn only_the_null_device_is_it() {
        assert!(is_null(Path::new("/dev/null")));
        assert!(!is_null(Path::new("/dev/zero")) && !is_null(Path::new("/nowhere")));
    }
}
