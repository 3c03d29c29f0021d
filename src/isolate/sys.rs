//! The system calls of isolation `fork` that std lacks, and those that prepare our binary's memory. Each is behind a safe
//! function. This crate has no other unsafe code.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::{CommandExt, ExitStatusExt, parent_id};
use std::process::{Command, ExitStatus};
use std::ptr::null_mut;
#[cfg(feature = "cli")]
use std::sync::atomic::AtomicI32;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use libc::{c_int, c_ulong, pid_t};

/// The signal that ends a job whose time is over (see [`kill_after`]).
pub(super) const STUCK_SIGNAL: c_int = libc::SIGALRM;

fn checked(answer: c_int) -> io::Result<c_int> {
    if answer == -1 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

/// Forks this process; `None` in the new one. Only the calling thread exists there, so no other thread may hold a lock that
/// the new process needs. glibc takes care of its allocator's locks.
pub(super) fn fork() -> io::Result<Option<pid_t>> {
    // SAFETY: the callers are servers and zygotes, whose other threads (libtest's main thread) wait for this one.
    let child = checked(unsafe { libc::fork() })?;
    Ok((child != 0).then_some(child))
}

/// Waits for the end of a child. Returns its status as waitpid(2) gives it.
pub(super) fn wait(child: pid_t) -> io::Result<c_int> {
    let mut status = 0;
    loop {
        // SAFETY: `status` is writable.
        match checked(unsafe { libc::waitpid(child, &raw mut status, 0) }) {
            Ok(_) => return Ok(status),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The exit code in a status, if it has one.
pub(super) fn exit_code(status: c_int) -> Option<i32> {
    ExitStatus::from_raw(status).code()
}

/// The signal in a status, if one ended the process.
pub(super) fn ending_signal(status: c_int) -> Option<i32> {
    ExitStatus::from_raw(status).signal()
}

/// Ends this process at once: runs no destructors and no exit handlers, and does not flush buffers a second time.
pub(super) fn exit(code: i32) -> ! {
    // SAFETY: _exit(2) has no preconditions.
    unsafe { libc::_exit(code) }
}

/// Lets the kernel kill this process when its parent ends. Ends it now if the parent has ended.
pub(super) fn die_with(parent: u32) {
    // SAFETY: the arguments are those that prctl(2) asks for.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as c_ulong) };
    if parent_id() != parent {
        exit(0);
    }
}

/// Lets the kernel end this process with [`STUCK_SIGNAL`] after this wall-clock time.
pub(super) fn kill_after(time: Duration) {
    let once = libc::itimerval {
        it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 },
        it_value: libc::timeval { tv_sec: time.as_secs() as i64, tv_usec: time.subsec_micros().into() },
    };
    // SAFETY: `once` is readable, and a null pointer skips the old timer. The signal's default action ends the process.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const once, null_mut()) };
}

/// The signal that has come since [`catch_signals`]; 0: none.
#[cfg(feature = "cli")]
static CAUGHT: AtomicI32 = AtomicI32::new(0);

#[cfg(feature = "cli")]
extern "C" fn note_signal(signal: c_int) {
    CAUGHT.store(signal, Ordering::Relaxed);
}

/// From now on SIGINT and SIGTERM do not end this process: [`caught_signal`] tells of them. The second of a kind ends it.
#[cfg(feature = "cli")]
pub(super) fn catch_signals() {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        // SAFETY: an all-zero sigaction is valid: no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = note_signal as extern "C" fn(c_int) as usize;
        action.sa_flags = libc::SA_RESTART | libc::SA_RESETHAND;
        // SAFETY: `action` is readable, and its handler only stores to an atomic.
        unsafe { libc::sigaction(signal, &raw const action, null_mut()) };
    }
}

/// The number of the signal that has come, if one has.
#[cfg(feature = "cli")]
pub(super) fn caught_signal() -> Option<i32> {
    Some(CAUGHT.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
}

/// What [`on_alarm`] was given, as an address.
static ALARMED: AtomicUsize = AtomicUsize::new(0);
/// The thread that takes alarms; 0: none does.
static WORKER: AtomicU64 = AtomicU64::new(0);

/// Sets what happens at the first alarm of [`kill_after`], on the thread that called [`take_alarms`]. The second one ends the
/// process. No other thread is interrupted.
pub(super) fn on_alarm(alarmed: fn()) {
    ALARMED.store(alarmed as usize, Ordering::Relaxed);
    block_alarms(true);
    // SAFETY: the action is plain data; the handler and its flags are those that sigaction(2) asks for.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = alarm as extern "C" fn(c_int) as usize;
        action.sa_flags = libc::SA_NODEFER | libc::SA_RESETHAND | libc::SA_RESTART;
        libc::sigaction(STUCK_SIGNAL, &raw const action, null_mut());
    }
}

/// Alarms interrupt this thread from now on.
pub(super) fn take_alarms() {
    // SAFETY: pthread_self(3) has no preconditions.
    WORKER.store(unsafe { libc::pthread_self() } as u64, Ordering::Relaxed);
    block_alarms(false);
}

/// Alarms interrupt no thread from now on: the work is done.
pub(super) fn refuse_alarms() {
    block_alarms(true);
    WORKER.store(0, Ordering::Relaxed);
}

fn block_alarms(block: bool) {
    let how = if block { libc::SIG_BLOCK } else { libc::SIG_UNBLOCK };
    // SAFETY: the set is plain data, which sigemptyset(3) makes ready.
    unsafe {
        let mut alarm: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut alarm);
        libc::sigaddset(&raw mut alarm, STUCK_SIGNAL);
        libc::pthread_sigmask(how, &raw const alarm, null_mut());
    }
}

extern "C" fn alarm(signal: c_int) {
    let worker = WORKER.load(Ordering::Relaxed);
    // SAFETY: pthread_self(3) has no preconditions.
    let here = unsafe { libc::pthread_self() } as u64;
    let alarmed = ALARMED.load(Ordering::Relaxed);
    if worker == 0 || alarmed == 0 {
        return;
    }
    // SAFETY: the worker runs until it refuses alarms, and `on_alarm` stored a function of this type. Threads that a program has
    // started may get the alarm first.
    unsafe {
        if here == worker {
            std::mem::transmute::<usize, fn()>(alarmed)();
        } else {
            on_alarm(std::mem::transmute::<usize, fn()>(alarmed));
            libc::pthread_kill(worker as libc::pthread_t, signal);
        }
    }
}

/// Writes to a descriptor.
pub(super) fn write(file: RawFd, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: the bytes are readable for their length.
    let written = unsafe { libc::write(file, bytes.as_ptr().cast(), bytes.len()) };
    usize::try_from(written).map_err(|_| io::Error::last_os_error())
}

/// Switches core dumps off: hundreds of aborting jobs would fill the disk.
pub(super) fn refuse_core_dumps() {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `none` is readable; lowering a limit is always allowed.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
}

/// A file in memory. Writes go to its end.
pub(super) fn output_file() -> io::Result<File> {
    // SAFETY: the name ends in NUL.
    let number = checked(unsafe { libc::memfd_create(c"wavetank output".as_ptr(), libc::MFD_CLOEXEC) })?;
    // SAFETY: the descriptor is new, and nothing else owns it.
    let file = unsafe { File::from_raw_fd(number) };
    // SAFETY: F_SETFL takes an int. It appends because the driver truncates the file behind the writer's back.
    checked(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETFL, libc::O_APPEND) })?;
    Ok(file)
}

