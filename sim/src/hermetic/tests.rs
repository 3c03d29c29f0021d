//! Foreign code sees the same for equal seeds, in any thread and process, and the real world outside a run.
#![allow(clippy::disallowed_types, reason = "std's map and clocks are what is tested")]
#![allow(clippy::disallowed_methods, reason = "a run wants a fresh thread")]
#![allow(clippy::disallowed_macros, reason = "the probe answers its parent process on stdout")]

use std::collections::HashMap;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{enter, set_now, signals, take_panics, threads_started};

const EPOCH_NS: u64 = 1_767_225_600_000_000_000; // 2026-01-01T00:00:00Z

/// One line per source of nondeterminism.
fn sightings() -> Vec<String> {
    let map: HashMap<u32, ()> = (0..32).map(|n| (n, ())).collect();
    let mut bytes = [[0; 16]; 5];
    getrandom_02::getrandom(&mut bytes[0]).expect("getrandom 0.2 answers");
    getrandom_03::fill(&mut bytes[1]).expect("getrandom 0.3 answers");
    getrandom_04::fill(&mut bytes[2]).expect("getrandom 0.4 answers");
    // SAFETY: both buffers are writable for the length given.
    unsafe {
        assert_eq!(libc::getentropy(bytes[3].as_mut_ptr().cast(), 16), 0);
        assert_eq!(libc::syscall(libc::SYS_getrandom, bytes[4].as_mut_ptr(), 16, 0), 16);
    }
    let mut lines = vec![
        format!("std map {:?}", map.keys().collect::<Vec<_>>()),
        format!("ahash {:?}", ahash::RandomState::new().hash_one(1)),
        format!("fastrand {}", fastrand::u64(..)),
        format!("wall {:?}", SystemTime::now()),
        format!("monotonic {:?}", Instant::now()),
    ];
    lines.extend(bytes.iter().enumerate().map(|(n, bytes)| format!("bytes {n} {bytes:?}")));
    lines
}

fn in_fresh_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    thread::spawn(work).join().expect("the thread ends well")
}

fn sightings_of_run(seed: u64) -> Vec<String> {
    in_fresh_thread(move || {
        let _run = enter(seed, EPOCH_NS);
        sightings()
    })
}

fn equal_lines(left: &[String], right: &[String]) -> Vec<String> {
    left.iter().zip(right).filter(|(left, right)| left == right).map(|(line, _)| line.clone()).collect()
}

#[test]
fn runs_of_one_seed_see_the_same_and_runs_of_two_seeds_share_only_the_clocks() {
    assert_eq!(sightings_of_run(7), sightings_of_run(7));
    let shared = equal_lines(&sightings_of_run(7), &sightings_of_run(8));
    assert_eq!(shared.len(), 2, "{shared:?}");
}

#[test]
fn nothing_is_equal_outside_a_run_not_even_after_one() {
    let after_a_run = |seed| {
        in_fresh_thread(move || {
            drop(enter(seed, EPOCH_NS));
            sightings()
        })
    };
    let shared = equal_lines(&after_a_run(7), &in_fresh_thread(sightings));
    assert_eq!(shared, Vec::<String>::new());
}

#[test]
fn the_probe_prints_what_it_sees_for_its_parent_process() {
    let _used_before_the_first_run = ahash::RandomState::new();
    println!("\ninside {:?}", sightings_of_run(7));
    println!("outside {:?}", in_fresh_thread(sightings));
}

#[test]
fn two_processes_see_the_same_inside_a_run_and_not_outside() {
    let probe = || {
        let test = "hermetic::tests::the_probe_prints_what_it_sees_for_its_parent_process";
        let mut command = Command::new(std::env::current_exe().expect("a test binary has a path"));
        let output = command.args([test, "--exact", "--nocapture"]).output().expect("the probe runs");
        let text = String::from_utf8(output.stdout).expect("the probe prints text");
        let line =
            |name| text.lines().find(|line| line.starts_with(name)).expect("it prints both").to_owned();
        (line("inside"), line("outside"))
    };
    let (first, second) = (probe(), probe());
    assert_eq!(first.0, second.0);
    assert_ne!(first.1, second.1);
    assert!(
        first.0.contains(&format!("{:?}", sightings_of_run(7))),
        "this process sees what its children see"
    );
}

