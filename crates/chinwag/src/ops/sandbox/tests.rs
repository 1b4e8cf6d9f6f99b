//! What a confined thread can still do, tried from inside of it, and the filter of system calls run by hand.

use super::allowed_paths::AllowedPaths;
use super::calls::filter;
use super::files::{apply_rules, reading, writing};
use landlock::{AccessFs, RulesetStatus};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use seccompiler::{BpfProgram, apply_filter};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A folder of one test, which goes with it: it holds `read`, with a file and a folder in it, `state` and `outside`.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Self {
        let name = format!("chinwag-sandbox-{test}-{}", std::process::id());
        let scratch = Self(std::env::temp_dir().join(name));
        for folder in ["read/deep", "state"] {
            std::fs::create_dir_all(scratch.path(folder)).expect("a folder");
        }
        for file in ["read/settings", "read/deep/settings", "state/bans", "outside"] {
            File::create(scratch.path(file)).expect("a file");
        }
        scratch
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn allowed(&self) -> AllowedPaths {
        AllowedPaths { read: vec![self.path("read")], write: vec![self.path("state")] }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A process of its own, which does nothing until its standard input ends.
struct Other(Child);

impl Other {
    fn new() -> Self {
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        Self(command.spawn().expect("there is cat"))
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// What one of the two layers leaves possible.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    Landlock,
    Seccomp,
}

/// Does this in a thread that a layer confines; `None` where the kernel does not have it.
fn inside<T: Send>(
    layer: Layer,
    allowed: &AllowedPaths,
    act: impl FnOnce() -> T + Send,
) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let confined = match layer {
                Layer::Landlock => {
                    apply_rules(allowed).expect("rules").ruleset != RulesetStatus::NotEnforced
                }
                Layer::Seccomp => {
                    let filter = filter(std::process::id()).expect("a filter");
                    apply_filter(&filter).is_ok()
                }
            };
            confined.then(act)
        });
        let outcome = thread.join().expect("no panic");
        if outcome.is_none() {
            eprintln!("skipped: this kernel cannot confine a thread");
        }
        outcome
    })
}

/// Why something failed, or that it did not.
fn kind<T, E: Into<io::Error>>(outcome: Result<T, E>) -> Result<(), ErrorKind> {
    outcome.map(drop).map_err(|error| error.into().kind())
}

const DENIED: Result<(), ErrorKind> = Err(ErrorKind::PermissionDenied);

#[test]
fn what_a_reload_reads_can_be_read_and_nothing_else() {
    let scratch = Scratch::new("read");
    inside(Layer::Landlock, &scratch.allowed(), || {
        let open = |name| kind(File::open(scratch.path(name)));
        assert_eq!((open("read/settings"), open("read/deep/settings")), (Ok(()), Ok(())));
        for name in ["outside", "read", "read/deep", "state", "state/bans"] {
            assert_eq!(open(name), DENIED, "{name}");
        }
        assert_eq!(kind(std::fs::read_dir(scratch.path("read"))), DENIED);
        assert_eq!(kind(File::create(scratch.path("read/settings"))), DENIED);
        assert_eq!(kind(File::create(scratch.path("read/new"))), DENIED);
        assert_eq!(kind(File::open("/etc/hosts")), DENIED);
    });
}

#[test]
fn files_of_the_state_are_replaced_and_nothing_else_is_made() {
    let scratch = Scratch::new("state");
    let state = |name: &str| scratch.path("state").join(name);
    inside(Layer::Landlock, &scratch.allowed(), || {
        let new = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let open = |name: &str, flags| kind(rustix::fs::open(state(name), flags, Mode::RUSR));
        assert_eq!(open("bans.new", new), Ok(()));
        assert_eq!(kind(std::fs::rename(state("bans.new"), state("bans"))), Ok(()));
        assert_eq!(kind(std::fs::remove_file(state("bans"))), Ok(()));
        let make = |kind| {
            let mode = Mode::from_raw_mode(0o600);
            rustix::fs::mknodat(rustix::fs::CWD, state("made"), kind, mode, 0)
        };
        assert_eq!(kind(make(FileType::Fifo)), DENIED);
        assert_eq!(kind(make(FileType::CharacterDevice)), DENIED);
        assert_eq!(kind(make(FileType::Socket)), DENIED);
        assert_eq!(kind(std::fs::create_dir(state("made"))), DENIED);
        assert_eq!(kind(std::os::unix::fs::symlink("/", state("made"))), DENIED);
        assert_eq!(kind(std::fs::read_dir(state(""))), DENIED);
        assert_eq!(kind(std::fs::rename(scratch.path("outside"), state("made"))), DENIED);
    });
}

