//! What makes a person an operator: a secret in a file of its own.
//!
//! It is compared in a time that does not depend on what was typed, and shown nowhere.

use crate::os::files::{self, BYTE_ORDER_MARK, Distrust, Found};
use crate::protocol::command::Attempt;
use crate::protocol::sanitize::sanitise;
use crate::server::address_limits::AddressBudget;
use crate::server::log_throttle::Seldom;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use subtle::ConstantTimeEq;

/// Fewest bytes: shorter ones are found by trying.
const LEAST: usize = 12;
/// Most bytes, so that all comparisons take the same time.
const MOST: usize = 256;
/// The variable that names a folder of secrets that the service manager has made for this service alone.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// Where container engines put secrets.
pub(crate) const CONTAINER_SECRETS: &str = "/run/secrets";

/// The secret.
#[derive(Clone)]
pub(crate) struct Secret {
    /// Its bytes, filled up with zeros.
    bytes: Box<[u8; MOST]>,
    /// How many they are.
    len: u64,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why there is no secret in a file.
#[derive(Debug)]
pub(crate) struct SecretError {
    /// The file.
    path: PathBuf,
    /// What is wrong with it.
    fault: Fault,
}

/// What can be wrong with a file.
#[derive(Debug)]
enum Fault {
    /// It cannot be read.
    Unreadable(io::Error),
    /// Others can have changed it.
    Distrusted(Distrust),
    /// Others can put another in its place.
    Exchangeable(io::Error),
    /// It holds no secret.
    Unfit(&'static str),
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.fault {
            Fault::Unreadable(error) => write!(f, "cannot read the secret in {path}: {error}"),
            Fault::Distrusted(why @ Distrust::Writable) => {
                write!(f, "the secret in {path} {why}: chmod go-w {path}")
            }
            Fault::Distrusted(why @ Distrust::Foreign(_)) => {
                write!(f, "the secret in {path} {why}: it must be root's or the server's own")
            }
            Fault::Exchangeable(why) => {
                write!(f, "the secret in {path} can be exchanged by others: {why}")
            }
            Fault::Unfit(words) => write!(f, "the secret in {path} is no secret: {words}"),
        }
    }
}

impl std::error::Error for SecretError {}

impl SecretError {
    /// Whether it is another user's file.
    pub(crate) fn is_anothers(&self) -> bool {
        matches!(&self.fault, Fault::Distrusted(Distrust::Foreign(_)))
    }

    /// Whether the process may not read the file.
    pub(crate) fn is_denied(&self) -> bool {
        matches!(&self.fault, Fault::Unreadable(error) if error.kind() == ErrorKind::PermissionDenied)
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

impl Secret {
    /// Reads it from a file: all of it, less the blanks around. Whether everybody may read that file is logged.
    ///
    /// # Errors
    /// The file cannot be read, others can have changed it, or it holds no secret.
    pub(crate) fn read(path: &Path) -> Result<Self, SecretError> {
        let (secret, doubt) = Self::look(path)?;
        if let Some(doubt) = doubt {
            tracing::warn!(target: "chinwag::oper", "{doubt}");
        }
        Ok(secret)
    }

    /// The same, without a log: the secret, and why it may be none to others.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn look(path: &Path) -> Result<(Self, Option<String>), SecretError> {
        let wrong = |fault| SecretError { path: path.to_path_buf(), fault };
        // No link is followed again that others could exchange meanwhile.
        let managed = managed(path);
        if managed.is_none() {
            files::can_keep(path).map_err(|why| match why.kind() {
                ErrorKind::Other => wrong(Fault::Exchangeable(why)),
                _ => wrong(Fault::Unreadable(why)),
            })?;
        }
        let read = || -> io::Result<_> {
            let Found { file, access } = files::open_regular(managed.as_deref().unwrap_or(path))?;
            // With blanks around it.
            Ok((access, files::read_text(file, 2 * MOST as u64)?))
        };
        let (access, text) = read().map_err(|error| wrong(Fault::Unreadable(error)))?;
        let mut doubt = None;
        if managed.is_none() {
            access.trusted().map_err(|why| wrong(Fault::Distrusted(why)))?;
            if access.is_readable_by_everybody() {
                let path = path.display();
                doubt = Some(format!(
                    "the secret in {path} can be read by everybody on this machine: chmod o-r {path}"
                ));
            }
        }
        let secret = Self::new(&text).map_err(|words| wrong(Fault::Unfit(words)))?;
        Ok((secret, doubt))
    }

    /// This text, less the blanks around.
    ///
    /// # Errors
    /// Why it is no secret.
    pub(crate) fn new(text: &str) -> Result<Self, &'static str> {
        let text = text.trim_start_matches(BYTE_ORDER_MARK).trim();
        if text.contains(char::is_control) {
            return Err("it is not one line that could be typed");
        }
        if sanitise(text) != text {
            return Err("it holds characters that nobody sees or types");
        }
        match text.len() {
            0..LEAST => Err("it is shorter than 12 bytes"),
            LEAST..=MOST => Ok(Self::packed(text)),
            _ => Err("it is longer than 256 bytes"),
        }
    }

