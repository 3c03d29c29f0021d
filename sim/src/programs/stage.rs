//! The stage on which programs run. It polls their root futures, notices when all of them wait, and keeps tokio's paused
//! clock in step with the engine's.
//!
//! Each run has one `current_thread` runtime of tokio, which calls a park hook when no task is ready. The stage polls the root
//! futures in order of address: so the order inside an instant is ours. While a run waits, the only timer beside those of
//! programs is the one for the engine's next event; tokio advances its paused clock to whichever is first.
//!
//! Real: processes on many machines, each with threads. Modelled: all programs of a run share one thread, and computing
//! takes no virtual time. Differs: nothing preempts a program; one that never awaits blocks the run.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::Instant;

use super::Switchboard;
use super::program::{ExitResult, Root};
use crate::engine::Time;
use crate::hermetic::{self, HostIdentity};
use crate::wire::Addr;

/// After this many polls of root futures without time passing, a program counts as a loop (oracle `hot_loop`). Our choice: far
/// more than any program needs for the work of one instant.
const POLL_LIMIT: u64 = 1_000_000;

/// What the runtime's park hook and the stage share.
#[derive(Default)]
struct Idle {
    /// How many root futures were woken and not yet polled.
    woken: AtomicUsize,
    /// Whether the stage waits until no task is ready.
    wanted: AtomicBool,
    /// Whether that has come.
    quiet: AtomicBool,
    /// Wakes the task that waits on the stage.
    waiter: Mutex<Option<Waker>>,
}

impl Idle {
    fn wake(&self) {
        let waiter = self.waiter.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    fn register(&self, waiter: &Waker) {
        *self.waiter.lock().unwrap_or_else(PoisonError::into_inner) = Some(waiter.clone());
    }

    /// The runtime has no task to run.
    fn on_park(&self) {
        if self.wanted.load(Ordering::Relaxed) && self.woken.load(Ordering::Relaxed) == 0 {
            self.wanted.store(false, Ordering::Relaxed);
            self.quiet.store(true, Ordering::Relaxed);
            self.wake();
        }
    }
}

/// The waker of one root future.
struct RootWaker {
    woken: AtomicBool,
    idle: Arc<Idle>,
}

impl Wake for RootWaker {
    fn wake(self: Arc<Self>) {
        if !self.woken.swap(true, Ordering::Relaxed) {
            self.idle.woken.fetch_add(1, Ordering::Relaxed);
            self.idle.wake();
        }
    }
}

/// A program that has not ended.
struct RunningProgram {
    root: Root,
    waker: Arc<RootWaker>,
    identity: Arc<HostIdentity>,
}

/// How a program ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// Its root future returned.
    Exit(ExitResult),
    /// Its root future panicked, with this message.
    Panic(String),
}

/// The programs of one run, on their runtime.
#[derive(derive_more::Debug)]
#[debug("Stage({:?})", programs.keys())]
pub struct Stage {
    programs: BTreeMap<Addr, RunningProgram>,
    idle: Arc<Idle>,
    switchboard: Arc<Switchboard>,
    origin: Instant,
    start: Time,
    ended: Vec<(Addr, Ended)>,
    /// Polls since the stage began to settle.
    polls: u64,
}

/// What ended a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Woken {
    /// The time that was waited for.
    Due,
    /// A program did something before that time.
    Active,
}

