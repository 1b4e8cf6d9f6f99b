//! Confining the process once its doors are open: by Landlock the kernel refuses it all files but those it needs, and all
//! new TCP connections and listeners, whoever may have taken it over.

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError,
    RulesetStatus,
};
use std::path::{Path, PathBuf};

/// The newest rules that are asked for. A kernel that knows fewer keeps those.
const NEWEST: ABI = ABI::V5;

/// What a server still needs of the file system.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// Files and folders that it reads.
    pub read: Vec<PathBuf>,
    /// Folders that it writes into.
    pub write: Vec<PathBuf>,
}

/// Confines this thread and all that it starts from now on. Where the kernel cannot do that, nothing happens.
pub fn confine(needs: &Needs) {
    match restrict(needs) {
        Ok(RestrictionStatus { ruleset: RulesetStatus::NotEnforced, .. }) => {
            tracing::info!("not confined: this kernel has no Landlock");
        }
        Ok(status) => tracing::info!(rules = ?status.ruleset, "confined by Landlock"),
        Err(error) => tracing::info!(%error, "not confined"),
    }
}

/// Makes the rules and puts them in force.
fn restrict(needs: &Needs) -> Result<RestrictionStatus, RulesetError> {
    let rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .create()?;
    let rules = allow(rules, &needs.read, AccessFs::from_read(NEWEST))?;
    allow(rules, &needs.write, AccessFs::from_all(NEWEST))?.restrict_self()
}

/// Allows this below the paths; of those that are not there, nothing.
fn allow(
    mut rules: RulesetCreated,
    paths: &[PathBuf],
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    for path in paths {
        if let Ok(descriptor) = PathFd::new(path) {
            rules = rules.add_rule(PathBeneath::new(descriptor, access))?;
        }
    }
    Ok(rules)
}

/// The folder that a file lies in: a file may be exchanged by another of its name.
pub fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};

    /// What a confined thread can still do.
    #[expect(
        clippy::disallowed_methods,
        reason = "the rules are for a thread, and are tried from inside of it"
    )]
    fn tried(
        needs: &Needs,
        allowed: &Path,
        forbidden: &Path,
    ) -> Option<[Result<(), ErrorKind>; 5]> {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let address = listener.local_addr().expect("an address");
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let status = restrict(needs).expect("rules");
                let kind = |error: std::io::Error| error.kind();
                (status.ruleset != RulesetStatus::NotEnforced).then(|| {
                    [
                        File::open(allowed).map(drop).map_err(kind),
                        File::open(forbidden).map(drop).map_err(kind),
                        File::create(allowed.with_extension("new")).map(drop).map_err(kind),
                        TcpListener::bind("127.0.0.1:0").map(drop).map_err(kind),
                        TcpStream::connect(address).map(drop).map_err(kind),
                    ]
                })
            });
            thread.join().expect("no panic")
        })
    }

    #[test]
    fn a_confined_thread_reads_what_it_needs_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("chinwag-sandbox-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let allowed = folder.join("settings");
        File::create(&allowed).expect("a file");
        let needs = Needs { read: vec![folder.clone()], write: Vec::new() };
        let outcome = tried(&needs, &allowed, Path::new("/etc/hosts"));
        let writable = Needs { write: vec![folder.clone()], read: Vec::new() };
        let with_write = tried(&writable, &allowed, Path::new("/etc/hosts"));
        std::fs::remove_dir_all(&folder).expect("the test itself is free");
        let denied = Err(ErrorKind::PermissionDenied);
        match outcome {
            Some(outcome) => assert_eq!(outcome, [Ok(()), denied, denied, denied, denied]),
            None => eprintln!("skipped: this kernel has no Landlock"),
        }
        if let Some([reads, .., writes, _, _]) = with_write {
            assert_eq!((reads, writes), (Ok(()), Ok(())));
        }
    }
}