#[test]
fn no_program_is_executed_from_the_folders() {
    let scratch = Scratch::new("execute");
    let copies = [scratch.path("state/true"), scratch.path("read/true")];
    for copy in &copies {
        std::fs::copy("/bin/true", copy).expect("a program");
    }
    inside(Layer::Landlock, &scratch.allowed(), || {
        for copy in &copies {
            assert_eq!(kind(Command::new(copy).status()), DENIED);
        }
    });
}

#[test]
fn no_right_is_given_that_a_server_does_not_use() {
    assert_eq!(reading(), AccessFs::ReadFile);
    assert_eq!(writing(), AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::RemoveFile);
}

/// Whether this kernel is one that has scopes: Linux 6.12.
fn has_scopes() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("a kernel");
    let mut numbers = release.split(['.', '-']).map_while(|part| part.trim().parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(6), Some(12))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "sockets of the test, tried from inside")]
fn signals_and_abstract_sockets_stay_inside() {
    let other = Other::new();
    let name = format!("chinwag-sandbox-{}", std::process::id());
    let name = SocketAddr::from_abstract_name(name).expect("a name");
    let _listener = UnixListener::bind_addr(&name).expect("a listener");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("an address");
    let tried = inside(Layer::Landlock, &AllowedPaths::default(), || {
        (
            [kind(TcpListener::bind("127.0.0.1:0")), kind(TcpStream::connect(address))],
            [kind(UnixStream::connect_addr(&name)), kind(kill_process(other.pid(), Signal::CONT))],
        )
    });
    let Some((tcp, scoped)) = tried else { return };
    assert_eq!(tcp, [DENIED, DENIED]);
    if has_scopes() {
        assert_eq!(scoped, [DENIED, DENIED]);
    } else {
        eprintln!("skipped: this kernel's Landlock has no scopes");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "sockets of the test, tried from inside")]
fn new_sockets_programs_and_signals_to_others_are_refused() {
    let scratch = Scratch::new("calls");
    let other = Other::new();
    inside(Layer::Seccomp, &AllowedPaths::default(), || {
        assert_eq!(kind(UdpSocket::bind("127.0.0.1:0")), DENIED);
        assert_eq!(kind(TcpListener::bind("127.0.0.1:0")), DENIED);
        assert_eq!(kind(UnixDatagram::unbound()), DENIED);
        assert_eq!(kind(UnixListener::bind(scratch.path("state/socket"))), DENIED);
        assert_eq!(kind(Command::new("true").status()), DENIED);
        assert_eq!(kind(kill_process(other.pid(), Signal::CONT)), DENIED);
        assert_eq!(kind(rustix::process::test_kill_process(other.pid())), DENIED);
        let bans = scratch.path("state/bans");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        assert_eq!(kind(std::fs::set_permissions(&bans, mode)), DENIED);
        assert_eq!(kind(std::os::unix::fs::chown(&bans, Some(0), None)), DENIED);
        assert_eq!(kind(std::fs::hard_link(&bans, scratch.path("state/other"))), DENIED);
        // What the server does goes on: threads, pairs of sockets, files.
        assert_eq!(kind(UnixStream::pair()), Ok(()));
        assert_eq!(kind(File::open(&bans)), Ok(()));
        let threads = std::thread::scope(|scope| scope.spawn(|| 7).join().expect("no panic"));
        assert_eq!(threads, 7);
        assert_eq!(kind(rustix::process::test_kill_process(rustix::process::getpid())), Ok(()));
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "sockets of the test, tried from inside")]
fn a_listener_cannot_be_made_to_connect() {
    use rustix::net::{SendFlags, Shutdown, sendto, shutdown};
    let outside = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = outside.local_addr().expect("an address");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    shutdown(&listener, Shutdown::Both).expect("a listener");
    let fast_open = SendFlags::from_bits_retain(libc::MSG_FASTOPEN as u32);
    inside(Layer::Seccomp, &AllowedPaths::default(), || {
        assert_eq!(kind(sendto(&listener, b"out", fast_open, &address)), DENIED);
    });
    // Without the filter it can, or the kernel has its own reason: newer ones refuse it with EINVAL.
    let unfiltered = kind(sendto(&listener, b"out", fast_open, &address));
    assert!([Ok(()), Err(ErrorKind::InvalidInput)].contains(&unfiltered), "{unfiltered:?}");
}

#[test]
fn no_pair_of_datagram_sockets_leads_out() {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sendto, socketpair};
    use std::os::unix::net::UnixDatagram;
    let scratch = Scratch::new("datagrams");
    let path = scratch.path("read/outside");
    let outside = UnixDatagram::bind(&path).expect("a socket");
    let address = SocketAddrUnix::new(&path).expect("an address");
    let pair =
        |kind| socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).map(|pair| pair.0);
    let before = pair(SocketType::DGRAM).expect("a pair");
    inside(Layer::Seccomp, &AllowedPaths::default(), || {
        for kind in [SocketType::DGRAM, SocketType::SEQPACKET, SocketType::RAW] {
            assert_eq!(self::kind(pair(kind)), DENIED, "{kind:?}");
        }
        assert!(pair(SocketType::STREAM).is_ok());
        // Nor does one that was there before.
        let flags = rustix::net::SendFlags::empty();
        assert_eq!(kind(sendto(&before, b"out", flags, &address)), DENIED);
    });
    outside.set_nonblocking(true).expect("a socket");
    assert!(outside.recv(&mut [0; 8]).is_err(), "nothing came");
    // Without the filter it does.
    sendto(&before, b"out", rustix::net::SendFlags::empty(), &address).expect("sent");
    assert_eq!(outside.recv(&mut [0; 8]).expect("it came"), 3);
}

