//! The distribution: the static program, the manual, completions, `contrib`, and the documents for users and operators.

mod shipped;

use self::shipped::{LICENCES, PAGES, README, rewrite};
use crate::tidy::links;
use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The target with a static C library.
const MUSL: &str = "x86_64-unknown-linux-musl";
/// The target that is used where the other is not installed.
const GLIBC: &str = "x86_64-unknown-linux-gnu";
/// The compiler's flag that links glibc statically.
const STATIC: &str = "-C target-feature=+crt-static";

/// The cargo profile of the program.
const PROFILE: &str = "dist";
/// The folder that everything is put into, below the target directory. `dist` there is what cargo builds in the profile.
const FOLDER: &str = "distrib";

/// Puts everything into `target/distrib`. True: it could.
pub(crate) fn run(root: &Path) -> bool {
    match dist(root) {
        Ok(folder) => {
            println!("{}", folder.display());
            true
        }
        Err(error) => {
            eprintln!("dist: {error}");
            false
        }
    }
}

fn dist(root: &Path) -> io::Result<PathBuf> {
    let folder = root.join("target").join(FOLDER);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(&folder)?,
    }
    fs::copy(program(root)?, folder.join("chinwag"))?;
    let pages = ["run", "--quiet", "--package", "chinwag", "--example", "manpages", "--"];
    cargo(root, pages.iter().map(OsStr::new).chain([folder.as_os_str()]), None)?;
    copy(&root.join("contrib"), &folder.join("contrib"))?;
    // The container's folder for its admin socket. A build of the image keeps its mode.
    DirBuilder::new().recursive(true).mode(0o700).create(folder.join("run/chinwag"))?;
    documents(root, &folder)?;
    Ok(folder)
}

/// Copies the documents.
fn documents(root: &Path, folder: &Path) -> io::Result<()> {
    for name in LICENCES {
        fs::copy(root.join(name), folder.join(name))?;
    }
    fs::write(folder.join("README.md"), README)?;
    let sources = links::files(root, Path::new(""));
    let mut shipped = links::files(folder, Path::new(""));
    shipped.extend(PAGES.map(str::to_owned));
    fs::create_dir_all(folder.join("docs"))?;
    for page in PAGES {
        let text = fs::read_to_string(root.join(page))?;
        fs::write(folder.join(page), rewrite(page, &text, &sources, &shipped))?;
    }
    Ok(())
}

/// Builds the static program; its path.
fn program(root: &Path) -> io::Result<PathBuf> {
    let installed = Command::new("rustup").args(["target", "list", "--installed"]).output();
    let has_musl = installed.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).lines().any(|line| line == MUSL)
    });
    let (target, flags) = if has_musl { (MUSL, None) } else { (GLIBC, Some(STATIC)) };
    if !has_musl {
        println!(
            "{MUSL} is not installed (rustup target add {MUSL}): linking glibc statically instead"
        );
    }
    // A folder of its own: with other flags everything in the usual one would be built again each time.
    let build = root.join("target/static");
    let arguments = ["build", "--profile", PROFILE, "--package", "chinwag", "--target", target];
    let arguments = arguments.into_iter().chain(["--target-dir"]);
    cargo(root, arguments.map(OsStr::new).chain([build.as_os_str()]), flags)?;
    Ok(build.join(target).join(PROFILE).join("chinwag"))
}

/// Runs cargo.
fn cargo<'a>(
    root: &Path,
    arguments: impl Iterator<Item = &'a OsStr>,
    flags: Option<&str>,
) -> io::Result<()> {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root).args(arguments);
    if let Some(flags) = flags {
        command.env("RUSTFLAGS", flags);
    }
    // Names of functions stay, for backtraces of panics; line tables would be three quarters of the program.
    command.env("CARGO_PROFILE_DIST_STRIP", "debuginfo");
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("cargo: {status}"))) }
}

/// Copies a folder recursively.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
