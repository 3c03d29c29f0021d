//! The stage on which programs run. It polls their root futures, notices when all of them wait, and keeps tokio's paused
//! clock in step with the engine's.
//!
//! Each run has one `current_thread` runtime of tokio at a time, which calls a park hook when no task is ready. The stage polls the root
//! futures in order of address: so the order inside an instant is ours. While a run waits, the only timer beside those of
//! programs is the one for the engine's next event; tokio advances its paused clock to whichever is first.
//!
//! Tokio cannot end the spawned tasks of one program. While others run, those of a dead one go on and reach nothing. When the
//! last program has ended, the stage moves to another runtime ([`Stage::leave_tasks_behind`]), and all tasks end with the old one.
//!
//! Real: processes on many machines, each with threads. Modelled: all programs of a run share one thread, and computing
//! takes no virtual time. Differs: nothing preempts a program; one that never awaits blocks the run.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::Instant;

use super::Switchboard;
use super::program::{ExitResult, Root};
use super::switchboard::Incarnation;
use crate::engine::Time;
use crate::hermetic::exits;
use crate::hermetic::owners::{self, Owner};
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
    /// Whether the stage wants another runtime.
    moving: AtomicBool,
    /// When the clock of the current runtime was looked at first, and how many ns of the run had passed then.
    origin: Mutex<Option<(Instant, u64)>>,
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

    fn set_origin(&self, origin: Instant, passed_ns: u64) {
        *self.origin.lock().unwrap_or_else(PoisonError::into_inner) = Some((origin, passed_ns));
    }

    /// How many ns of the run have passed; none before the first look at the clock.
    fn passed_ns(&self) -> Option<u64> {
        let (origin, passed_ns) = (*self.origin.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(passed_ns.saturating_add(u64::try_from(origin.elapsed().as_nanos()).unwrap_or(u64::MAX)))
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
    owner: Owner,
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
    /// It ended its process with this exit code.
    Code(i32),
    /// The closure that makes its root future panicked, with this message.
    StartPanic(String),
}

/// The programs of one run, on their runtime.
#[derive(derive_more::Debug)]
#[debug("Stage({:?})", programs.keys())]
pub struct Stage {
    programs: BTreeMap<Addr, RunningProgram>,
    idle: Arc<Idle>,
    switchboard: Arc<Switchboard>,
    /// When the clock of the current runtime showed `start`.
    origin: Instant,
    start: Time,
    ended: Vec<(Addr, Ended)>,
    /// Polls since the stage began to settle.
    polls: u64,
    /// Whether a program has run on the current runtime.
    has_tasks: bool,
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
    let mut body = pin!(async {
        let origin = Instant::now();
        idle.set_origin(origin, 0);
        let stage = Stage {
            programs: BTreeMap::new(),
            idle: idle.clone(),
            switchboard: Arc::new(Switchboard::default()),
            origin,
            start,
            ended: Vec::new(),
            polls: 0,
            has_tasks: false,
        };
        body(stage).await
    });
    loop {
        let runtime = runtime(&idle, clock)?;
        let done = runtime.block_on(poll_fn(|cx| match body.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if idle.moving.swap(false, Ordering::Relaxed) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }));
        // A thread that a program has started may never end: nobody waits for it.
        runtime.shutdown_background();
        if let Some(done) = done {
            return Ok(done);
        }
    }
}

