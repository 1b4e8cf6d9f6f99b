//! Restricts the process once its listeners are open, in case it is taken over later.
//!
//! ```text
//!   settings ─► allowed paths: which files and folders ─► files: Landlock, for this thread and those that it starts
//!                                                 calls: seccomp, for all threads
//! ```
//!
//! Two layers, for each sees what the other does not: [`files`] knows which file a path leads to, [`calls`] which call is made.
//! What a kernel lacks is left out, and said in the log. What is still possible stands in SECURITY.md.

pub(crate) mod allowed_paths;
pub(crate) mod calls;
pub(crate) mod files;

pub(crate) use self::allowed_paths::AllowedPaths;

/// Confines this thread and all that it starts from now on, in both ways. Where the kernel cannot do that, nothing happens.
pub(crate) fn restrict_process(allowed: &AllowedPaths) {
    files::restrict(allowed);
    calls::restrict();
}

#[cfg(test)]
mod tests;
