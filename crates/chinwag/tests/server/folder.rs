//! A folder of one test, which goes with it, and files in it.

use crate::support::TestServer;
use chinwag::Config;
use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The folder. Nobody else may use it, whatever the umask of the tests is.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// An empty one.
    pub(crate) fn new(test: &str) -> Self {
        let name = format!("chinwag-{test}-{}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        let _ = std::fs::remove_dir_all(&folder.0);
        folder.make("");
        folder
    }

    /// Where a thing in it is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The same as text.
    pub(crate) fn name(&self, name: &str) -> String {
        self.path(name).to_str().expect("UTF-8").to_owned()
    }

    /// Makes a folder in it.
    pub(crate) fn make(&self, name: &str) -> String {
        let path = if name.is_empty() { self.0.clone() } else { self.path(name) };
        DirBuilder::new().recursive(true).mode(0o700).create(&path).expect("a folder");
        path.to_str().expect("UTF-8").to_owned()
    }

    /// Writes a file, which is its owner's alone.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        self.write_with(name, text, 0o600)
    }

    /// Writes a file of this mode.
    pub(crate) fn write_with(&self, name: &str, text: &str, mode: u32) -> String {
        std::fs::write(self.path(name), text).expect("a file");
        self.mode(name, mode);
        self.name(name)
    }

    /// Gives a thing this mode.
    pub(crate) fn mode(&self, name: &str, mode: u32) {
        std::fs::set_permissions(self.path(name), Permissions::from_mode(mode)).expect("ours");
    }

    /// Puts a new file in the place of another, as editors do.
    pub(crate) fn replace(&self, name: &str, text: &str) {
        self.write(".new", text);
        std::fs::rename(self.path(".new"), self.path(name)).expect("one file system");
    }

    /// Makes a link, or puts it in the place of another in one step.
    pub(crate) fn link(&self, name: &str, target: impl AsRef<Path>) {
        std::os::unix::fs::symlink(target, self.path(".link")).expect("a link");
        std::fs::rename(self.path(".link"), self.path(name)).expect("one file system");
    }

    /// A server in this process that reads the secret of operators here when it starts: the folder is to outlive that.
    pub(crate) fn with_secret(&self, secret: &str) -> TestServer {
        self.write("oper", secret);
        let oper_file = Some(self.path("oper"));
        TestServer::with(Config { oper_file, ..Config::default() })
    }

    /// Makes a pipe with a name.
    pub(crate) fn pipe(&self, name: &str) {
        let made = std::process::Command::new("mkfifo").arg(self.path(name)).status();
        assert!(made.expect("mkfifo is there").success());
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