    /// The first bytes of a text, filled up.
    fn packed(text: &str) -> Self {
        let mut bytes = Box::new([0; MOST]);
        let most = text.len().min(MOST);
        bytes[..most].copy_from_slice(&text.as_bytes()[..most]);
        Self { bytes, len: text.len() as u64 }
    }

    /// Whether somebody has typed it. It takes the same time whatever he has typed.
    pub(crate) fn is(&self, typed: &str) -> bool {
        self.is_as(&Self::packed(typed))
    }

    /// Whether another one is the same. It takes the same time whatever that is.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        let same = self.bytes.ct_eq(&*other.bytes) & self.len.ct_eq(&other.len);
        same.into()
    }
}

/// What `/oper` is tried on: the secret in force, or none. Whoever runs the server exchanges it, people's tasks look at it.
#[derive(Debug, Default)]
pub(crate) struct Lock(Mutex<Guarded>);

/// What the lock guards.
#[derive(Debug, Default)]
struct Guarded {
    /// The secret, if there is one.
    secret: Option<Secret>,
    /// When to speak of wrong ones.
    guesses: Seldom,
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tried {
    /// Whether it was the secret.
    pub(crate) attempt: Attempt,
    /// How many wrong ones the log is to hear of, if it is to hear now.
    pub(crate) told: Option<u64>,
}

impl Lock {
    /// With this secret.
    pub(crate) fn new(secret: Option<Secret>) -> Self {
        Self(Mutex::new(Guarded { secret, guesses: Seldom::default() }))
    }

    /// Puts another in its place.
    pub(crate) fn exchange(&self, secret: Option<Secret>) {
        self.guarded().secret = secret;
    }

    /// Tries what somebody has typed, if this address may try by now.
    pub(crate) fn attempt(&self, typed: &str, address: &AddressBudget, now: Instant) -> Tried {
        let untold = |attempt| Tried { attempt, told: None };
        // No lock is held while another is taken.
        let Some(secret) = self.guarded().secret.clone() else { return untold(Attempt::Useless) };
        if let Err(wait) = address.take_guess(now) {
            let seconds = wait.as_millis().div_ceil(1_000).try_into().unwrap_or(u16::MAX);
            return untold(Attempt::TooSoon { seconds });
        }
        if secret.is(typed) {
            address.give_guess_back();
            return untold(Attempt::Right);
        }
        Tried { attempt: Attempt::Wrong, told: self.guarded().guesses.tell(now) }
    }

    /// What it guards. Nothing is left half changed by a panic, so poison does not matter.
    fn guarded(&self) -> MutexGuard<'_, Guarded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::address_limits::AddressBudgets;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Duration;