/// What a filter says to a call: the instructions that filters are made of, one by one.
fn judge(filter: &BpfProgram, call: i64, arguments: [u64; 6]) -> u32 {
    let native = if cfg!(target_arch = "x86_64") { 0xc000_003e } else { 0xc000_00b7 };
    let word = |offset: u32| match offset {
        0 => call as u32,
        4 => native,
        offset => {
            let argument = arguments[(offset as usize - 16) / 8];
            if offset.is_multiple_of(8) { argument as u32 } else { (argument >> 32) as u32 }
        }
    };
    let (mut at, mut value) = (0_usize, 0_u32);
    loop {
        let instruction = filter[at].clone();
        at += 1;
        let mut jump =
            |holds| at += usize::from(if holds { instruction.jt } else { instruction.jf });
        match u32::from(instruction.code) {
            0x20 => value = word(instruction.k),
            0x54 => value &= instruction.k,
            0x15 => jump(value == instruction.k),
            0x25 => jump(value > instruction.k),
            0x35 => jump(value >= instruction.k),
            0x45 => jump(value & instruction.k != 0),
            0x05 => at += instruction.k as usize,
            0x06 => return instruction.k,
            code => panic!("an instruction of code {code:#x}"),
        }
    }
}

const ALLOWED: u32 = libc::SECCOMP_RET_ALLOW;
const REFUSED: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

#[test]
fn the_filter_refuses_by_call_and_by_argument() {
    const OWN: u64 = 4_711;
    let filter = filter(OWN as u32).expect("a filter");
    let exec = u64::from(libc::PROT_EXEC as u32);
    let fast = u64::from(libc::MSG_FASTOPEN as u32);
    let thread = libc::CLONE_THREAD as u64;
    let others = u64::from(u32::MAX);
    for (call, arguments, verdict) in [
        (libc::SYS_kill, [OWN, 6, 0], ALLOWED),
        (libc::SYS_kill, [OWN + 1, 6, 0], REFUSED),
        (libc::SYS_kill, [0, 6, 0], REFUSED),
        (libc::SYS_kill, [others, 6, 0], REFUSED),
        (libc::SYS_tgkill, [OWN, 1, 6], ALLOWED),
        (libc::SYS_tgkill, [1, 1, 6], REFUSED),
        (libc::SYS_prlimit64, [0, 3, 0], ALLOWED),
        (libc::SYS_prlimit64, [OWN, 3, 0], ALLOWED),
        (libc::SYS_prlimit64, [1, 3, 0], REFUSED),
        (libc::SYS_clone, [thread | 0x3d_0e00, 0, 0], ALLOWED),
        (libc::SYS_clone, [17, 0, 0], REFUSED),
        (libc::SYS_clone3, [0, 88, 0], UNKNOWN),
        (libc::SYS_mmap, [0, 4096, 3], ALLOWED),
        (libc::SYS_mmap, [0, 4096, 3 | exec], REFUSED),
        (libc::SYS_mprotect, [0, 4096, 3], ALLOWED),
        (libc::SYS_mprotect, [0, 4096, exec], REFUSED),
        (libc::SYS_sendmsg, [5, 0, 0x4000], ALLOWED),
        (libc::SYS_sendmsg, [5, 0, 0x4000 | fast], REFUSED),
        (libc::SYS_ioctl, [0, 0x5421, 0], ALLOWED),
        (libc::SYS_ioctl, [0, 0x5412, 0], REFUSED),
        (libc::SYS_ioctl, [0, 0x541c, 0], REFUSED),
        (libc::SYS_fcntl, [3, 3, 0], ALLOWED),
        (libc::SYS_fcntl, [3, 8, 1], REFUSED),
        (libc::SYS_socket, [1, 2, 0], REFUSED),
        (libc::SYS_accept4, [3, 0, 0], ALLOWED),
        (libc::SYS_execve, [0, 0, 0], REFUSED),
        (libc::SYS_ptrace, [16, 1, 0], REFUSED),
        (libc::SYS_io_uring_setup, [8, 0, 0], REFUSED),
        (470, [0, 0, 0], UNKNOWN),
        // The second number of `socket` that x86 has.
        (0x4000_0029, [1, 2, 0], UNKNOWN),
    ] {
        let [first, second, third] = arguments;
        let judged = judge(&filter, call, [first, second, third, 0, 0, 0]);
        assert_eq!(judged, verdict, "{call} {arguments:x?}");
    }
    let sent = |flags| judge(&filter, libc::SYS_sendto, [3, 0, 8, flags, 0, 0]);
    assert_eq!((sent(0x4000), sent(0x4000 | fast)), (ALLOWED, REFUSED));
}

