//! Confinement by a seccomp filter: the system calls that a server which has started never makes are refused.
//!
//! The list is of what is refused, not of what is allowed: what the C library and the allocator call differs from version to
//! version, and a server must not fail for a call that harms nobody. Refused are the ways out of the process: sockets other
//! than those that are accepted, other programs and processes, other privileges and namespaces, new code in its memory, and
//! what Landlock does not see (modes, owners, times and attributes of files). A refused call gives `EPERM`; one that is newer
//! than this list gives `ENOSYS`, as on a kernel that does not have it.
//!
//! The filter is a pure function of a process id, which a test runs call by call. The kernel remembers which calls it allows
//! whatever their arguments are, and does not run it for them.

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter_all_threads, sock_filter,
};
use std::collections::BTreeMap;

/// The last call that this list knows of, in the numbers that all architectures share: Linux 6.17 has no later one. Numbers
/// beyond it are also those of x86's x32, by which every call has a second number.
const NEWEST_CALL: u32 = 469;

/// Calls that are refused, whatever their arguments are.
const REFUSED: &[c_long] = &[
    // Sockets: those that are accepted, and pairs within the process, are all there will be.
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    // What makes system calls that no filter sees.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Other programs, and the memory, descriptors and signals of other processes.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    SYS_PROCESS_MADVISE,
    SYS_PROCESS_MRELEASE,
    libc::SYS_kcmp,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_tkill,
    libc::SYS_setpriority,
    libc::SYS_ioprio_set,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setattr,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
    // Memory and queues that processes share by name.
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semtimedop,
    libc::SYS_semctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    // What Landlock does not see of files, or what no server makes.
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    SYS_FCHMODAT2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    SYS_SETXATTRAT,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    SYS_REMOVEXATTRAT,
    SYS_FILE_SETATTR,
    libc::SYS_utimensat,
    libc::SYS_mknodat,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_inotify_add_watch,
    libc::SYS_fanotify_init,
    libc::SYS_fanotify_mark,
    // File systems and namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    SYS_OPEN_TREE,
    SYS_OPEN_TREE_ATTR,
    SYS_MOVE_MOUNT,
    SYS_FSOPEN,
    SYS_FSCONFIG,
    SYS_FSMOUNT,
    SYS_FSPICK,
    SYS_MOUNT_SETATTR,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_quotactl,
    SYS_QUOTACTL_FD,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    // Other users and rights.
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setfsuid,
    libc::SYS_setfsgid,
    libc::SYS_setgroups,
    libc::SYS_capset,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // The kernel and the machine.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_personality,
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_reboot,
    libc::SYS_vhangup,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
];

/// The same by the older names, which newer architectures do not have.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[c_long] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    libc::SYS_mknod,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_kexec_file_load,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: &[c_long] = &[];

// Numbers that not every C library's headers have; they are the same on all architectures.
const SYS_OPEN_TREE: c_long = 428;
const SYS_MOVE_MOUNT: c_long = 429;
const SYS_FSOPEN: c_long = 430;
const SYS_FSCONFIG: c_long = 431;
const SYS_FSMOUNT: c_long = 432;
const SYS_FSPICK: c_long = 433;
const SYS_PROCESS_MADVISE: c_long = 440;
const SYS_MOUNT_SETATTR: c_long = 442;
const SYS_QUOTACTL_FD: c_long = 443;
const SYS_PROCESS_MRELEASE: c_long = 448;
const SYS_FCHMODAT2: c_long = 452;
const SYS_SETXATTRAT: c_long = 463;
const SYS_REMOVEXATTRAT: c_long = 466;
const SYS_OPEN_TREE_ATTR: c_long = 467;
const SYS_FILE_SETATTR: c_long = 469;

// Arguments that `libc` does not name for every C library, from the kernel's headers.
/// Types into the terminal that a process was started from.
const TIOCSTI: u64 = 0x5412;
/// The same and more, of the machine's own console.
const TIOCLINUX: u64 = 0x541c;
/// Has another process told of input, by a signal.
const FIOSETOWN: u64 = 0x8901;
const SIOCSPGRP: u64 = 0x8902;

/// When a call is refused: one of these rules holds.
type Rules = Vec<SeccompRule>;
/// Why there is no filter.
type Failure = seccompiler::Error;

/// Confines all threads of the process; says in the log whether that was possible.
pub(super) fn restrict() {
    let filtered = filter(std::process::id()).and_then(|filter| apply_filter_all_threads(&filter));
    match filtered {
        Ok(()) => {
            tracing::info!(target: "chinwag::sandbox", "system calls are confined by seccomp")
        }
        Err(error) => {
            tracing::info!(target: "chinwag::sandbox", "system calls are not confined: {error}")
        }
    }
}