#[test]
fn clocks_follow_virtual_time_and_return_to_the_real_one() {
    in_fresh_thread(|| {
        let real = Instant::now();
        let run = enter(1, EPOCH_NS);
        let start = Instant::now();
        set_now(90_000_000_001);
        assert_eq!(start.elapsed(), Duration::from_nanos(90_000_000_001));
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        assert_eq!(wall, Duration::from_nanos(EPOCH_NS + 90_000_000_001));
        drop(run);
        assert!(real.elapsed() < Duration::from_secs(60));
    });
}

#[test]
fn other_threads_stay_outside_and_are_counted() {
    in_fresh_thread(|| {
        let _run = enter(1, EPOCH_NS);
        assert_eq!(threads_started(), 0);
        let year_2026 = UNIX_EPOCH + Duration::from_nanos(EPOCH_NS);
        assert_eq!(SystemTime::now(), year_2026);
        assert!(in_fresh_thread(SystemTime::now) > year_2026);
        assert_eq!(threads_started(), 1);
    });
}

#[test]
fn panics_inside_a_run_are_kept_in_order_with_their_place() {
    in_fresh_thread(|| {
        let run = enter(1, EPOCH_NS);
        for n in 1..3 {
            std::panic::catch_unwind(|| panic!("number {n}")).expect_err("it panics");
        }
        drop(run);
        let panics = take_panics();
        let messages: Vec<_> = panics.iter().map(|panic| panic.message.as_str()).collect();
        assert_eq!(messages, ["number 1", "number 2"]);
        assert!(panics[0].location.contains("hermetic/tests.rs:"), "{panics:?}");
        assert_eq!(take_panics(), []);
    });
}

#[test]
fn tokio_paused_clock_and_the_wall_clock_move_together() {
    in_fresh_thread(|| {
        let _run = enter(1, EPOCH_NS);
        let start = tokio::time::Instant::from_std(Instant::now());
        let follow = move || set_now(start.elapsed().as_nanos() as u64);
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).on_thread_unpark(follow).build();
        let sleeper = async |ms| {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64 - EPOCH_NS
        };
        let ticks = runtime.expect("it builds").block_on(async {
            let other = tokio::spawn(sleeper(5));
            [other.await.expect("it ends"), sleeper(3_600_000).await]
        });
        assert_eq!(ticks, [5_000_000, 3_600_005_000_000]);
    });
}

#[test]
fn handlers_of_signals_stay_in_the_run_and_are_called_there() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    extern "C" fn handler(signal: libc::c_int) {
        CALLS.fetch_add(signal as u32, Ordering::Relaxed);
    }
    let current = || {
        let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: it asks for the action of the signal, and zeros are a valid one.
        unsafe {
            assert_eq!(libc::sigaction(libc::SIGTERM, std::ptr::null(), action.as_mut_ptr()), 0);
            action.assume_init().sa_sigaction
        }
    };
    in_fresh_thread(move || {
        let outside = current();
        let run = enter(1, EPOCH_NS);
        assert!(!signals::is_termination_handled());
        let handler = handler as extern "C" fn(libc::c_int) as usize;
        // SAFETY: the handler only adds to an atomic.
        assert_eq!(unsafe { libc::signal(libc::SIGTERM, handler) }, libc::SIG_DFL);
        assert_eq!(current(), handler);
        signals::terminate();
        drop(run);
        assert_eq!((current(), CALLS.load(Ordering::Relaxed)), (outside, 15));
    });
}
