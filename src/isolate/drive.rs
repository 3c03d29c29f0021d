//! Distributes inputs over lanes and returns the answers in the order of the inputs. It does not know what a lane does.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// How often the follower may look around while jobs run. Our choice: a person does not notice the wait.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What follows the lanes, on the thread that calls [`in_order`].
pub(super) trait Follow<A> {
    /// Gets the answers in the order of the inputs. After a `Break` the lanes finish their current inputs, whose answers are
    /// dropped.
    fn answer(&mut self, n: usize, answer: A) -> ControlFlow<()>;

    /// Gets what a lane told of an input before its answer.
    fn told(&mut self, n: usize, text: String);

    /// Looks around, several times a second. After a `Break` the lanes take no more inputs; the answers to those that they have
    /// still come.
    fn look(&mut self) -> ControlFlow<()>;
}

/// A message of a lane.
enum Event<A> {
    Told(usize, String),
    Answer(usize, A),
}

/// The inputs, as lanes take them: in order, and not too far ahead of the answer that is due.
struct Inputs<'i, I> {
    inputs: &'i [I],
    next: AtomicUsize,
    /// How many inputs may be taken now.
    open: Mutex<usize>,
    opened: Condvar,
    /// Whether nobody waits for answers any more.
    abandoned: AtomicBool,
}

impl<'i, I> Inputs<'i, I> {
    /// The next input. Once its number is drawn a lane does not give it up, so that no answer lacks an earlier one.
    fn take(&self) -> Option<(usize, &'i I)> {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        let input = self.inputs.get(n)?;
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.opened.wait_while(open, |open| *open <= n));
        (!self.abandoned.load(Ordering::Relaxed)).then_some((n, input))
    }

    fn open(&self, count: usize) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        *open = count.max(*open);
        self.opened.notify_all();
    }

    /// The lanes take no further input.
    fn stop(&self) {
        // More inputs than any list has, with room for the lanes that still count up.
        self.next.store(usize::MAX / 2, Ordering::Relaxed);
        self.open(usize::MAX);
    }
}

/// Lets no lane wait for ever, also if the follower panics.
struct Abandon<'a, 'i, I>(&'a Inputs<'i, I>);

impl<I> Drop for Abandon<'_, '_, I> {
    fn drop(&mut self) {
        self.0.abandoned.store(true, Ordering::Relaxed);
        self.0.stop();
    }
}

/// Gives each input to one lane, at most `ahead` inputs beyond the answer that is due. The follower gets each answer as soon as
/// possible.
pub(super) fn in_order<I: Sync, A: Send>(
    inputs: &[I],
    ahead: usize,
    mut lanes: Vec<impl FnMut(&I, &mut dyn FnMut(String)) -> A + Send>,
    follower: &mut dyn Follow<A>,
) {
    lanes.truncate(inputs.len());
    let inputs = &Inputs {
        inputs,
        next: AtomicUsize::new(0),
        open: Mutex::new(ahead.max(lanes.len())),
        opened: Condvar::new(),
        abandoned: AtomicBool::new(false),
    };
    thread::scope(|scope| {
        // The lanes stop when the receiver is dropped, also if the follower panics.
        let (sender, events) = mpsc::channel();
        let _abandon = Abandon(inputs);
        for mut lane in lanes {
            let sender = sender.clone();
            scope.spawn(move || {
                while let Some((n, input)) = inputs.take() {
                    // An answer follows, and its error ends the lane.
                    let mut tell = |text| _ = sender.send(Event::Told(n, text));
                    let answer = lane(input, &mut tell);
                    if sender.send(Event::Answer(n, answer)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        deliver(&events, inputs, ahead, follower);
    });
}

fn deliver<I, A>(
    events: &mpsc::Receiver<Event<A>>,
    inputs: &Inputs<'_, I>,
    ahead: usize,
    follower: &mut dyn Follow<A>,
) {
    let mut early = BTreeMap::new();
    let (mut due, mut looked) = (0, Instant::now());
    loop {
        match events.recv_timeout(LOOK_EVERY) {
            Ok(Event::Told(n, text)) => follower.told(n, text),
            Ok(Event::Answer(n, answer)) => drop(early.insert(n, answer)),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        }
        while let Some(answer) = early.remove(&due) {
            if follower.answer(due, answer).is_break() {
                return;
            }
            due += 1;
            inputs.open(due.saturating_add(ahead));
        }
        if looked.elapsed() >= LOOK_EVERY {
            looked = Instant::now();
            if follower.look().is_break() {
                inputs.stop();
            }
        }
    }
}