/// Redirects stdout and stderr of this process to the file.
pub(super) fn redirect_output(file: &File) -> io::Result<()> {
    for standard in [libc::STDOUT_FILENO, libc::STDERR_FILENO] {
        // SAFETY: both descriptors are open; std's handles of stdout and stderr stay valid under their numbers.
        checked(unsafe { libc::dup2(file.as_raw_fd(), standard) })?;
    }
    Ok(())
}

/// Prepares the start of a zygote: it inherits the descriptors, and its addresses are not random. Container runtimes often
/// refuse the latter; then addresses stay random, and nothing else changes.
pub(super) fn make_zygote(command: &mut Command, inherited: Vec<RawFd>) {
    let prepare = move || {
        for number in &inherited {
            // SAFETY: F_SETFD takes an int.
            checked(unsafe { libc::fcntl(*number, libc::F_SETFD, 0) })?;
        }
        // SAFETY: personality(2) takes any flags.
        unsafe { libc::personality(libc::ADDR_NO_RANDOMIZE as c_ulong) };
        Ok(())
    };
    // SAFETY: between fork and exec the closure only makes system calls, and allocates nothing.
    unsafe { command.pre_exec(prepare) };
}

/// Whether address randomisation is off for this process.
pub(super) fn addresses_are_fixed() -> bool {
    // personality(2): this value reads the flags and changes nothing.
    const ASK: c_ulong = 0xffff_ffff;
    // SAFETY: personality(2) takes any flags.
    let flags = unsafe { libc::personality(ASK) };
    flags != -1 && flags & libc::ADDR_NO_RANDOMIZE != 0
}

