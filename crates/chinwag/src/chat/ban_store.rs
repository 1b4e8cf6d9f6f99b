//! What a restart finds again: the bans, in a folder of the server's own.
//!
//! ```text
//!   broker ── newest snapshot ──► ban writer (a task) ── write, fsync, rename, fsync ──► FOLDER/bans
//! ```
//!
//! The folder is the server's own user's and nobody else's to change, and so is each file in it; no link in it is followed
//! (`os/files.rs`). All is done in the folder that was opened at the start, whatever its path leads to by now. A new file is
//! made, never an old one written over.
//!
//! The file is whole at any moment: a new one takes the place of the old one in one step, once the disk has it. The broker
//! never waits for the disk; what it put on the ban store last is what is written, and snapshots in between are skipped. What
//! cannot be written is told to the operators and tried again.

use crate::chat::admin_command::AdminCommand;
use crate::chat::bans::Bans;
use crate::chat::event::Control;
use crate::limits::{MAX_BAN_FILE_BYTES, STORE_RETRY};
use crate::os::create_dir;
use crate::os::files::{self, Access, Distrust, Found};
use rustix::fs::{AtFlags, OFlags};
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use whippet::select;
use whippet::sync::mpsc::Sender;
use whippet::sync::watch;
use whippet::task::spawn_blocking;
use whippet::time::sleep;

/// The folder, ours as long as this lives.
#[derive(Debug)]
pub(crate) struct StateDir {
    /// The folder, open.
    folder: OwnedFd,
    /// Locked, so that no second server writes there.
    _lock: File,
}

/// Why a state directory cannot be used.
#[derive(Debug)]
pub(crate) struct StateDirError {
    /// The folder.
    path: PathBuf,
    /// What is wrong with it, or with what is in it.
    cause: io::Error,
}

impl StateDirError {
    /// Whether this process may not read it, as it belongs to another user.
    pub(crate) fn is_denied(&self) -> bool {
        self.cause.kind() == ErrorKind::PermissionDenied
    }
}

impl fmt::Display for StateDirError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot use the state directory {}: {}", self.path.display(), self.cause)
    }
}

impl std::error::Error for StateDirError {}

/// The names in it.
const BANS_FILE: &str = "bans";
const NEW_FILE: &str = "bans.new";
const LOCK_FILE: &str = "lock";

impl StateDir {
    /// Makes the folder if it is not there, takes it, and reads what is in it.
    ///
    /// # Errors
    /// It cannot be had, others could have changed it, another server has it, or what is in it cannot be read.
    pub(crate) fn open(path: &Path) -> Result<(Self, Bans), StateDirError> {
        let open = || -> io::Result<_> {
            create_dir::make(path)?;
            let folder = open_folder(path)?;
            let lock = lock(&folder)?;
            let bans = read_bans(&folder)?;
            Ok((Self { folder, _lock: lock }, bans))
        };
        open().map_err(|cause| StateDirError { path: path.to_path_buf(), cause })
    }

    /// That the folder could be had by a server that starts: nothing is made, and a server that has it keeps it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(crate) fn check(path: &Path) -> Result<(), StateDirError> {
        let check = || -> io::Result<()> {
            if !create_dir::is_there(path)? {
                return Ok(());
            }
            let folder = open_folder(path)?;
            create_dir::can_make_in(path)?;
            read_bans(&folder)?;
            match open(&folder, LOCK_FILE, OFlags::RDONLY) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                found => trusted(LOCK_FILE, found?.access),
            }
        };
        check().map_err(|cause| StateDirError { path: path.to_path_buf(), cause })
    }

    /// Puts this text in the place of the bans. It is on the disk when this returns.
    fn write(&self, text: &str) -> io::Result<()> {
        match rustix::fs::unlinkat(&self.folder, NEW_FILE, AtFlags::empty()) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            // What a server that crashed has left there is gone, or nothing was there.
            Ok(()) | Err(_) => {}
        }
        let new = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let Found { mut file, .. } = files::open_own(&self.folder, NEW_FILE, new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        rustix::fs::renameat(&self.folder, NEW_FILE, &self.folder, BANS_FILE)?;
        Ok(rustix::fs::fsync(&self.folder)?)
    }
}