fn runtime(idle: &Arc<Idle>, clock: fn(u64)) -> std::io::Result<Runtime> {
    let (hook, still) = (idle.clone(), idle.clone());
    let unpark = move || {
        // No time has passed if the runtime parked only to report that no task is ready.
        if !still.quiet.load(Ordering::Relaxed)
            && let Some(passed_ns) = still.passed_ns()
        {
            clock(passed_ns);
        }
    };
    // Signals, sockets and pipes of programs need the I/O driver. It is there if the program's crates switch it on.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .on_thread_park(move || hook.on_park())
        .on_thread_unpark(unpark)
        .build()
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
    pub(crate) fn add(&mut self, incarnation: Incarnation, root: Root, identity: Arc<HostIdentity>) {
        let waker = Arc::new(RootWaker { woken: AtomicBool::new(false), idle: self.idle.clone() });
        waker.clone().wake();
        let owner = incarnation.owner();
        self.has_tasks = true;
        self.programs.insert(incarnation.addr, RunningProgram { owner, root, waker, identity });
        self.say_who_lives();
    }

    fn say_who_lives(&self) {
        hermetic::set_living(self.programs.values().map(|p| (p.owner.host, p.identity.clone())));
    }

    /// Notes that a program ended before it was polled.
    pub(crate) fn add_ended(&mut self, addr: Addr, ended: Ended) {
        self.has_tasks = true;
        self.ended.push((addr, ended));
    }

    /// Drops a program's root future where it stands.
    pub(crate) fn remove(&mut self, addr: Addr) {
        if let Some(RunningProgram { owner, root, waker, identity }) = self.programs.remove(&addr) {
            self.disarm(&waker);
            // A panic of what the future drops is the program's, and the panic hook has it.
            let dropped = || hermetic::run_as(owner, &identity, || drop(root));
            drop(catch_unwind(AssertUnwindSafe(dropped)));
            self.say_who_lives();
        }
    }

    /// If no program runs, moves to another runtime, so that the tasks of those that have run end.
    pub async fn leave_tasks_behind(&mut self) {
        if !self.programs.is_empty() || !std::mem::take(&mut self.has_tasks) {
            return;
        }
        let (now, passed_ns) = (self.now(), self.idle.passed_ns().unwrap_or_default());
        let mut moved = false;
        poll_fn(|_| {
            self.idle.moving.store(!moved, Ordering::Relaxed);
            if std::mem::replace(&mut moved, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        (self.origin, self.start) = (Instant::now(), now);
        self.idle.set_origin(self.origin, passed_ns);
        owners::forget_tasks();
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

    /// Ends a program that ends its process now (see [`exits`]). Whether it did.
    fn end_if_due(&mut self, addr: Addr, owner: Owner, before_turn: bool) -> bool {
        let Some(code) = exits::due(owner, before_turn) else { return false };
        // A process that ends drops nothing, so what its future drops reaches nobody.
        self.switchboard.silence(addr);
        owners::ended(addr.0);
        self.remove(addr);
        self.ended.push((addr, Ended::Code(code)));
        true
    }

    /// Ends the programs whose tasks end their process now.
    fn end_by_tasks(&mut self) {
        if exits::next_in_task().is_some() {
            for (addr, owner) in self.programs.iter().map(|(addr, p)| (*addr, p.owner)).collect::<Vec<_>>() {
                self.end_if_due(addr, owner, false);
            }
        }
    }

    /// Runs all programs and their tasks until none is ready, without time passing. False: some are still ready after
    /// [`POLL_LIMIT`] polls.
    pub async fn settle(&mut self) -> bool {
        self.polls = 0;
        self.end_by_tasks();
        poll_fn(|cx| self.poll_settle(cx)).await
    }

    fn poll_settle(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.idle.register(cx.waker());
        while self.idle.woken.load(Ordering::Relaxed) > 0 {
            self.idle.quiet.store(false, Ordering::Relaxed);
            self.poll_woken();
            self.end_by_tasks();
            if self.polls > POLL_LIMIT {
                return Poll::Ready(false);
            }
        }
        if self.programs.is_empty() {
            // What is left of them does not run any more.
            return Poll::Ready(true);
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
            let Some(owner) = self.programs.get(&addr).map(|program| program.owner) else { continue };
            if self.end_if_due(addr, owner, true) {
                continue;
            }
            let Some(program) = self.programs.get_mut(&addr) else { continue };
            program.waker.woken.store(false, Ordering::Relaxed);
            self.idle.woken.fetch_sub(1, Ordering::Relaxed);
            self.polls += 1;
            let waker = Waker::from(program.waker.clone());
            let (root, identity) = (program.root.as_mut(), &program.identity);
            let poll = || root.poll(&mut Context::from_waker(&waker));
            let poll = || hermetic::run_as(owner, identity, poll);
            let polled = catch_unwind(AssertUnwindSafe(poll));
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
        let now = self.now();
        let exit = exits::next_in_task().map(Time::at_wall_ns).filter(|exit| *exit > now && *exit < time);
        let ms = exit.unwrap_or(time).since(self.start);
        let reached = if exit.is_some() { Woken::Active } else { Woken::Due };
        let mut sleep = pin!(tokio::time::sleep_until(self.origin + Duration::from_millis(ms)));
        poll_fn(|cx| {
            self.idle.register(cx.waker());
            let active = self.idle.woken.load(Ordering::Relaxed) > 0;
            if active || !self.switchboard.is_empty_else_wake(cx.waker()) {
                return Poll::Ready(Woken::Active);
            }
            sleep.as_mut().poll(cx).map(|()| reached)
        })
        .await
    }
}

/// At the end of a run, what programs drop may still panic: that is no panic of the run's.
impl Drop for Stage {
    fn drop(&mut self) {
        for addr in self.programs.keys().copied().collect::<Vec<_>>() {
            self.remove(addr);
        }
    }
}

/// The message of a panic.
pub(super) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".into())
}