/// Takes a descriptor that this process inherited by [`make_zygote`]. The programs that it starts do not inherit it.
pub(super) fn inherited(number: RawFd) -> OwnedFd {
    // SAFETY: F_SETFD takes an int.
    unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
    // SAFETY: the driver opened it for this process, and we take it only once.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// Fills the gaps between this process's mappings, which depend on what it has done before. Later mappings then have the same
/// addresses in every process. This only helps with fixed addresses, and costs no memory.
pub(super) fn level_mappings() {
    // The kernel fills gaps from the top down. The room above the boundary suffices for all earlier mappings.
    const BOUNDARY: usize = 2 << 30;
    const PAGE: usize = 4 << 10;
    let reserve = |bytes: usize| {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping at an address that the kernel chooses touches no existing one.
        let start = unsafe { libc::mmap(null_mut(), bytes, libc::PROT_NONE, flags, -1, 0) };
        (start != libc::MAP_FAILED).then_some(start)
    };
    let mut floor = None;
    let mut bytes = BOUNDARY / 16;
    while bytes >= PAGE {
        while let Some(start) = reserve(bytes) {
            let floor = *floor.get_or_insert(start as usize & !(BOUNDARY - 1));
            if (start as usize) < floor {
                // SAFETY: `reserve` made this mapping, and nothing refers to it.
                unsafe { libc::munmap(start, bytes) };
                break;
            }
        }
        bytes /= 16;
    }
}

/// Keeps the memory that a run has freed for the next run. The system would clear and map it anew each time (measured: 4 % of
/// a sweep). Call it only while no other thread runs.
#[cfg(feature = "allocator")]
pub(super) fn keep_freed_memory() {
    /// `mi_option_purge_delay` of mimalloc.h, for which the crate has no name. -1 means never.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    // SAFETY: an option may be set while no other thread runs.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, -1) };
}

/// Copies the code of this program to huge pages and maps them in its place. If the system refuses, the code stays where it
/// is. A freshly linked file has small, scattered pages (measured: 12 % of a sweep). Call it only while no other thread runs.
#[cfg(feature = "allocator")]
pub(super) fn move_code_to_huge_pages() {
    /// A huge page of x86-64, and of AArch64 with pages of 4 KiB.
    const HUGE: usize = 2 << 20;
    let Some((start, end)) = own_code() else { return };
    let (start, end) = (start.next_multiple_of(HUGE), end / HUGE * HUGE);
    let Some(len) = end.checked_sub(start).filter(|len| *len > 0) else { return };
    let (room, writable) = (len + HUGE, libc::PROT_READ | libc::PROT_WRITE);
    // SAFETY: a new mapping at an address that the kernel chooses touches no existing one.
    let new =
        unsafe { libc::mmap(null_mut(), room, writable, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0) };
    if new == libc::MAP_FAILED {
        return;
    }
    let before = new.addr().next_multiple_of(HUGE) - new.addr();
    // SAFETY: the copy lies within the new memory and is as long as the code, which is mapped and readable. One system call
    // replaces the code by the same bytes, which are executable already.
    unsafe {
        let copy = new.byte_add(before);
        let moved = libc::madvise(copy, len, libc::MADV_HUGEPAGE) == 0 && {
            std::ptr::copy_nonoverlapping(start as *const u8, copy.cast(), len);
            libc::mprotect(copy, len, libc::PROT_READ | libc::PROT_EXEC) == 0 && {
                let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
                libc::mremap(copy, len, len, flags, start as *mut libc::c_void) != libc::MAP_FAILED
            }
        };
        if moved {
            libc::munmap(new, before);
            libc::munmap(copy.byte_add(len), HUGE - before);
        } else {
            libc::munmap(new, room);
        }
    }
}

/// The mapping of this program's code: its first address and its end.
#[cfg(feature = "allocator")]
fn own_code() -> Option<(usize, usize)> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let here = own_code as fn() -> Option<(usize, usize)> as usize;
    let mut code = maps.lines().filter_map(|line| {
        let (range, _) = line.split_once(' ').filter(|(_, rest)| rest.starts_with("r-x"))?;
        let (start, end) = range.split_once('-')?;
        Some((usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?))
    });
    code.find(|(start, end)| (*start..*end).contains(&here))
}