    #[test]
    fn only_the_secret_is_the_secret() {
        let secret = Secret::new("correct horse battery\n").unwrap();
        assert!(secret.is("correct horse battery"));
        let long = "x".repeat(MOST + 1);
        for typed in
            ["", "correct horse batter", "correct horse battery ", "correct horse battery\0", &long]
        {
            assert!(!secret.is(typed), "{typed:?}");
        }
        let longest = Secret::new(&long[1..]).unwrap();
        assert!(longest.is(&long[1..]) && !longest.is(&long));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn an_address_that_guesses_is_made_to_wait() {
        let lock = Lock::new(Some(Secret::new("correct horse battery").unwrap()));
        let start = whippet::time::Instant::now().into_std();
        let mut addresses = AddressBudgets::new(start);
        let mut from = |address: &str| {
            let admitted = addresses.admit(address.parse().unwrap(), None, start);
            admitted.unwrap()
        };
        for [guesser, other] in [["10.0.0.1", "10.0.0.2"], ["127.0.0.1", "10.0.0.3"]] {
            let (address, other) = (from(guesser), from(other));
            let tried = |typed: &str, address: &AddressBudget, after| {
                lock.attempt(typed, address, start + Duration::from_secs(after)).attempt
            };
            assert_eq!(tried("correct horse battery", &address, 0), Attempt::Right);
            for _ in 0..3 {
                assert_eq!(tried("x", &address, 0), Attempt::Wrong);
            }
            // Not even the right one, and from another connection neither.
            let again = from(guesser);
            for typed in ["x", "correct horse battery"] {
                let wait = Attempt::TooSoon { seconds: 1 };
                assert_eq!(tried(typed, &address, 0), wait);
                assert_eq!(tried(typed, &again, 0), wait);
            }
            assert_eq!(tried("correct horse battery", &other, 0), Attempt::Right);
            assert_eq!(tried("x", &again, 1), Attempt::Wrong);
            assert_eq!(tried("x", &address, 1), Attempt::TooSoon { seconds: 2 });
            assert_eq!(tried("correct horse battery", &address, 3), Attempt::Right);
        }
        lock.exchange(None);
        assert_eq!(lock.attempt("x", &from("10.0.0.1"), start).attempt, Attempt::Useless);
    }

    #[test]
    fn the_log_hears_of_wrong_secrets_now_and_then() {
        let lock = Lock::new(Some(Secret::new("correct horse battery").unwrap()));
        let start = whippet::time::Instant::now().into_std();
        let mut addresses = AddressBudgets::new(start);
        let mut told = |number: u32, after| {
            let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + number).into();
            let address = addresses.admit(address, None, start).unwrap();
            lock.attempt("x", &address, start + Duration::from_secs(after)).told
        };
        assert_eq!(told(0, 0), Some(1));
        (1..1_000).for_each(|number| assert_eq!(told(number, 1), None));
        assert_eq!(told(1_000, 6), Some(1_000));
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        for text in ["", "short", "   elevenbytes   ", "two lines\nof a secret", &"x".repeat(257)] {
            assert!(Secret::new(text).is_err(), "{text:?}");
        }
        for unseen in ["correct\u{200b}horse battery", "correct horse \u{202e}battery"] {
            assert!(Secret::new(unseen).is_err(), "{unseen:?}");
        }
    }

    #[test]
    fn a_secret_that_an_editor_marked_can_be_typed() {
        let path = std::env::temp_dir().join(format!("chinwag-marked-{}", std::process::id()));
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            Secret::read(&path)
        };
        let marked = read(b"\xef\xbb\xbfcorrect horse battery\r\n").unwrap();
        assert!(marked.is("correct horse battery"));
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
            Secret::read(&path)
                .map(|secret| secret.is("correct horse battery"))
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
        Secret::read(path).unwrap_err().to_string()
    }
}
