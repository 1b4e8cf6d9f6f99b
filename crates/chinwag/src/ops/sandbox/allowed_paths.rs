//! What a server that has started still needs of the file system: what a reload reads, and where its state is written.
//!
//! Allowed are folders: that of the settings, or, if no file was named, those of the usual places, whether there is a file yet or
//! not; that of the secret, and the one in which the service manager puts secrets, for a reload may name the first one. A file
//! behind a link that leads out of its folder is allowed by itself.

use crate::os::files::{self, folder_of};
use crate::server::oper_secret;
use crate::settings::{Effective, Sources};
use std::io;
use std::path::{Path, PathBuf};

/// Most secrets of a container engine that are allowed without having been named.
const MAX_SECRETS: usize = 64;

/// What a server still needs of the file system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AllowedPaths {
    /// Files and folders in which it reads files.
    pub read: Vec<PathBuf>,
    /// Folders in which it replaces files.
    pub write: Vec<PathBuf>,
}

impl AllowedPaths {
    /// What these settings need, and what may be named by others that are read later.
    pub(crate) fn of(sources: &Sources, effective: &Effective) -> Self {
        let settings = &effective.settings;
        let mut allowed =
            Self { read: Vec::new(), write: settings.state_dir.iter().cloned().collect() };
        sources.paths().iter().chain(&settings.oper_file).for_each(|file| allowed.add_file(file));
        oper_secret::credentials().into_iter().for_each(|folder| allowed.add(folder));
        // One by one: a folder for everything in the container may hold what is for others, such as a token for its manager.
        let secrets = regular_files(Path::new(oper_secret::CONTAINER_SECRETS));
        secrets.into_iter().for_each(|file| allowed.add(file));
        allowed
    }

    /// A file that may be replaced by another of its name.
    fn add_file(&mut self, file: &Path) {
        // Beside a device there are other devices.
        if file.exists() && !file.is_file() {
            return self.add(file.to_path_buf());
        }
        let folder = folder_of(file);
        if let (Ok(target), Ok(real)) = (file.canonicalize(), folder.canonicalize())
            && !target.starts_with(real)
        {
            self.add(target);
        }
        // Below the root lies everything.
        let is_root = folder.canonicalize().is_ok_and(|folder| folder.parent().is_none());
        self.add(if is_root { file.to_path_buf() } else { folder });
    }

    fn add(&mut self, path: PathBuf) {
        if !self.read.contains(&path) {
            self.read.push(path);
        }
    }

    /// What else lies beside the files that are read, so that a process that was taken over could read it, too: a sentence
    /// for each folder.
    pub(crate) fn unexpected_neighbors(
        &self,
        sources: &Sources,
        effective: &Effective,
    ) -> Vec<String> {
        let secret = effective.settings.oper_file.iter();
        let files: Vec<_> = effective.file.iter().chain(secret).cloned().collect();
        let known: Vec<_> = files.iter().cloned().chain(sources.paths()).collect();
        let mut told: Vec<String> = Vec::new();
        for file in files.iter().filter(|file| file.is_file()) {
            let folder = folder_of(file);
            let is_managed = oper_secret::credentials().is_some_and(|other| other == folder);
            let Ok(Some(stranger)) = other_file_in(&folder, &known) else { continue };
            let sentence = format!(
                "{} lies beside {}, which the confined process can read, too: give it a folder of its own",
                file.display(),
                stranger.display()
            );
            if !is_managed && !told.iter().any(|other| other.ends_with(&sentence)) {
                told.push(sentence);
            }
        }
        told
    }
}

/// Something in a folder that is none of these files, nor the machinery by which volumes are exchanged: names that begin
/// with two dots, and other links to those files.
fn other_file_in(folder: &Path, known: &[PathBuf]) -> io::Result<Option<PathBuf>> {
    let known: Vec<_> = known.iter().filter_map(|file| file.canonicalize().ok()).collect();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_machinery = entry.file_name().to_string_lossy().starts_with("..");
        let is_known = entry.path().canonicalize().is_ok_and(|path| known.contains(&path));
        if !is_machinery && !is_known {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

/// The regular files in a folder, up to a number; none, if it is not there.
fn regular_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(|path| files::open_regular(path).is_ok()).take(MAX_SECRETS).collect()
}
