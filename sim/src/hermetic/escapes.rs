//! What reaches out of a run: network connections, threads and processes. They are refused or noted, unless the program may.
//!
//! The `escape` oracle makes a violation of what is noted.

use std::backtrace::Backtrace;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::shared::{self, Shared, Thread, lock};
use super::{frames, host};

/// How much of a run's escapes is kept. Our choice: the first one is reported.
const KEPT: usize = 100;

/// A new thread gets so many of these pauses to name itself and to show what it is for. Our choice: only a run that ends with a
/// violation waits, and threads that wait end the pauses.
const PAUSE: Duration = Duration::from_millis(4);
const PAUSES: usize = 250;

/// What a program may be permitted to reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Network addresses and name look-ups.
    Sockets,
    /// Threads of its own.
    Threads,
    /// Other programs of the machine.
    Processes,
}

/// What a program did to reach out of its run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escape {
    /// What it needs a permission for.
    pub reach: Reach,
    /// What it did: `connected to 192.0.2.1:443`.
    pub deed: String,
    /// The program and its host, if they are known.
    pub host: Option<String>,
    /// Whether the program has looked for the configuration of a cluster before.
    pub seeks_cluster: bool,
    /// The line of its own code that did it, if that is known. Told of a run's first escape only.
    pub place: Option<String>,
}

/// An escape as it is noted, before anybody asks for its words.
pub(super) struct Noted {
    reach: Reach,
    deed: Deed,
    host: Option<Arc<host::HostIdentity>>,
    from: Backtrace,
}

enum Deed {
    Words(String),
    Thread(Arc<Thread>),
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => f.write_str(words),
            Self::Thread(thread) => match &*lock(&thread.name) {
                Some(name) => write!(f, "started the thread `{name}`"),
                None => f.write_str("started a thread without a name"),
            },
        }
    }
}

/// Whether this call has to be refused, which is noted in these words: a run must not reach what it asks for.
pub(super) fn refuses(reach: Reach, deed: impl FnOnce() -> String) -> bool {
    let refused = shared::with(|shared| {
        let forbidden = !is_permitted(shared, reach);
        if forbidden {
            note(shared, reach, Deed::Words(deed()));
        }
        forbidden
    });
    refused.unwrap_or(false)
}

/// Notes a new thread of this run.
pub(super) fn thread_started(thread: &Arc<Thread>) {
    shared::with(|shared| {
        if !is_permitted(shared, Reach::Threads) {
            note(shared, Reach::Threads, Deed::Thread(thread.clone()));
        }
    });
}

/// Code of a host that is not known may do what any program of the run may do.
fn is_permitted(shared: &Shared, reach: Reach) -> bool {
    host::current().map_or_else(|| shared.permits(reach), |host| host.permits(reach))
}

fn note(shared: &Shared, reach: Reach, deed: Deed) {
    if lock(&shared.noted).len() < KEPT {
        let noted = Noted { reach, deed, host: host::current(), from: Backtrace::force_capture() };
        lock(&shared.noted).push(noted);
    }
    shared.news.store(true, Ordering::Release);
}

/// Whether something was noted on this thread's run that nobody has taken.
pub fn has_news() -> bool {
    shared::with(|shared| shared.news.load(Ordering::Acquire)).unwrap_or(false)
}

/// Takes what has reached out of this thread's run since the last call. What tells most comes first: what a thread did rather than
/// that it was started.
pub fn take_escapes() -> Vec<Escape> {
    if !has_news() {
        return Vec::new();
    }
    let taken = shared::with(|shared| {
        shared.news.store(false, Ordering::Release);
        let is_first = !shared.told.swap(true, Ordering::Relaxed);
        if is_first && lock(&shared.noted).iter().any(|noted| noted.reach == Reach::Threads) {
            let_threads_show_themselves(shared);
        }
        let mut taken = std::mem::take(&mut *lock(&shared.noted));
        taken.sort_by_key(|noted| noted.reach == Reach::Threads);
        taken.into_iter().enumerate().map(|(n, noted)| noted.in_words(is_first && n == 0)).collect()
    });
    taken.unwrap_or_default()
}

impl Noted {
    fn in_words(self, with_place: bool) -> Escape {
        let places = if with_place { frames::own(&self.from) } else { Vec::new() };
        Escape {
            reach: self.reach,
            deed: self.deed.to_string(),
            seeks_cluster: self.host.as_ref().is_some_and(|host| host.seeks_cluster()),
            host: self.host.map(|host| host.to_string()),
            place: places.into_iter().next(),
        }
    }
}

/// Waits in real time until all threads of the run wait or have ended, but not long.
fn let_threads_show_themselves(shared: &Shared) {
    for _ in 0..PAUSES {
        #[allow(clippy::disallowed_methods, reason = "these threads run in real time")]
        thread::sleep(PAUSE);
        if lock(&shared.threads).iter().all(|thread| thread.rests.load(Ordering::Acquire)) {
            return;
        }
    }
}
