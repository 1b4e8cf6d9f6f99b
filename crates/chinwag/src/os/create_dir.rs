//! Making a folder of the server's own, with those above it that are not there.
//!
//! The nearest folder that is there is looked at first: where others may exchange what is made in it nothing is made at all. All
//! is made from there on by descriptors, and no link is followed, so nothing changes on the way.
//!
//! Knows of no setting, and not what a folder is for.

use crate::os::files::{self, Access};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A path as far as it is there.
#[derive(Debug)]
struct Nearest {
    /// The nearest folder that is there.
    folder: PathBuf,
    /// The names below it that are not, the last one first.
    missing: Vec<OsString>,
}

impl Nearest {
    /// Looks for it, upwards.
    fn to(path: &Path) -> io::Result<Self> {
        let (mut folder, mut missing) = (path.to_path_buf(), Vec::new());
        loop {
            if folder.as_os_str().is_empty() {
                folder.push(".");
            }
            let shown = folder.display();
            match rustix::fs::stat(&folder) {
                Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => {
                    return Ok(Self { folder, missing });
                }
                Ok(stat) => {
                    let kind = files::kind(stat.st_mode);
                    return Err(io::Error::other(format!("{shown} is {kind}, not a folder")));
                }
                Err(error) => match io::Error::from(error).kind() {
                    ErrorKind::NotFound if rustix::fs::lstat(&folder).is_ok() => {
                        return Err(io::Error::other(format!(
                            "{shown} is a link that leads nowhere"
                        )));
                    }
                    ErrorKind::NotFound | ErrorKind::NotADirectory => {}
                    _ => return Err(error.into()),
                },
            }
            let Some(name) = folder.file_name().map(OsString::from) else {
                return Err(io::Error::other(
                    "write the path without .. and without what is not there",
                ));
            };
            missing.push(name);
            folder.pop();
        }
    }

    /// That nobody else can exchange what is made in it.
    fn trusted(&self, access: Access) -> io::Result<()> {
        access.trusted_to_keep().map_err(|distrust| {
            let folder = self.folder.display();
            io::Error::other(format!(
                "nothing is made in {folder}: it {distrust}; name a folder elsewhere, or make it yourself"
            ))
        })
    }
}

/// Whether a folder is there or could be made; nothing is.
///
/// # Errors
/// Why it could not be made.
pub(crate) fn is_there(path: &Path) -> io::Result<bool> {
    let nearest = Nearest::to(path)?;
    if nearest.missing.is_empty() {
        return Ok(true);
    }
    nearest.trusted(files::access_of_folder(&nearest.folder)?)?;
    can_make_in(&nearest.folder)?;
    Ok(false)
}

/// That this process may make something in a folder.
///
/// # Errors
/// The operating system's, with the folder.
pub(crate) fn can_make_in(folder: &Path) -> io::Result<()> {
    let wanted = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    rustix::fs::accessat(rustix::fs::CWD, folder, wanted, AtFlags::EACCESS).map_err(|error| {
        let error = io::Error::from(error);
        io::Error::new(
            error.kind(),
            format!("nothing can be made in {}: {error}", folder.display()),
        )
    })?;
    // Root may write there, as far as its mode says.
    let kind = rustix::fs::statfs(folder)?.f_type;
    if OF_THE_KERNEL.contains(&kind) {
        let words =
            format!("nothing can be made in {}: what is in it is the kernel's", folder.display());
        return Err(io::Error::other(words));
    }
    Ok(())
}

/// The file systems of `/proc`, `/sys` and control groups, by the numbers that the kernel gives them.
const OF_THE_KERNEL: [rustix::fs::FsWord; 3] = [0x9fa0, 0x6265_6572, 0x6367_7270];

/// Makes the folder and those above it that are not there, each the server's own user's alone.
///
/// # Errors
/// The operating system's; the nearest one that is there is not to be trusted.
pub(crate) fn make(path: &Path) -> io::Result<()> {
    let nearest = Nearest::to(path)?;
    if nearest.missing.is_empty() {
        return Ok(());
    }
    let (mut folder, access) = files::open_folder(&nearest.folder)?;
    nearest.trusted(access)?;
    for name in nearest.missing.iter().rev() {
        match rustix::fs::mkdirat(&folder, name, Mode::RWXU) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                let (name, error) = (name.display(), io::Error::from(error));
                return Err(io::Error::new(error.kind(), format!("cannot make {name}: {error}")));
            }
            // It was made meanwhile: what it is, is checked when it is opened.
            Ok(()) | Err(_) => {}
        }
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        folder = rustix::fs::openat(&folder, name, flags, Mode::empty())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    /// A folder of one test.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(test: &str) -> Self {
            let name = format!("chinwag-new-folder-{test}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir(&path).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn folders_are_made_and_are_their_owners_alone() {
        let scratch = Scratch::new("made");
        let path = scratch.0.join("a/b/c");
        assert!(!is_there(&path).unwrap());
        assert!(!scratch.0.join("a").exists(), "looking makes nothing");
        make(&path).unwrap();
        make(&path).unwrap();
        assert!(is_there(&path).unwrap());
        for folder in ["a", "a/b", "a/b/c"] {
            let mode = std::fs::metadata(scratch.0.join(folder)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
    }

    #[test]
    fn where_others_may_change_it_nothing_is_made() {
        let scratch = Scratch::new("open");
        let path = scratch.0.join("a/b");
        for mode in [0o770, 0o707, 0o777] {
            std::fs::set_permissions(&scratch.0, Permissions::from_mode(mode)).unwrap();
            for refused in [make(&path).unwrap_err(), is_there(&path).unwrap_err()] {
                let words = refused.to_string();
                assert!(words.contains("can be changed by others"), "{words}");
            }
            assert!(!scratch.0.join("a").exists(), "{mode:o}");
        }
        // As /tmp is: users cannot remove files of others.
        std::fs::set_permissions(&scratch.0, Permissions::from_mode(0o1777)).unwrap();
        make(&path).unwrap();
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let scratch = Scratch::new("way");
        std::fs::write(scratch.0.join("file"), "").unwrap();
        std::os::unix::fs::symlink("nowhere", scratch.0.join("link")).unwrap();
        for (path, words) in [
            ("file", "file is a file, not a folder"),
            ("file/x/y", "file is a file, not a folder"),
            ("link/x", "link is a link that leads nowhere"),
            ("new/../x", "without .."),
        ] {
            let path = scratch.0.join(path);
            for refused in [make(&path).unwrap_err(), is_there(&path).unwrap_err()] {
                assert!(refused.to_string().contains(words), "{refused}");
            }
        }
        assert!(!scratch.0.join("new").exists());
        // Whoever this is, root too.
        assert!(is_there(Path::new("/proc/chinwag")).is_err());
    }
}
