//! Tests of both isolations, and of jobs that only `fork` survives.
#![allow(clippy::disallowed_types, reason = "a test compares the order of std's map")]

use std::collections::HashMap;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Follower, Isolation, Outcome, Pool, Session, Work, tell};

fn pool(isolation: Isolation, jobs: usize) -> Pool {
    Pool { stuck_after: Duration::from_millis(300), ..Pool::new(isolation, jobs) }
}

fn all<I, O>(session: &mut Session<'_, I, O>, inputs: &[I]) -> Vec<Outcome<O>>
where
    I: Serialize + DeserializeOwned + Sync,
    O: Serialize + DeserializeOwned + Send,
{
    let mut outcomes = Vec::new();
    session.run(inputs, &mut |n, outcome| {
        assert_eq!(n, outcomes.len(), "outcomes come in the order of the inputs");
        outcomes.push(outcome);
        ControlFlow::Continue(())
    });
    outcomes
}

fn forked<O: Serialize + DeserializeOwned + Send>(inputs: u32, work: &Work<'_, u32, O>) -> Vec<Outcome<O>> {
    let mut session = pool(Isolation::Fork, 2).open(None, work).expect("the zygote serves");
    all(&mut session, &(0..inputs).collect::<Vec<_>>())
}

#[test]
fn outcomes_come_in_order_from_threads_and_processes_with_one_job_and_two() {
    let slow_first = |n: &u32| {
        if *n == 0 {
            let busy = (0..1_000_000_u64).fold(0, |sum, n| std::hint::black_box(sum ^ n));
            assert!(busy < u64::MAX);
        }
        n * n
    };
    for isolation in [Isolation::Thread, Isolation::Fork] {
        for jobs in [1, 2] {
            let mut session = pool(isolation, jobs).open(None, &slow_first).expect("it opens");
            let squares: Vec<_> = (0..20).map(|n| Outcome::Done(n * n)).collect();
            assert_eq!(all(&mut session, &(0..20).collect::<Vec<_>>()), squares, "{isolation:?} {jobs}");
            assert_eq!(all(&mut session, &[]), [], "nothing to do");
            assert_eq!(all(&mut session, &[3]), [Outcome::Done(9)], "a session runs many times");
        }
    }
}

#[test]
fn break_ends_the_run_and_leaves_the_session_usable() {
    for isolation in [Isolation::Thread, Isolation::Fork] {
        let mut session = pool(isolation, 2).open(None, &|n: &u32| *n).expect("it opens");
        let mut seen = Vec::new();
        session.run(&(0..1000).collect::<Vec<_>>(), &mut |n, _| {
            seen.push(n);
            if n == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(seen, [0, 1, 2]);
        assert_eq!(all(&mut session, &[7]), [Outcome::Done(7)]);
    }
}

/// What a follower got, in its order.
#[derive(Default)]
struct Heard {
    seen: Vec<String>,
    stops_after_told: bool,
}

impl Follower<u32> for Heard {
    fn on_result(&mut self, n: usize, outcome: Outcome<u32>) -> ControlFlow<()> {
        assert_eq!(outcome, Outcome::Done(n as u32));
        self.seen.push(format!("{n}"));
        ControlFlow::Continue(())
    }

    fn on_told(&mut self, n: usize, text: String) {
        self.seen.push(format!("{n}: {text}"));
    }

    fn on_wait(&mut self) -> ControlFlow<()> {
        let stop = self.stops_after_told && !self.seen.is_empty();
        if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn follower_hears_what_a_job_tells_before_its_outcome() {
    let work = |n: &u32| {
        tell("begins");
        tell("ends");
        *n
    };
    for isolation in [Isolation::Thread, Isolation::Fork] {
        let mut session = pool(isolation, 1).open(Some(&7), &work).expect("it opens");
        let mut heard = Heard::default();
        session.follow(&[0, 1], &mut heard);
        assert_eq!(heard.seen, ["0: begins", "0: ends", "0", "1: begins", "1: ends", "1"], "{isolation:?}");
    }
}

#[test]
fn follower_that_waits_may_stop_further_jobs_and_still_gets_those_that_run() {
    let work = |n: &u32| {
        tell("begins");
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(50) {
            black_box(());
        }
        *n
    };
    for isolation in [Isolation::Thread, Isolation::Fork] {
        let mut session = pool(isolation, 2).open(None, &work).expect("it opens");
        let mut heard = Heard { stops_after_told: true, ..Heard::default() };
        session.follow(&(0..1000).collect::<Vec<_>>(), &mut heard);
        let (told, done): (Vec<_>, Vec<_>) = heard.seen.iter().partition(|text| text.contains(':'));
        assert!(told.len() < 100 && told.len() == done.len(), "{isolation:?}: {:?}", heard.seen);
    }
}

#[test]
fn lanes_do_not_run_far_ahead_of_a_slow_job() {
    let started = AtomicU32::new(0);
    let work = |n: &u32| {
        started.fetch_add(1, Ordering::Relaxed);
        let waited = Instant::now();
        while *n == 0 && waited.elapsed() < Duration::from_millis(300) {
            if started.load(Ordering::Relaxed) > 5 {
                break;
            }
        }
        started.load(Ordering::Relaxed)
    };
    let near = Pool { ahead: 3, ..pool(Isolation::Thread, 2) };
    let mut session = near.open(None, &work).expect("it opens");
    let outcomes = all(&mut session, &(0..20).collect::<Vec<_>>());
    assert_eq!((outcomes.len(), &outcomes[0]), (20, &Outcome::Done(3)));
}

#[test]
fn panic_is_an_outcome_with_its_place_if_it_was_inside_a_run() {
    let work = |n: &u32| {
        let _run = wavetank_sim::hermetic::enter(1, 0);
        assert_ne!(*n, 1, "one is wrong");
    };
    for isolation in [Isolation::Thread, Isolation::Fork] {
        let mut session = pool(isolation, 1).open(None, &work).expect("it opens");
        let outcomes = all(&mut session, &[0, 1, 2]);
        assert_eq!((&outcomes[0], &outcomes[2]), (&Outcome::Done(()), &Outcome::Done(())));
        let Outcome::Panicked { message } = &outcomes[1] else { panic!("{outcomes:?}") };
        assert!(message.contains("one is wrong") && message.contains("isolate/tests.rs:"), "{message}");
    }
}

fn overflow(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { overflow(depth + 1) + frame[3] }
}

/// Each number ends its process in a different way.
fn misbehave(n: &u32) -> u32 {
    match n {
        1 => process::exit(3),
        2 => process::exit(0),
        3 => {
            complain("about to abort");
            process::abort()
        }
        4 => overflow(0) as u32,
        5 => loop {
            black_box(());
        },
        _ => *n,
    }
}

#[allow(clippy::disallowed_macros, reason = "what a job prints is part of its outcome")]
fn complain(text: &str) {
    println!("on stdout");
    eprintln!("{text}");
}

#[test]
fn job_that_ends_its_process_or_never_ends_is_an_outcome_and_the_others_finish() {
    let outcomes = forked(8, &misbehave);
    let died = |n: usize| match &outcomes[n] {
        Outcome::Died { how, output } => (how.as_str(), output.as_str()),
        other => panic!("{n}: {other:?}"),
    };
    assert_eq!(died(1), ("exit code 3", ""));
    assert_eq!(died(2), ("exit code 0", ""));
    assert_eq!(died(3), ("signal 6", "on stdout\nabout to abort\n"));
    assert_eq!(died(4).0, "signal 6");
    assert!(died(4).1.contains("overflowed its stack"), "{}", died(4).1);
    assert!(matches!(outcomes[5], Outcome::Stuck { wall_s: 0, .. }), "{:?}", outcomes[5]);
    for n in [0, 6, 7] {
        assert_eq!(outcomes[n as usize], Outcome::Done(n));
    }
}

/// In a run, each number never ends in a different way.
fn never_end(n: &u32) {
    let _run = wavetank_sim::hermetic::enter(1, 1_767_225_612_345_000_000);
    wavetank_sim::hermetic::set_zero(1_767_225_600_000_000_000);
    wavetank_sim::hermetic::note_call(format_args!("patch pods/a"));
    complain("I begin");
    loop {
        match n {
            0 => drop(black_box(std::time::Instant::now())),
            1 => black_box(()),
            _ => std::thread::park(),
        }
    }
}

#[test]
fn job_that_never_ends_says_what_it_did_last() {
    let patient = Pool::new(Isolation::Fork, 1);
    let looped = all(&mut patient.open(None, &never_end).expect("the zygote serves"), &[0]);
    let [Outcome::Looped { words }] = &looped[..] else { panic!("{looped:?}") };
    assert!(
        words.starts_with("a program reads the clock for ever without letting time pass, in "),
        "{words}"
    );
    let pool = pool(Isolation::Fork, 1);
    for outcome in all(&mut pool.open(None, &never_end).expect("the zygote serves"), &[1, 2]) {
        let Outcome::Stuck { wall_s: 0, words } = outcome else { panic!("{outcome:?}") };
        let right = "at 12.345s a program runs; the last calls: 12.345s patch pods/a; it is in ";
        assert!(words.starts_with(right) && words.contains("isolate::tests::never_end"), "{words}");
        assert!(words.ends_with("; its last output: I begin"), "{words}");
    }
}

#[test]
fn statics_start_equal_in_each_forked_job_with_and_without_a_warm_up() {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let count = |_: &u32| COUNTER.fetch_add(1, Ordering::Relaxed);
    for (warm_up, start) in [(None, 0), (Some(&99), 1)] {
        let mut session = pool(Isolation::Fork, 2).open(warm_up, &count).expect("the zygote serves");
        assert_eq!(all(&mut session, &[1; 10]), vec![Outcome::Done(start); 10]);
    }
}

#[test]
fn warm_up_that_does_not_return_is_skipped() {
    for bad in 1..6 {
        let mut session = pool(Isolation::Fork, 1).open(Some(&bad), &misbehave).expect("the zygote serves");
        assert_eq!(session.warm_up_was_stuck(), bad == 5, "{bad}");
        assert_eq!(all(&mut session, &[6]), [Outcome::Done(6)], "after the warm-up {bad}");
    }
}

/// A hash map's order and some addresses, which differ from process to process without isolation.
fn sightings(seed: &u64) -> (Vec<u32>, String) {
    let _run = wavetank_sim::hermetic::enter(*seed, 0);
    let map: HashMap<u32, ()> = (0..32).map(|n| (n, ())).collect();
    let (on_heap, on_stack) = (Box::new([0_u8; 100]), 0);
    static GLOBAL: u8 = 0;
    let addresses = format!("{:p} {:p} {:p}", &*on_heap, &raw const on_stack, &raw const GLOBAL);
    (map.into_keys().collect(), addresses)
}

#[test]
fn addresses_and_hash_orders_are_equal_whatever_the_driver_allocated_before() {
    let mut seen = Vec::new();
    let mut past = Vec::new();
    for size in [0, 1000, 100_000, 10_000_000] {
        past.push(vec![1_u8; size]);
        let mut session = pool(Isolation::Fork, 2).open(Some(&1), &sightings).expect("the zygote serves");
        let fixed = session.addresses_are_fixed();
        for outcome in all(&mut session, &[7; 6]) {
            let Outcome::Done((order, addresses)) = outcome else { panic!("{outcome:?}") };
            // The orders must be equal even if the system keeps addresses random.
            seen.push((order, fixed.then_some(addresses)));
        }
    }
    assert!(past.iter().all(|bytes| bytes.iter().all(|byte| *byte == 1)));
    assert!(seen.iter().all(|sighting| *sighting == seen[0]), "{seen:#?}");
}

#[test]
fn zygote_of_a_later_session_replays_the_earlier_ones() {
    let real_pids = |_: &u32| process::id();
    let first = forked(3, &real_pids);
    let second = forked(2, &real_pids);
    // Driver and zygote both compute this text. It is equal only if the zygote replays the outcomes of the driver.
    let expected = format!("{first:?} {second:?}");
    let third = forked(1, &|_: &u32| expected.clone());
    assert_eq!(third, [Outcome::Done(format!("{first:?} {second:?}"))]);
}

#[test]
fn job_that_opens_a_session_of_its_own_gets_threads() {
    let nested = |n: &u32| {
        let mut session =
            pool(Isolation::Fork, 1).open(None, &|n: &u32| (*n, process::id())).expect("it opens");
        all(&mut session, &[*n]) == [Outcome::Done((*n, process::id()))]
    };
    assert_eq!(forked(1, &nested), [Outcome::Done(true)]);
}