/// The bans in the folder; none if there is no file.
fn read_bans(folder: &OwnedFd) -> io::Result<Bans> {
    match read(folder, BANS_FILE) {
        Ok(text) => {
            Bans::parse(&text).map_err(|wrong| io::Error::other(format!("{BANS_FILE}, {wrong}")))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Bans::default()),
        Err(error) => Err(error),
    }
}

/// Opens the folder, if it is ours alone.
fn open_folder(path: &Path) -> io::Result<OwnedFd> {
    // An empty one in its place would be a list without bans.
    files::can_keep(path)?;
    let (folder, access) = files::open_folder(path)?;
    let path = path.display();
    match access.own() {
        Ok(()) => Ok(folder),
        Err(distrust @ Distrust::Foreign(_)) => Err(io::Error::new(
            ErrorKind::PermissionDenied,
            format!(
                "it {distrust}; name a folder in it, which the server makes for itself: {path}/chinwag"
            ),
        )),
        Err(distrust @ Distrust::Writable) => {
            Err(io::Error::other(format!("it {distrust}: chmod go-w {path}")))
        }
    }
}

/// Takes the folder for this server alone.
fn lock(folder: &OwnedFd) -> io::Result<File> {
    let Found { file, access } = open(folder, LOCK_FILE, OFlags::RDWR | OFlags::CREATE)?;
    trusted(LOCK_FILE, access)?;
    file.try_lock().map_err(|error| match error {
        std::fs::TryLockError::WouldBlock => io::Error::other("another server uses it"),
        std::fs::TryLockError::Error(error) => error,
    })?;
    Ok(file)
}

/// Opens a file in it; what fails says which.
fn open(folder: &OwnedFd, name: &str, flags: OFlags) -> io::Result<Found> {
    files::open_own(folder, name, flags).map_err(|error| {
        let words = error.to_string();
        // "It is a link" is a sentence about the file.
        let words = words
            .strip_prefix("it is ")
            .map_or(format!("{name}: {words}"), |is| format!("{name} is {is}"));
        io::Error::new(error.kind(), words)
    })
}

/// That nobody else can have changed a file in it.
fn trusted(name: &str, access: Access) -> io::Result<()> {
    access.trusted().map_err(|distrust| io::Error::other(format!("{name} {distrust}")))
}

/// Reads a text that is not longer than bans can be.
fn read(folder: &OwnedFd, name: &str) -> io::Result<String> {
    let Found { file, access } = open(folder, name, OFlags::RDONLY)?;
    trusted(name, access)?;
    files::read_text(file, MAX_BAN_FILE_BYTES)
        .map_err(|error| io::Error::other(format!("{name}: {error}")))
}

/// The bans as they are to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// Counts up.
    version: u64,
    /// The text.
    text: Arc<str>,
}

/// What has become of a snapshot.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriteResult {
    /// Its number; those before it are settled with it.
    version: u64,
    /// Why it is not on the disk, if it is not.
    failed: Option<Arc<str>>,
}

/// Where the broker puts the bans for the ban writer. Dropped, it lets the ban writer write the last of them, and end.
#[derive(Debug)]
pub(crate) struct BanStore(watch::Sender<Snapshot>);

impl BanStore {
    /// Has this written, in place of all before it; gives its number.
    pub(crate) fn store(&self, text: String) -> u64 {
        let mut version = 0;
        self.0.send_modify(|snapshot| {
            version = snapshot.version + 1;
            *snapshot = Snapshot { version, text: text.into() };
        });
        version
    }
}