#[test]
fn the_filter_is_run_for_few_of_the_calls_of_a_server() {
    // The kernel runs no filter for what it allows whatever the arguments are: it looks no further than number and architecture.
    let filter = filter(1).expect("a filter");
    let with = |call, byte: u8| judge(&filter, call, [u64::from_ne_bytes([byte; 8]); 6]);
    for call in [
        libc::SYS_recvfrom,
        libc::SYS_epoll_pwait,
        libc::SYS_epoll_ctl,
        libc::SYS_accept4,
        libc::SYS_read,
        libc::SYS_write,
        libc::SYS_close,
        libc::SYS_futex,
        libc::SYS_timerfd_settime,
        libc::SYS_setsockopt,
        libc::SYS_getsockopt,
        libc::SYS_shutdown,
        libc::SYS_openat,
        libc::SYS_renameat,
        libc::SYS_fsync,
    ] {
        assert!((0..=u8::MAX).all(|byte| with(call, byte) == ALLOWED), "{call}");
    }
    // Found early: these are made for each line, and the kernel does run the filter for them.
    assert!(filter.len() < 1_000, "{}", filter.len());
}

#[test]
fn absent_files_have_their_folders_allowed_and_devices_stand_alone() {
    use crate::settings::Sources;
    let scratch = Scratch::new("allowed");
    let link = scratch.path("read/link");
    std::os::unix::fs::symlink(scratch.path("outside"), &link).expect("a link");
    let allowed = |config: PathBuf| {
        let sources = Sources { config: Some(config), ..Sources::default() };
        AllowedPaths::of(&sources, &sources.combine(None).expect("defaults")).read
    };
    assert!(allowed(scratch.path("read/absent")).contains(&scratch.path("read")));
    let null = allowed(PathBuf::from("/dev/null"));
    assert!(null.contains(&PathBuf::from("/dev/null")) && !null.contains(&PathBuf::from("/dev")));
    let below_root = allowed(PathBuf::from("/chinwag.toml"));
    assert!(below_root.contains(&PathBuf::from("/chinwag.toml")), "{below_root:?}");
    assert!(!below_root.contains(&PathBuf::from("/")), "that would be everything");
    let linked = allowed(link);
    let target = scratch.path("outside").canonicalize().expect("a file");
    assert!(linked.contains(&target) && !linked.contains(&scratch.path("")));
    let mut usual = Sources::default();
    usual.environment.xdg_config_home = Some(PathBuf::from("/nowhere"));
    let usual = AllowedPaths::of(&usual, &usual.combine(None).expect("defaults")).read;
    assert_eq!(usual[..2], ["/nowhere/chinwag", "/etc/chinwag"].map(PathBuf::from));
}

#[test]
fn opening_for_writing_needs_the_folder_of_the_state() {
    let scratch = Scratch::new("flags");
    inside(Layer::Landlock, &scratch.allowed(), || {
        let open = |name, flags| kind(rustix::fs::open(scratch.path(name), flags, Mode::empty()));
        assert_eq!(open("state/bans", OFlags::WRONLY), Ok(()));
        assert_eq!(open("state/bans", OFlags::WRONLY | OFlags::TRUNC), DENIED);
        assert_eq!(open("read/settings", OFlags::RDWR), DENIED);
    });
}
