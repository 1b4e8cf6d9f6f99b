//! Confinement by [Landlock](https://landlock.io): which files may be read and written, no new TCP connections and
//! listeners, and no signals or abstract Unix sockets across its border.
//!
//! A rule binds what a path leads to at the start, not the path. That is why rules are for folders: the files in them may be
//! replaced by others of the same name, and by links within the folder. In none of them anything is listed or executed, no
//! device is spoken to, and no folder, link, socket, FIFO or device is made.

use super::AllowedPaths;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError,
    RulesetStatus, Scope,
};
use std::path::PathBuf;

/// The newest rules that are asked for: signals and abstract sockets. A kernel that knows fewer keeps those.
const NEWEST: ABI = ABI::V6;

/// What may be done below a path that is read.
pub(super) fn reading() -> BitFlags<AccessFs> {
    AccessFs::ReadFile.into()
}

/// What may be done below the folder that is written: a file is made, takes the place of another, or is removed.
pub(super) fn writing() -> BitFlags<AccessFs> {
    AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::RemoveFile
}

/// Confines this thread and all that it starts from now on; says in the log how far.
pub(super) fn restrict(allowed: &AllowedPaths) {
    match apply_rules(allowed) {
        Ok(RestrictionStatus { ruleset: RulesetStatus::NotEnforced, .. }) => {
            tracing::info!(target: "chinwag::sandbox", "files are not confined: this kernel has no Landlock");
        }
        Ok(RestrictionStatus { ruleset: RulesetStatus::PartiallyEnforced, .. }) => {
            tracing::info!(
                target: "chinwag::sandbox", "confined by Landlock as far as this kernel has it: all of it needs Linux 6.12"
            );
        }
        Ok(status) => {
            tracing::info!(target: "chinwag::sandbox", rules = ?status.ruleset, "confined by Landlock")
        }
        Err(error) => tracing::info!(target: "chinwag::sandbox", %error, "files are not confined"),
    }
    for absent in allowed.read.iter().filter(|path| !path.exists()) {
        let absent = absent.display();
        tracing::info!(
            target: "chinwag::sandbox", "{absent} is not there; what is put there later is read with the next start"
        );
    }
}

/// Makes the rules and puts them in force for this thread.
pub(super) fn apply_rules(allowed: &AllowedPaths) -> Result<RestrictionStatus, RulesetError> {
    let rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?;
    let rules = allow(rules, &allowed.read, reading())?;
    allow(rules, &allowed.write, writing())?.restrict_self()
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
