//! Operator authentication: a secret in a file of its own.
//!
//! It is compared in a time that does not depend on what was typed, and shown nowhere.

use crate::os::files::{self, BYTE_ORDER_MARK, Distrust, Found};
use crate::protocol::command::OperOutcome;
use crate::protocol::sanitize::sanitize;
use crate::server::address_budgets::AddressBudget;
use crate::server::log_throttle::LogThrottle;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use subtle::ConstantTimeEq;

/// Fewest bytes: shorter ones are found by trying.
const MIN_BYTES: usize = 12;
/// Most bytes, so that all comparisons take the same time.
const MAX_BYTES: usize = 256;
/// The variable that names a folder of secrets that the service manager has made for this service alone.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// Where container engines put secrets.
pub(crate) const CONTAINER_SECRETS: &str = "/run/secrets";

/// The secret.
#[derive(Clone)]
pub(crate) struct OperSecret {
    /// Its bytes, filled up with zeros.
    bytes: Box<[u8; MAX_BYTES]>,
    /// How many they are.
    len: u64,
}

impl fmt::Debug for OperSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a file holds no secret that can be used.
#[derive(Debug)]
pub(crate) struct SecretError {
    /// The file.
    path: PathBuf,
    /// What is wrong with it.
    fault: SecretFault,
}

/// Why a text is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvalidSecret {
    /// It is not one line.
    NotOneLine,
    /// It holds characters that cannot be seen.
    Invisible,
    /// It has too few bytes.
    TooShort,
    /// It has too many bytes.
    TooLong,
}

impl fmt::Display for InvalidSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOneLine => "it is not one line that could be typed",
            Self::Invisible => "it holds characters that nobody sees or types",
            Self::TooShort => "it is shorter than 12 bytes",
            Self::TooLong => "it is longer than 256 bytes",
        })
    }
}

/// What can be wrong with a file.
#[derive(Debug)]
enum SecretFault {
    /// It cannot be read.
    Unreadable(io::Error),
    /// Others can have changed it.
    Untrusted(Distrust),
    /// Others can replace it.
    Replaceable(io::Error),
    /// It holds no secret.
    Invalid(InvalidSecret),
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.fault {
            SecretFault::Unreadable(error) => {
                write!(f, "cannot read the secret in {path}: {error}")
            }
            SecretFault::Untrusted(why @ Distrust::Writable) => {
                write!(f, "the secret in {path} {why}: chmod go-w {path}")
            }
            SecretFault::Untrusted(why @ Distrust::Foreign(_)) => {
                write!(f, "the secret in {path} {why}: it must be root's or the server's own")
            }
            SecretFault::Replaceable(why) => {
                write!(f, "the secret in {path} can be exchanged by others: {why}")
            }
            SecretFault::Invalid(why) => write!(f, "the secret in {path} is no secret: {why}"),
        }
    }
}

impl std::error::Error for SecretError {}

impl SecretError {
    /// Whether it is another user's file.
    pub(crate) fn is_foreign_owned(&self) -> bool {
        matches!(&self.fault, SecretFault::Untrusted(Distrust::Foreign(_)))
    }

    /// Whether the process may not read the file.
    pub(crate) fn is_denied(&self) -> bool {
        matches!(&self.fault, SecretFault::Unreadable(error) if error.kind() == ErrorKind::PermissionDenied)
    }
}

/// The folder of secrets that the service manager has made for this service, if there is one.
pub(crate) fn credentials() -> Option<PathBuf> {
    let folder = std::env::var_os(CREDENTIALS).map(PathBuf::from);
    folder.filter(|folder| folder.is_absolute())
}

/// Where a file lies at the end of its links, if a service manager or a container engine puts secrets there: whose they are and
/// what their modes are is its affair.
fn managed(path: &Path) -> Option<PathBuf> {
    let file = path.canonicalize().ok()?;
    let folders = credentials().into_iter().chain([PathBuf::from(CONTAINER_SECRETS)]);
    let mut folders = folders.filter_map(|folder| folder.canonicalize().ok());
    folders.any(|folder| file.starts_with(folder)).then_some(file)
}

impl OperSecret {
    /// Reads it from a file: all of it, less the blanks around. Whether everybody may read that file is logged.
    ///
    /// # Errors
    /// The file cannot be read, others can have changed it, or it holds no secret.
    pub(crate) fn read(path: &Path) -> Result<Self, SecretError> {
        let (secret, doubt) = Self::load(path)?;
        if let Some(doubt) = doubt {
            tracing::warn!(target: "chinwag::oper", "{doubt}");
        }
        Ok(secret)
    }

