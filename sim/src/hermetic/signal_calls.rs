//! The interposed symbols by which programs set handlers of signals, and make socket pairs.
//!
//! A run keeps the handlers of all signals but those of faults, by which std reports stack overflows.

use std::ffi::{c_int, c_void};
use std::mem::{MaybeUninit, transmute, zeroed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use libc::{sighandler_t, siginfo_t, size_t, ucontext_t};

use super::{Hidden, missing};
use crate::hermetic::state;

pub(super) type SigAction =
    unsafe extern "C" fn(c_int, *const libc::sigaction, *mut libc::sigaction) -> c_int;
pub(super) type Signal = unsafe extern "C" fn(c_int, sighandler_t) -> sighandler_t;
pub(super) type SocketPair = unsafe extern "C" fn(c_int, c_int, c_int, *mut c_int) -> c_int;
type Handler = extern "C" fn(c_int);
type DetailedHandler = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);

/// The signals that Linux has (`_NSIG`).
const SIGNALS: size_t = 65;

/// Signals of faults, of the watchdog of a forked run, and those that nobody can handle.
const NOT_KEPT: &[c_int] = &[
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGABRT,
    libc::SIGSYS,
    libc::SIGKILL,
    libc::SIGSTOP,
];

/// The handlers that programs of this process have set, by signal.
static HANDLERS: Mutex<[Option<libc::sigaction>; SIGNALS]> = Mutex::new([None; SIGNALS]);

/// A pair of sockets that this process has made: the descriptor and the inode of each, and the arguments of the call.
struct Pair {
    ends: [(c_int, libc::ino_t); 2],
    arguments: [c_int; 3],
}

static PAIRS: Mutex<Vec<Pair>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The place of a signal whose handler the current run keeps.
fn kept(signal: c_int) -> Option<usize> {
    let is_kept = state::is_active() && !NOT_KEPT.contains(&signal);
    usize::try_from(signal).ok().filter(|place| is_kept && (1..SIGNALS).contains(place))
}

/// The handler of a signal, unless the default action is set, or none.
fn handler(signal: c_int) -> Option<libc::sigaction> {
    let action = lock(&HANDLERS).get(usize::try_from(signal).ok()?).copied().flatten()?;
    (!matches!(action.sa_sigaction, libc::SIG_DFL | libc::SIG_IGN)).then_some(action)
}

pub(in crate::hermetic) fn has_handler(signal: c_int) -> bool {
    handler(signal).is_some()
}

pub(in crate::hermetic) fn call_handler(signal: c_int) {
    let Some(action) = handler(signal) else { return };
    if action.sa_flags & libc::SA_SIGINFO == 0 {
        // SAFETY: a handler that was set without SA_SIGINFO has this type.
        return unsafe { transmute::<usize, Handler>(action.sa_sigaction) }(signal);
    }
    // SAFETY: both are plain data, for which zeros are valid.
    let (mut info, mut context) = unsafe { (zeroed::<siginfo_t>(), zeroed::<ucontext_t>()) };
    info.si_signo = signal;
    info.si_code = libc::SI_USER;
    // SAFETY: a handler that was set with SA_SIGINFO has this type.
    let handler = unsafe { transmute::<usize, DetailedHandler>(action.sa_sigaction) };
    handler(signal, &raw mut info, (&raw mut context).cast());
}