/// The filter of this process for this machine's architecture.
pub(super) fn filter(process: u32) -> Result<BpfProgram, Failure> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let mut rules: BTreeMap<i64, Rules> = BTreeMap::new();
    for &call in REFUSED.iter().chain(REFUSED_HERE) {
        rules.insert(call, Vec::new());
    }
    for (call, refused) in conditional(process.into())? {
        rules.insert(call, refused);
    }
    let refuse = SeccompAction::Errno(libc::EPERM as u32);
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, architecture)?;
    let refused: BpfProgram = filter.try_into()?;
    Ok([prelude().as_slice(), &refused].concat())
}

/// What comes before the list: calls that it does not know are unknown to the process, too. So is `clone3`, whose arguments no
/// filter can see: the C library then takes `clone`, which starts threads alone.
fn prelude() -> [sock_filter; 4] {
    let instruction = |code: u32, jt, jf, k| sock_filter { code: code as u16, jt, jf, k };
    let load_number = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let jump = libc::BPF_JMP | libc::BPF_K;
    let unknown = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;
    [
        instruction(load_number, 0, 0, 0),
        instruction(jump | libc::BPF_JGT, 1, 0, NEWEST_CALL),
        instruction(jump | libc::BPF_JEQ, 0, 1, libc::SYS_clone3 as u32),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, unknown),
    ]
}

/// Calls that are refused with some arguments only.
fn conditional(process: u64) -> Result<Vec<(c_long, Rules)>, Failure> {
    let new_process = all([none_of(0, libc::CLONE_THREAD as u64)?])?;
    let others = || all([not(0, process)?]);
    let code = |argument| all([any_of(argument, libc::PROT_EXEC as u64)?]);
    let opening = |argument| all([any_of(argument, libc::MSG_FASTOPEN as u64)?]);
    let terminal = [TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP];
    let owner = [libc::F_SETOWN as u64, F_SETOWN_EX, F_SETSIG];
    Ok(vec![
        (libc::SYS_clone, vec![new_process]),
        // Signals to itself, as when it aborts.
        (libc::SYS_kill, vec![others()?]),
        (libc::SYS_tgkill, vec![others()?]),
        (libc::SYS_rt_sigqueueinfo, vec![others()?]),
        (libc::SYS_rt_tgsigqueueinfo, vec![others()?]),
        (libc::SYS_prlimit64, vec![all([not(0, process)?, not(0, 0)?])?]),
        (libc::SYS_mmap, vec![code(2)?]),
        (libc::SYS_mprotect, vec![code(2)?]),
        (libc::SYS_pkey_mprotect, vec![code(2)?]),
        // A listener that is shut down can connect by sending.
        // A socket of datagrams can send to any path, whomever it is connected to.
        (libc::SYS_sendto, vec![opening(3)?, all([some_address(4)?])?]),
        (libc::SYS_socketpair, no_streams(1)?),
        (libc::SYS_sendmsg, vec![opening(2)?]),
        (libc::SYS_sendmmsg, vec![opening(3)?]),
        (libc::SYS_ioctl, one_of(1, &terminal)?),
        (libc::SYS_fcntl, one_of(1, &owner)?),
    ])
}

/// Chooses who hears of input by a signal, and by which.
const F_SETSIG: u64 = 10;
const F_SETOWN_EX: u64 = 15;

fn condition(argument: u8, is: SeccompCmpOp, value: u64) -> Result<SeccompCondition, Failure> {
    Ok(SeccompCondition::new(argument, SeccompCmpArgLen::Dword, is, value)?)
}

/// That an argument is another value.
fn not(argument: u8, value: u64) -> Result<SeccompCondition, Failure> {
    condition(argument, SeccompCmpOp::Ne, value)
}

/// That a bit is set in an argument.
fn any_of(argument: u8, bit: u64) -> Result<SeccompCondition, Failure> {
    condition(argument, SeccompCmpOp::MaskedEq(bit), bit)
}

/// That it is not.
fn none_of(argument: u8, bit: u64) -> Result<SeccompCondition, Failure> {
    condition(argument, SeccompCmpOp::MaskedEq(bit), 0)
}

/// That an address is given.
fn some_address(argument: u8) -> Result<SeccompCondition, Failure> {
    Ok(SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?)
}

/// A rule for each type of socket but streams, whatever flags stand beside it.
fn no_streams(argument: u8) -> Result<Rules, Failure> {
    const TYPE: u64 = 0xf;
    let others = (0..=TYPE).filter(|&kind| kind != libc::SOCK_STREAM as u64);
    others.map(|kind| all([condition(argument, SeccompCmpOp::MaskedEq(TYPE), kind)?])).collect()
}

/// Conditions that hold at once.
fn all<const N: usize>(conditions: [SeccompCondition; N]) -> Result<SeccompRule, Failure> {
    Ok(SeccompRule::new(conditions.into())?)
}

/// A rule for each of these values of an argument.
fn one_of(argument: u8, values: &[u64]) -> Result<Rules, Failure> {
    values.iter().map(|&value| all([condition(argument, SeccompCmpOp::Eq, value)?])).collect()
}
