//! What all threads of a run share: what reached out of the run, and the threads that programs have started.

use std::cell::Cell;
use std::ptr::null;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::escapes::{Noted, Reach};
use super::host::{self, HostIdentity};

/// The state of a run that its threads share.
#[derive(Default)]
pub(super) struct Shared {
    /// Whether something was noted that nobody has taken.
    pub(super) news: AtomicBool,
    /// Whether the place of an escape has been told. It takes long, and only the first escape is reported.
    pub(super) told: AtomicBool,
    pub(super) noted: Mutex<Vec<Noted>>,
    pub(super) threads: Mutex<Vec<Arc<Thread>>>,
    /// The addresses of unix sockets that listen in this run.
    pub(super) unix_sockets: Mutex<Vec<Vec<u8>>>,
    /// What any program of the run may reach, as bits.
    permitted: AtomicU8,
}

/// A thread that a program has started.
#[derive(Default)]
pub(super) struct Thread {
    pub(super) name: Mutex<Option<String>>,
    /// Whether it waits, or has ended.
    pub(super) rests: AtomicBool,
}

/// A thread's membership in a run.
pub(super) struct Member {
    shared: Arc<Shared>,
    thread: Arc<Thread>,
    host: Option<Arc<HostIdentity>>,
}

thread_local! {
    static SHARED: Cell<*const Shared> = const { Cell::new(null()) };
    static THREAD: Cell<*const Thread> = const { Cell::new(null()) };
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn permit(&self, reaches: &[Reach]) {
        let bits = reaches.iter().fold(0, |bits, reach| bits | 1 << *reach as u8);
        self.permitted.fetch_or(bits, Ordering::Relaxed);
    }

    /// Whether some program of the run may reach it.
    pub(super) fn permits(&self, reach: Reach) -> bool {
        self.permitted.load(Ordering::Relaxed) & (1 << reach as u8) != 0
    }
}

/// This thread enters a run.
pub(super) fn enter(shared: Arc<Shared>) {
    SHARED.set(Arc::into_raw(shared));
}

/// This thread leaves its run.
pub(super) fn leave() {
    host::forget();
    let shared = SHARED.replace(null());
    if !shared.is_null() {
        // SAFETY: `enter` made this pointer of an Arc, and nothing on this thread refers to it any more.
        drop(unsafe { Arc::from_raw(shared) });
    }
}

/// Gives the shared state of this thread's run to `read`; `None` on a thread of no run.
pub(super) fn with<T>(read: impl FnOnce(&Shared) -> T) -> Option<T> {
    let shared = SHARED.get();
    // SAFETY: the pointer is null or of an Arc that this thread holds until it leaves the run.
    unsafe { shared.as_ref() }.map(read)
}

/// Whether this thread belongs to a run: it is the run's own, or a program has started it.
pub(super) fn is_member() -> bool {
    !SHARED.get().is_null()
}

/// A member of this thread's run, for a thread that the program of this moment starts.
pub(super) fn new_member() -> Option<Member> {
    let shared = SHARED.get();
    if shared.is_null() {
        return None;
    }
    // SAFETY: as in `with`; the count stands for the new Arc.
    let shared = unsafe {
        Arc::increment_strong_count(shared);
        Arc::from_raw(shared)
    };
    let thread = Arc::new(Thread::default());
    lock(&shared.threads).push(thread.clone());
    Some(Member { shared, thread, host: host::current() })
}

impl Member {
    pub(super) fn thread(&self) -> &Arc<Thread> {
        &self.thread
    }

    /// This thread becomes the member. `self` must outlive what runs then.
    pub(super) fn begin(&self) {
        enter(self.shared.clone());
        THREAD.set(Arc::as_ptr(&self.thread));
        host::adopt(self.host.as_ref());
    }

    /// The thread has done its work.
    pub(super) fn end(self) {
        THREAD.set(null());
        leave();
        self.thread.rests.store(true, Ordering::Release);
    }
}

/// The thread of a program that runs here; `None` on a run's own thread and outside runs.
pub(super) fn this_thread() -> Option<&'static Thread> {
    // SAFETY: `begin` set the pointer, and the member lives until the thread ends.
    unsafe { THREAD.get().as_ref() }
}