    /// The same, without a log: the secret, and a warning if others can read it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn load(path: &Path) -> Result<(Self, Option<String>), SecretError> {
        let wrong = |fault| SecretError { path: path.to_path_buf(), fault };
        // No link is followed again that others could replace meanwhile.
        let managed = managed(path);
        if managed.is_none() {
            files::can_keep(path).map_err(|why| match why.kind() {
                ErrorKind::Other => wrong(SecretFault::Replaceable(why)),
                _ => wrong(SecretFault::Unreadable(why)),
            })?;
        }
        let read = || -> io::Result<_> {
            let Found { file, access } = files::open_regular(managed.as_deref().unwrap_or(path))?;
            // With blanks around it.
            Ok((access, files::read_text(file, 2 * MAX_BYTES as u64)?))
        };
        let (access, text) = read().map_err(|error| wrong(SecretFault::Unreadable(error)))?;
        let mut doubt = None;
        if managed.is_none() {
            access.trusted().map_err(|why| wrong(SecretFault::Untrusted(why)))?;
            if access.is_readable_by_everybody() {
                let path = path.display();
                doubt = Some(format!(
                    "the secret in {path} can be read by everybody on this machine: chmod o-r {path}"
                ));
            }
        }
        let secret = Self::new(&text).map_err(|why| wrong(SecretFault::Invalid(why)))?;
        Ok((secret, doubt))
    }

    /// This text, less the blanks around.
    ///
    /// # Errors
    /// Why it is no secret.
    pub(crate) fn new(text: &str) -> Result<Self, InvalidSecret> {
        let text = text.trim_start_matches(BYTE_ORDER_MARK).trim();
        if text.contains(char::is_control) {
            return Err(InvalidSecret::NotOneLine);
        }
        if sanitize(text) != text {
            return Err(InvalidSecret::Invisible);
        }
        match text.len() {
            0..MIN_BYTES => Err(InvalidSecret::TooShort),
            MIN_BYTES..=MAX_BYTES => Ok(Self::packed(text)),
            _ => Err(InvalidSecret::TooLong),
        }
    }

    /// The first bytes of a text, filled up.
    fn packed(text: &str) -> Self {
        let mut bytes = Box::new([0; MAX_BYTES]);
        let most = text.len().min(MAX_BYTES);
        bytes[..most].copy_from_slice(&text.as_bytes()[..most]);
        Self { bytes, len: text.len() as u64 }
    }

    /// Whether this was typed. It takes the same time whatever was typed.
    pub(crate) fn matches(&self, typed: &str) -> bool {
        self.equals(&Self::packed(typed))
    }

    /// Whether another one is the same. It takes the same time whatever that is.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        let same = self.bytes.ct_eq(&*other.bytes) & self.len.ct_eq(&other.len);
        same.into()
    }
}

/// What `/oper` is checked by: the secret in force, or none. A reload replaces it, connection tasks check it.
#[derive(Debug, Default)]
pub(crate) struct OperAuthenticator(Mutex<State>);

/// What the mutex guards.
#[derive(Debug, Default)]
struct State {
    /// The secret, if there is one.
    secret: Option<OperSecret>,
    /// Throttles the log of wrong ones.
    wrong_log: LogThrottle,
}

/// The result of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AuthAttempt {
    /// The outcome for the user.
    pub(crate) outcome: OperOutcome,
    /// How many wrong ones to log, if it is to be logged now.
    pub(crate) log: Option<u64>,
}

impl OperAuthenticator {
    /// With this secret.
    pub(crate) fn new(secret: Option<OperSecret>) -> Self {
        Self(Mutex::new(State { secret, wrong_log: LogThrottle::default() }))
    }

    /// Replaces the secret.
    pub(crate) fn store(&self, secret: Option<OperSecret>) {
        self.lock().secret = secret;
    }

    /// Checks what was typed, if this address may guess by now.
    pub(crate) fn attempt(
        &self,
        typed: &str,
        address: &AddressBudget,
        now: Instant,
    ) -> AuthAttempt {
        let untold = |attempt| AuthAttempt { outcome: attempt, log: None };
        // The mutex is not held while another is locked.
        let Some(secret) = self.lock().secret.clone() else {
            return untold(OperOutcome::Disabled);
        };
        if let Err(wait) = address.take_guess(now) {
            let seconds = wait.as_millis().div_ceil(1_000).try_into().unwrap_or(u16::MAX);
            return untold(OperOutcome::Throttled { seconds });
        }
        if secret.matches(typed) {
            address.refund_guess();
            return untold(OperOutcome::Accepted);
        }
        AuthAttempt { outcome: OperOutcome::Rejected, log: self.lock().wrong_log.record(now) }
    }