/// Where others see what has become of the snapshots.
#[derive(Clone, Debug)]
pub(crate) struct WriteStatus(watch::Receiver<WriteResult>);

impl WriteStatus {
    /// Waits until a snapshot is settled; why it could not be written, if so.
    pub(crate) async fn wait_for(&mut self, version: u64) -> Option<Arc<str>> {
        match self.0.wait_for(|result| result.version >= version).await {
            Ok(result) => result.failed.clone(),
            Err(_) => Some("the server has stopped".into()),
        }
    }
}

/// The ban writer of a folder, to be [run](BanWriter::run).
#[derive(Debug)]
pub(crate) struct BanWriter {
    /// The folder.
    state: Arc<StateDir>,
    /// What is to be written.
    snapshots: watch::Receiver<Snapshot>,
    /// Where it says what has become of that.
    results: watch::Sender<WriteResult>,
}

impl BanWriter {
    /// A ban writer of a folder, a ban store for it, and where its work can be seen.
    pub(crate) fn new(state: Arc<StateDir>) -> (Self, BanStore, WriteStatus) {
        let (ban_store, snapshots) = watch::channel(Snapshot::default());
        let (results, write_status) = watch::channel(WriteResult::default());
        (Self { state, snapshots, results }, BanStore(ban_store), WriteStatus(write_status))
    }

    /// Writes what is put on the ban store, until that is dropped and empty. The broker hears of what fails.
    pub(crate) async fn run(mut self, broker: Sender<Control>) {
        let mut failed = false;
        loop {
            select! {
                changed = self.snapshots.changed() => if changed.is_err() {
                    // The last chance.
                    if failed {
                        self.write(&broker).await;
                    }
                    break;
                },
                () = sleep(STORE_RETRY), if failed => {}
            }
            failed = !self.write(&broker).await;
        }
    }

