//! The stage on which programs run: polls their root futures, tells when all is quiet, joins tokio's paused clock to
//! the engine's.
//!
//! One `current_thread` runtime per run. Its park hook says that no task is ready; root futures are polled here and not by
//! tokio, in order of address, so that the order inside a tick is ours. While a run waits, the only timer beside the
//! programs' own is the engine's next event: tokio's auto-advance then stops at whichever comes first.

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
use super::program::{Exit, Root};
use crate::engine::Time;
use crate::wire::Addr;

/// Polls of programs at one instant after which they count as a loop (`hot_loop`). Our choice, because no program that goes on to
/// wait for something comes near it.
const POLL_LIMIT: u64 = 1_000_000;

/// What the runtime's park hook and the stage share.
#[derive(Default)]
struct Idle {
    /// How many root futures were woken and not yet polled.
    woken: AtomicUsize,
    /// Whether the stage waits for quiet.
    wanted: AtomicBool,
    /// Whether quiet has come.
    quiet: AtomicBool,
    /// The stage's task.
    pump: Mutex<Option<Waker>>,
}

impl Idle {
    fn wake(&self) {
        let pump = self.pump.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(pump) = pump {
            pump.wake();
        }
    }

    fn register(&self, pump: &Waker) {
        *self.pump.lock().unwrap_or_else(PoisonError::into_inner) = Some(pump.clone());
    }

    /// The runtime has nothing to run.
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

struct Player {
    root: Root,
    waker: Arc<RootWaker>,
}

/// How a program ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// Its root future returned.
    Exit(Exit),
    /// Its root future panicked, with this message.
    Panic(String),
}

/// The running programs of one run.
pub struct Stage {
    players: BTreeMap<Addr, Player>,
    idle: Arc<Idle>,
    switchboard: Arc<Switchboard>,
    origin: Instant,
    start: Time,
    ended: Vec<(Addr, Ended)>,
    polls: u64,
}

/// What ended a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Woken {
    /// The time has come.
    Due,
    /// A program did something before.
    Active,
}

/// Builds the runtime of one run and runs `play` on it, with a stage whose clock starts at `start`. `clock` is told the
/// nanoseconds since the start whenever tokio's clock may have moved, before any program runs.
pub fn on_stage<T>(start: Time, clock: fn(u64), play: impl AsyncFnOnce(Stage) -> T) -> std::io::Result<T> {
    let idle = Arc::new(Idle::default());
    let hook = idle.clone();
    let origin = Arc::new(OnceLock::<Instant>::new());
    let started = origin.clone();
    let still = idle.clone();
    let unpark = move || {
        // After a park that only told of quiet, no time has passed.
        if let Some(origin) = started.get()
            && !still.quiet.load(Ordering::Relaxed)
        {
            clock(u64::try_from(origin.elapsed().as_nanos()).unwrap_or(u64::MAX));
        }
    };
    let runtime: Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .on_thread_park(move || hook.on_park())
        .on_thread_unpark(unpark)
        .build()?;
    Ok(runtime.block_on(async {
        let switchboard = Arc::new(Switchboard::default());
        let stage = Stage {
            players: BTreeMap::new(),
            idle,
            switchboard,
            origin: *origin.get_or_init(Instant::now),
            start,
            ended: Vec::new(),
            polls: 0,
        };
        play(stage).await
    }))
}

impl Stage {
    /// The inbox of this stage's hosts.
    pub(crate) fn switchboard(&self) -> &Arc<Switchboard> {
        &self.switchboard
    }

    /// Whether any program runs.
    pub fn is_empty(&self) -> bool {
        self.players.is_empty()
    }

    /// The programs' clock.
    pub fn now(&self) -> Time {
        let elapsed = Instant::now().duration_since(self.origin);
        self.start + u64::try_from(elapsed.as_millis()).expect("a run is shorter than ages")
    }

    /// Starts a program. It is first polled when the stage settles.
    pub(crate) fn enter(&mut self, addr: Addr, root: Root) {
        let waker = Arc::new(RootWaker { woken: AtomicBool::new(false), idle: self.idle.clone() });
        waker.clone().wake();
        self.players.insert(addr, Player { root, waker });
    }

    /// Drops a program's root future where it stands.
    pub(crate) fn leave(&mut self, addr: Addr) {
        if let Some(player) = self.players.remove(&addr) {
            self.disarm(&player.waker);
        }
    }

    fn disarm(&self, waker: &RootWaker) {
        if waker.woken.swap(true, Ordering::Relaxed) {
            self.idle.woken.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Takes the programs that ended.
    pub fn take_ended(&mut self) -> Vec<(Addr, Ended)> {
        std::mem::take(&mut self.ended)
    }

    /// Lets all programs and their tasks run until nothing is ready, without time passing. False: they were polled
    /// [`POLL_LIMIT`] times and are still at it.
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
        let woken: Vec<Addr> = self
            .players
            .iter()
            .filter(|(_, player)| player.waker.woken.load(Ordering::Relaxed))
            .map(|(addr, _)| *addr)
            .collect();
        for addr in woken {
            let Some(player) = self.players.get_mut(&addr) else { continue };
            player.waker.woken.store(false, Ordering::Relaxed);
            self.idle.woken.fetch_sub(1, Ordering::Relaxed);
            self.polls += 1;
            let waker = Waker::from(player.waker.clone());
            let root = player.root.as_mut();
            let polled = catch_unwind(AssertUnwindSafe(|| root.poll(&mut Context::from_waker(&waker))));
            let ended = match polled {
                Ok(Poll::Pending) => continue,
                Ok(Poll::Ready(exit)) => Ended::Exit(exit),
                Err(panic) => Ended::Panic(panic_text(panic.as_ref())),
            };
            self.leave(addr);
            self.ended.push((addr, ended));
        }
    }

    /// Waits until `time`, or until a program does something before that.
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

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stage({:?})", self.players.keys())
    }
}