    /// Its state. Nothing is left half changed by a panic, so poison does not matter.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::clock::now;
    use crate::server::address_budgets::AddressBudgets;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    #[test]
    fn only_the_secret_is_the_secret() {
        let secret = OperSecret::new("correct horse battery\n").unwrap();
        assert!(secret.matches("correct horse battery"));
        let long = "x".repeat(MAX_BYTES + 1);
        for typed in
            ["", "correct horse batter", "correct horse battery ", "correct horse battery\0", &long]
        {
            assert!(!secret.matches(typed), "{typed:?}");
        }
        let longest = OperSecret::new(&long[1..]).unwrap();
        assert!(longest.matches(&long[1..]) && !longest.matches(&long));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn an_address_that_guesses_is_made_to_wait() {
        let lock = OperAuthenticator::new(Some(OperSecret::new("correct horse battery").unwrap()));
        let start = now();
        let mut addresses = AddressBudgets::new(start);
        let mut from = |address: &str| {
            let admitted = addresses.admit(address.parse().unwrap(), None, start);
            admitted.unwrap()
        };
        for [guesser, other] in [["10.0.0.1", "10.0.0.2"], ["127.0.0.1", "10.0.0.3"]] {
            let (address, other) = (from(guesser), from(other));
            let tried = |typed: &str, address: &AddressBudget, after| {
                lock.attempt(typed, address, start + Duration::from_secs(after)).outcome
            };
            assert_eq!(tried("correct horse battery", &address, 0), OperOutcome::Accepted);
            for _ in 0..3 {
                assert_eq!(tried("x", &address, 0), OperOutcome::Rejected);
            }
            // Not even the right one, and from another connection neither.
            let again = from(guesser);
            for typed in ["x", "correct horse battery"] {
                let wait = OperOutcome::Throttled { seconds: 1 };
                assert_eq!(tried(typed, &address, 0), wait);
                assert_eq!(tried(typed, &again, 0), wait);
            }
            assert_eq!(tried("correct horse battery", &other, 0), OperOutcome::Accepted);
            assert_eq!(tried("x", &again, 1), OperOutcome::Rejected);
            assert_eq!(tried("x", &address, 1), OperOutcome::Throttled { seconds: 2 });
            assert_eq!(tried("correct horse battery", &address, 3), OperOutcome::Accepted);
        }
        lock.store(None);
        assert_eq!(lock.attempt("x", &from("10.0.0.1"), start).outcome, OperOutcome::Disabled);
    }

    #[test]
    fn the_log_hears_of_wrong_secrets_now_and_then() {
        let lock = OperAuthenticator::new(Some(OperSecret::new("correct horse battery").unwrap()));
        let start = now();
        let mut addresses = AddressBudgets::new(start);
        let mut told = |number: u32, after| {
            let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + number).into();
            let address = addresses.admit(address, None, start).unwrap();
            lock.attempt("x", &address, start + Duration::from_secs(after)).log
        };
        assert_eq!(told(0, 0), Some(1));
        (1..1_000).for_each(|number| assert_eq!(told(number, 1), None));
        assert_eq!(told(1_000, 6), Some(1_000));
    }

    #[test]
    fn an_invalid_secret_is_rejected() {
        for text in ["", "short", "   elevenbytes   ", "two lines\nof a secret", &"x".repeat(257)] {
            assert!(OperSecret::new(text).is_err(), "{text:?}");
        }
        for unseen in ["correct\u{200b}horse battery", "correct horse \u{202e}battery"] {
            assert!(OperSecret::new(unseen).is_err(), "{unseen:?}");
        }
    }

    #[test]
    fn a_secret_that_an_editor_marked_can_be_typed() {
        let path = std::env::temp_dir().join(format!("chinwag-marked-{}", std::process::id()));
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            OperSecret::read(&path)
        };
        let marked = read(b"\xef\xbb\xbfcorrect horse battery\r\n").unwrap();
        assert!(marked.matches("correct horse battery"));
        let utf16 = |mark: &[u8], big: bool| -> Vec<u8> {
            let units = "correct horse battery\r\n".encode_utf16();
            let bytes =
                units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
            mark.iter().copied().chain(bytes).collect()
        };
        for bytes in [
            utf16(b"\xff\xfe", false),
            utf16(b"\xfe\xff", true),
            utf16(b"", false),
            utf16(b"", true),
        ] {
            let refused = read(&bytes).unwrap_err().to_string();
            assert!(refused.ends_with("it is UTF-16 or no text; save it as UTF-8"), "{refused}");
        }
        let refused = read(b"correct horse b\xe4ttery").unwrap_err().to_string();
        assert!(refused.ends_with("byte 16 is no UTF-8; save it as UTF-8"), "{refused}");
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn a_file_that_others_may_change_is_refused() {
        let path = std::env::temp_dir().join(format!("chinwag-secret-{}", std::process::id()));
        std::fs::write(&path, "correct horse battery\n").unwrap();
        let told = |mode| {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            OperSecret::read(&path)
                .map(|secret| secret.matches("correct horse battery"))
                .map_err(|error| error.to_string())
        };
        for private in [0o600, 0o640, 0o644, 0o604] {
            assert_eq!(told(private), Ok(true), "{private:o}");
        }
        for open in [0o620, 0o602, 0o666] {
            let refused = told(open).unwrap_err();
            assert!(refused.ends_with(&format!("chmod go-w {}", path.display())), "{refused}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(told_gone(&path).starts_with("cannot read the secret in "));
    }

    fn told_gone(path: &Path) -> String {
        OperSecret::read(path).unwrap_err().to_string()
    }
}