    /// Writes the newest snapshot; whether that went well.
    async fn write(&mut self, broker: &Sender<Control>) -> bool {
        let Snapshot { version, text } = self.snapshots.borrow_and_update().clone();
        let state = Arc::clone(&self.state);
        let written = match spawn_blocking(move || state.write(&text)).await {
            Ok(written) => written.map_err(|error| error.to_string()),
            Err(panic) => Err(panic.to_string()),
        };
        let failed = written.err();
        if let Some(reason) = &failed {
            tracing::error!(target: "chinwag::ban_store", reason, "the bans cannot be written to the state directory");
            // A broker that is gone has nobody to tell.
            let _ = broker
                .send(Control::Admin(AdminCommand::BanStoreFailed { reason: reason.clone() }))
                .await;
        }
        let good = failed.is_none();
        self.results.send_replace(WriteResult { version, failed: failed.map(Into::into) });
        good
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::bans::{Ban, BanTarget};
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;
    use std::time::Duration;
    use whippet::sync::mpsc;
    use whippet::time::timeout;

    /// A path in which nothing is, and nothing stays.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(test: &str) -> Self {
            let name = format!("chinwag-state-{test}-{}", std::process::id());
            Self(std::env::temp_dir().join(name).join("deep"))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(self.0.parent().expect("a folder"));
        }
    }

    fn some_bans() -> Bans {
        let mut bans = Bans::default();
        let (target, reason) = (BanTarget::parse("mallory*").unwrap(), "\"spam\"".into());
        bans.add(Ban { target, until: Some(1_790_000_000), reason }, 0).unwrap();
        bans
    }

    #[test]
    fn written_bans_are_read_by_the_next_server() {
        let scratch = Scratch::new("written");
        let (state, bans) = StateDir::open(&scratch.0).unwrap();
        assert_eq!(bans, Bans::default());
        state.write(&some_bans().to_text()).unwrap();
        let mode = std::fs::metadata(scratch.0.join(BANS_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let second = StateDir::open(&scratch.0).unwrap_err();
        assert!(second.to_string().ends_with("another server uses it"), "{second}");
        drop(state);
        assert_eq!(StateDir::open(&scratch.0).unwrap().1, some_bans());
    }

    #[test]
    fn an_invalid_ban_file_is_rejected_and_left_alone() {
        let scratch = Scratch::new("garbage");
        drop(StateDir::open(&scratch.0).unwrap());
        for (text, reason) in [
            ("garbage".to_owned(), "bans, line 1: a target, a blank and an end are wanted"),
            ("#".repeat(MAX_BAN_FILE_BYTES as usize + 1), "bans: it is longer than"),
        ] {
            std::fs::write(scratch.0.join(BANS_FILE), &text).unwrap();
            let refused = StateDir::open(&scratch.0).unwrap_err();
            assert!(refused.to_string().contains(reason), "{refused}");
            assert_eq!(std::fs::read_to_string(scratch.0.join(BANS_FILE)).unwrap(), text);
        }
    }

    #[whippet::test]
    async fn the_ban_writer_writes_the_last_snapshot_before_it_ends() {
        let scratch = Scratch::new("last");
        let (state, _) = StateDir::open(&scratch.0).unwrap();
        let (ban_writer, ban_store, _) = BanWriter::new(Arc::new(state));
        let (broker, _orders) = mpsc::channel(1);
        ban_store.store(String::new());
        ban_store.store(some_bans().to_text());
        drop(ban_store);
        timeout(Duration::from_secs(60), ban_writer.run(broker)).await.expect("it ends");
        assert_eq!(StateDir::open(&scratch.0).unwrap().1, some_bans());
    }

    #[whippet::test]
    async fn a_failed_write_is_retried_at_the_end() {
        let scratch = Scratch::new("end");
        let (state, _) = StateDir::open(&scratch.0).unwrap();
        std::fs::create_dir(scratch.0.join(NEW_FILE)).unwrap();
        let (ban_writer, ban_store, mut write_status) = BanWriter::new(Arc::new(state));
        let (broker, _orders) = mpsc::channel(2);
        let ban_writer = whippet::spawn(ban_writer.run(broker));
        let version = ban_store.store(some_bans().to_text());
        let soon = Duration::from_secs(60);
        assert!(timeout(soon, write_status.wait_for(version)).await.expect("soon").is_some());
        // Long before it would be tried again.
        std::fs::remove_dir(scratch.0.join(NEW_FILE)).unwrap();
        drop(ban_store);
        timeout(soon, ban_writer).await.expect("it ends").expect("no panic");
        assert_eq!(StateDir::open(&scratch.0).unwrap().1, some_bans());
    }

    #[whippet::test]
    async fn a_failed_write_is_reported_and_retried() {
        let scratch = Scratch::new("full");
        let (state, _) = StateDir::open(&scratch.0).unwrap();
        // In the way of the new file, the user who runs this.
        std::fs::create_dir(scratch.0.join(NEW_FILE)).unwrap();
        let (ban_writer, ban_store, mut write_status) = BanWriter::new(Arc::new(state));
        let (broker, mut orders) = mpsc::channel(1);
        let ban_writer = whippet::spawn(ban_writer.run(broker));
        let version = ban_store.store(some_bans().to_text());
        let soon = Duration::from_secs(60);
        let told = timeout(soon, orders.recv()).await.expect("soon");
        assert!(
            matches!(told, Some(Control::Admin(AdminCommand::BanStoreFailed { .. }))),
            "{told:?}"
        );
        assert!(timeout(soon, write_status.wait_for(version)).await.expect("soon").is_some());
        std::fs::remove_dir(scratch.0.join(NEW_FILE)).unwrap();
        let again = ban_store.store(some_bans().to_text());
        assert_eq!(timeout(soon, write_status.wait_for(again)).await.expect("soon"), None);
        drop(ban_store);
        timeout(soon, ban_writer).await.expect("it ends").expect("no panic");
    }
}