// SAFETY (of each symbol below): it has the name, arguments and answer of libc's definition, which callers expect; libc's
// definition answers outside a run.

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn sigaction(
    signal: c_int,
    new: *const libc::sigaction,
    old: *mut libc::sigaction,
) -> c_int {
    static HIDDEN: Hidden = Hidden::new(c"sigaction");
    if let Some(place) = kept(signal) {
        let slot = &mut lock(&HANDLERS)[place];
        if !old.is_null() {
            // SAFETY: sigaction(2) demands a writable action; zeros mean the default one.
            unsafe { old.write(slot.unwrap_or(zeroed())) };
        }
        if !new.is_null() {
            // SAFETY: sigaction(2) demands a readable action.
            *slot = Some(unsafe { new.read() });
        }
        return 0;
    }
    let hidden = HIDDEN.get();
    if hidden.is_null() {
        return missing();
    }
    // SAFETY: the symbol of this name in libc has this type; arguments are the caller's.
    unsafe { transmute::<*mut c_void, SigAction>(hidden)(signal, new, old) }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn signal(number: c_int, handler: sighandler_t) -> sighandler_t {
    static HIDDEN: Hidden = Hidden::new(c"signal");
    if let Some(place) = kept(number) {
        // SAFETY: zeros are an action without flags.
        let mut action = unsafe { zeroed::<libc::sigaction>() };
        action.sa_sigaction = handler;
        let old = lock(&HANDLERS)[place].replace(action);
        return old.map_or(libc::SIG_DFL, |old| old.sa_sigaction);
    }
    let hidden = HIDDEN.get();
    if hidden.is_null() {
        return missing() as sighandler_t;
    }
    // SAFETY: the symbol of this name in libc has this type; arguments are the caller's.
    unsafe { transmute::<*mut c_void, Signal>(hidden)(number, handler) }
}

/// Notes the pairs of the whole process, because `tokio::signal` makes its pair once, maybe before the first run.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn socketpair(
    domain: c_int,
    kind: c_int,
    protocol: c_int,
    ends: *mut c_int,
) -> c_int {
    // SAFETY: the arguments are the caller's.
    let answer = unsafe { real_socketpair([domain, kind, protocol], ends) };
    if answer == 0 {
        // SAFETY: socketpair(2) has filled both.
        let ends = unsafe { [ends.read(), ends.add(1).read()] };
        let mut pairs = lock(&PAIRS);
        pairs.retain(Pair::is_open);
        let ends = ends.map(|end| (end, inode(end).unwrap_or_default()));
        pairs.push(Pair { ends, arguments: [domain, kind, protocol] });
    }
    answer
}

/// # Safety
/// `ends` is writable for two descriptors.
unsafe fn real_socketpair([domain, kind, protocol]: [c_int; 3], ends: *mut c_int) -> c_int {
    static HIDDEN: Hidden = Hidden::new(c"socketpair");
    let hidden = HIDDEN.get();
    if hidden.is_null() {
        return missing();
    }
    // SAFETY: the symbol of this name in libc has this type; the rest is the caller's promise.
    unsafe { transmute::<*mut c_void, SocketPair>(hidden)(domain, kind, protocol, ends) }
}

/// The inode of an open descriptor.
fn inode(descriptor: c_int) -> Option<libc::ino_t> {
    let mut found = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: fstat(2) demands a writable stat, which it fills if it succeeds.
    unsafe { (libc::fstat(descriptor, found.as_mut_ptr()) == 0).then(|| found.assume_init().st_ino) }
}

impl Pair {
    fn is_open(&self) -> bool {
        self.ends.iter().all(|(descriptor, of)| inode(*descriptor) == Some(*of))
    }
}

pub(in crate::hermetic) fn renew_socket_pairs() {
    for pair in lock(&PAIRS).iter_mut().filter(|pair| pair.is_open()) {
        let mut new = [0; 2];
        // SAFETY: `new` is writable for two descriptors.
        if unsafe { real_socketpair(pair.arguments, new.as_mut_ptr()) } != 0 {
            continue;
        }
        for (new, (old, of)) in new.into_iter().zip(&mut pair.ends) {
            // SAFETY: both are open, and `old` keeps its number, for another socket of the same kind.
            unsafe {
                let flags = libc::fcntl(*old, libc::F_GETFD);
                let close = if flags & libc::FD_CLOEXEC == 0 { 0 } else { libc::O_CLOEXEC };
                libc::dup3(new, *old, close);
                libc::close(new);
            }
            *of = inode(*old).unwrap_or_default();
        }
    }
}