/// Builds the runtime of one run and runs `body` on it, with a stage whose clock starts at `start`. Whenever tokio's clock may
/// have moved, the runtime calls `clock` with the nanoseconds since the start, before any program runs.
pub fn on_stage<T>(start: Time, clock: fn(u64), body: impl AsyncFnOnce(Stage) -> T) -> std::io::Result<T> {
    let idle = Arc::new(Idle::default());
    let origin = Arc::new(OnceLock::<Instant>::new());
    let (hook, still, started) = (idle.clone(), idle.clone(), origin.clone());
    let unpark = move || {
        // No time has passed if the runtime parked only to report that no task is ready.
        if let Some(origin) = started.get()
            && !still.quiet.load(Ordering::Relaxed)
        {
            clock(u64::try_from(origin.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
    };
    // Signals, sockets and pipes of programs need the I/O driver. It is there if the program's crates switch it on.
    let runtime: Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .on_thread_park(move || hook.on_park())
        .on_thread_unpark(unpark)
        .build()?;
    let played = runtime.block_on(async {
        let switchboard = Arc::new(Switchboard::default());
        let stage = Stage {
            programs: BTreeMap::new(),
            idle,
            switchboard,
            origin: *origin.get_or_init(Instant::now),
            start,
            ended: Vec::new(),
            polls: 0,
        };
        body(stage).await
    });
    // A thread that a program has started may never end: the run does not wait for it.
    runtime.shutdown_background();
    Ok(played)
}

impl Stage {
    /// The inbox for the calls of this stage's hosts.
    pub(crate) fn switchboard(&self) -> &Arc<Switchboard> {
        &self.switchboard
    }

    /// Whether any program runs.
    pub fn is_empty(&self) -> bool {
        self.programs.is_empty()
    }

    /// Whether a program has reached out of the run since somebody looked.
    pub(crate) fn has_escaped(&self) -> bool {
        hermetic::has_news()
    }

    /// The programs' clock.
    pub fn now(&self) -> Time {
        let elapsed = Instant::now().duration_since(self.origin);
        self.start + u64::try_from(elapsed.as_millis()).expect("a run is shorter than ages")
    }

    /// Starts a program. It is first polled when the stage settles.
    pub(crate) fn add(&mut self, addr: Addr, root: Root, identity: Arc<HostIdentity>) {
        let waker = Arc::new(RootWaker { woken: AtomicBool::new(false), idle: self.idle.clone() });
        waker.clone().wake();
        self.programs.insert(addr, RunningProgram { root, waker, identity });
        self.say_who_lives();
    }

    fn say_who_lives(&self) {
        hermetic::set_living(self.programs.values().map(|program| &program.identity));
    }

    /// Drops a program's root future where it stands.
    pub(crate) fn remove(&mut self, addr: Addr) {
        if let Some(RunningProgram { root, waker, identity }) = self.programs.remove(&addr) {
            self.disarm(&waker);
            hermetic::as_host(&identity, || drop(root));
            self.say_who_lives();
        }
    }

    /// The program no longer counts as woken.
    fn disarm(&self, waker: &RootWaker) {
        if waker.woken.swap(true, Ordering::Relaxed) {
            self.idle.woken.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Takes the programs that ended by themselves.
    pub fn take_ended(&mut self) -> Vec<(Addr, Ended)> {
        std::mem::take(&mut self.ended)
    }

    /// Runs all programs and their tasks until none is ready, without time passing. False: some are still ready after
    /// [`POLL_LIMIT`] polls.
    pub async fn settle(&mut self) -> bool {
        self.polls = 0;
        poll_fn(|cx| self.poll_settle(cx)).await
    }

    fn poll_settle(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.idle.register(cx.waker());
        while self.idle.woken.load(Ordering::Relaxed) > 0 {
            self.idle.quiet.store(false, Ordering::Relaxed);
            self.poll_woken();
            if self.polls > POLL_LIMIT {
                return Poll::Ready(false);
            }
        }
        if self.idle.quiet.swap(false, Ordering::Relaxed) {
            return Poll::Ready(true);
        }
        self.idle.wanted.store(true, Ordering::Relaxed);
        Poll::Pending
    }

    fn poll_woken(&mut self) {
        let programs = self.programs.iter();
        let woken = programs.filter(|(_, program)| program.waker.woken.load(Ordering::Relaxed));
        for addr in woken.map(|(addr, _)| *addr).collect::<Vec<_>>() {
            let Some(program) = self.programs.get_mut(&addr) else { continue };
            program.waker.woken.store(false, Ordering::Relaxed);
            self.idle.woken.fetch_sub(1, Ordering::Relaxed);
            self.polls += 1;
            let waker = Waker::from(program.waker.clone());
            let (root, identity) = (program.root.as_mut(), program.identity.clone());
            let poll = || catch_unwind(AssertUnwindSafe(|| root.poll(&mut Context::from_waker(&waker))));
            let polled = hermetic::as_host(&identity, poll);
            let ended = match polled {
                Ok(Poll::Pending) => continue,
                Ok(Poll::Ready(exit)) => Ended::Exit(exit),
                Err(panic) => Ended::Panic(panic_text(panic.as_ref())),
            };
            self.remove(addr);
            self.ended.push((addr, ended));
        }
    }

    /// Brings the programs' clock up to `time` without polling a program: the clock stands still while none runs.
    pub async fn catch_up(&mut self, time: Time) {
        if self.now() < time {
            tokio::time::sleep_until(self.origin + Duration::from_millis(time.since(self.start))).await;
        }
    }

    /// Waits until `time`, or until a program does something earlier.
    pub async fn until(&mut self, time: Time) -> Woken {
        let ms = time.since(self.start);
        let mut sleep = pin!(tokio::time::sleep_until(self.origin + Duration::from_millis(ms)));
        poll_fn(|cx| {
            self.idle.register(cx.waker());
            let active = self.idle.woken.load(Ordering::Relaxed) > 0;
            if active || !self.switchboard.is_empty_else_wake(cx.waker()) {
                return Poll::Ready(Woken::Active);
            }
            sleep.as_mut().poll(cx).map(|()| Woken::Due)
        })
        .await
    }
}

/// The message of a panic.
fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".into())
}
