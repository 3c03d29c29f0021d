//! Foreign code sees the same for equal seeds, in any thread and process, and the real world outside a run.
#![allow(clippy::disallowed_types, reason = "std's map and clocks are what is tested")]
#![allow(clippy::disallowed_methods, reason = "a run wants a fresh thread")]
#![allow(clippy::disallowed_macros, reason = "the probe answers its parent process on stdout")]

use std::net::ToSocketAddrs;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{
    HostIdentity, Inside, SOURCES, as_host, enter, interpose, probes, set_now, take_clock_loop, take_escapes,
    take_panics,
};

const EPOCH_NS: u64 = 1_767_225_600_000_000_000; // 2026-01-01T00:00:00Z

/// The probe of each row of the table, in its order. Reported ones are probed in `explore::tests::surroundings`.
const PROBES: &[fn() -> String] = &[
    probes::random,
    probes::random_devices,
    probes::ahash,
    probes::fastrand,
    probes::clocks,
    probes::old_clocks,
    probes::local_time,
    probes::machine_name,
    probes::process_numbers,
    probes::processors,
    probes::variables,
    probes::locale,
];

/// One line per enclosed source.
fn sightings() -> Vec<String> {
    let enclosed = SOURCES.iter().filter(|source| matches!(source.inside, Inside::Enclosed(_)));
    let host = HostIdentity::new("op-0", "op", [("OWN", "mine")].into_iter(), &[]);
    assert_eq!(enclosed.clone().count(), PROBES.len(), "each row has its probe");
    as_host(&host, || {
        enclosed.zip(PROBES).map(|(source, probe)| format!("{}: {}", source.name, probe())).collect()
    })
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
    assert_eq!(shared.len(), PROBES.len() - 4, "all but what is random: {shared:?}");
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
    let varies =
        |line: &&String| ["getrandom", "random`", "fastrand", "clock"].iter().any(|name| line.contains(name));
    assert_eq!(shared.iter().filter(varies).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn the_probe_prints_what_it_sees_for_its_parent_process() {
    let _used_before_the_first_run = ahash::RandomState::new();
    println!("\ninside {:?}", sightings_of_run(7));
    println!("outside {:?}", in_fresh_thread(sightings));
}

#[test]
fn two_processes_at_other_places_see_the_same_inside_a_run_and_not_outside() {
    let probe = |place: &str| {
        let test = "hermetic::tests::the_probe_prints_what_it_sees_for_its_parent_process";
        let mut command = Command::new(std::env::current_exe().expect("a test binary has a path"));
        for name in
            ["HOSTNAME", "HOME", "USER", "KUBECONFIG", "POD_NAME", "OWN", "LANG", "LC_ALL", "LC_COLLATE"]
        {
            command.env(name, place);
        }
        command.env("TZ", if place == "/" { "Asia/Kolkata" } else { "EST5" }).current_dir(place);
        let output = command.args([test, "--exact", "--nocapture"]).output().expect("the probe runs");
        let text = String::from_utf8(output.stdout).expect("the probe prints text");
        let line =
            |name| text.lines().find(|line| line.starts_with(name)).expect("it prints both").to_owned();
        (line("inside"), line("outside"))
    };
    let (first, second) = (probe("/"), probe("/proc"));
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
fn other_threads_stay_outside() {
    in_fresh_thread(|| {
        let _run = enter(1, EPOCH_NS);
        let year_2026 = UNIX_EPOCH + Duration::from_nanos(EPOCH_NS);
        assert_eq!(SystemTime::now(), year_2026);
        assert!(in_fresh_thread(SystemTime::now) > year_2026);
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
fn what_a_program_sees_of_its_machine_is_that_of_a_small_container() {
    let seen = sightings_of_run(7);
    for wanted in [
        "`clock_gettime`: SystemTime { tv_sec: 1767225600, tv_nsec: 0 } Instant { tv_sec: 1, tv_nsec: 0 } [(0, 0), (0, 0), (1, 0)]",
        "`time`, `gettimeofday`, `timespec_get`: [1767225600, 1767225600, 1767225600] 0 0",
        "`localtime_r`, `mktime`, `TZ`: 0 1767225600 Ok(\"UTC0\") +00",
        "`gethostname`, `uname`: op-0 [\"op-0\", \"6.12.0\", \"#1 SMP\"] [\"op-0\", \"6.12.0\", \"#1 SMP\"]",
        "`getpid`, `getppid`: 1 0 1",
        "`sysconf`, `sched_getaffinity`: Ok(1) [1, 1, 1048576]",
        "`getenv`: [Some(\"op-0\"), Some(\"/\"), None, None, None, Some(\"mine\")]",
        "`LANG`, `LC_*`: [None, None, None, None]",
    ] {
        assert!(seen.iter().any(|line| line == wanted), "{wanted} in {seen:#?}");
    }
}

#[test]
fn what_the_table_calls_open_is_open() {
    in_fresh_thread(|| {
        let outside = [probes::all_variables(), probes::files(), probes::users(), probes::raw_call()];
        let _run = enter(1, EPOCH_NS);
        let inside = [probes::all_variables(), probes::files(), probes::users(), probes::raw_call()];
        assert_eq!(outside, inside);
        assert_eq!(probes::sleeping(), "0", "the virtual clock stands still");
    });
}

#[test]
fn the_header_has_the_rows_of_the_table() {
    let header = include_str!("mod.rs");
    for source in SOURCES {
        let inside = match source.inside {
            Inside::Enclosed(what) | Inside::Kept(what) => what.to_owned(),
            Inside::Reported(what) => format!("reported: {what}"),
            Inside::Open(what) => format!("**open**: {what}"),
        };
        let line = format!("//! | {} | {} | {inside} |", source.name, source.asked_by);
        assert!(header.lines().any(|other| other == line), "{line}");
    }
    assert_eq!(header.lines().filter(|line| line.starts_with("//! | ")).count(), SOURCES.len() + 1);
}

#[test]
fn a_program_that_reads_the_clock_for_ever_is_noted_and_its_clock_moves() {
    in_fresh_thread(|| {
        let _run = enter(1, EPOCH_NS);
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(600) {}
        let found = take_clock_loop().expect("it is noted");
        assert!(found.places.iter().any(|place| place.contains("reads_the_clock_for_ever")), "{found:?}");
        set_now(1);
        assert_eq!(start.elapsed(), Duration::from_nanos(1));
    });
}

#[test]
fn handlers_of_signals_stay_in_the_run_and_are_called_there() {
    /// No other test sets a handler of it.
    const SIGNAL: libc::c_int = libc::SIGUSR2;
    static CALLS: AtomicU32 = AtomicU32::new(0);
    extern "C" fn handler(signal: libc::c_int) {
        CALLS.fetch_add(signal as u32, Ordering::Relaxed);
    }
    let current = || {
        let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: it asks for the action of the signal, and zeros are a valid one.
        unsafe {
            assert_eq!(libc::sigaction(SIGNAL, std::ptr::null(), action.as_mut_ptr()), 0);
            action.assume_init().sa_sigaction
        }
    };
    in_fresh_thread(move || {
        let outside = current();
        let run = enter(1, EPOCH_NS);
        assert!(!interpose::has_handler(SIGNAL));
        let handler = handler as extern "C" fn(libc::c_int) as usize;
        // SAFETY: the handler only adds to an atomic.
        assert_eq!(unsafe { libc::signal(SIGNAL, handler) }, libc::SIG_DFL);
        assert_eq!(current(), handler);
        interpose::call_handler(SIGNAL);
        drop(run);
        assert_eq!((current(), CALLS.load(Ordering::Relaxed)), (outside, SIGNAL as u32));
    });
}

#[test]
fn each_call_that_would_leave_a_run_is_refused_and_noted() {
    in_fresh_thread(|| {
        let _run = enter(1, EPOCH_NS);
        let left: Vec<_> =
            probes::leaving().into_iter().filter(|(_, answer)| !REFUSALS.contains(answer)).collect();
        assert_eq!(left, []);
        let deeds: Vec<String> = take_escapes().into_iter().map(|escape| escape.deed).collect();
        assert_eq!(
            deeds,
            [
                "tried to connect to 192.0.2.1:53",
                "tried to connect to 192.0.2.1:53",
                "tried to bind 192.0.2.1:53",
                "tried to listen on any address",
                "tried to send to 192.0.2.1:53",
                "tried to send to 192.0.2.1:53",
                "tried to send to 192.0.2.1:53",
                "tried to look up the name of an address",
                "tried to run `true`",
                "tried to fork its process",
                "tried to run `true`",
                "tried to send signal 0 to the process 2",
            ]
        );
    });
}

/// -1, or the error number of the calls that answer one.
const REFUSALS: [i64; 3] = [-1, libc::EPERM as i64, libc::EAI_NONAME as i64];

#[test]
fn a_host_knows_itself_and_reaches_itself_by_unix_sockets() {
    let folder = std::env::temp_dir().join(format!("wavetank-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    let (outside, inside) = (folder.join("outside"), folder.join("inside"));
    let _listens = UnixListener::bind(&outside).expect("it listens");
    in_fresh_thread(move || {
        let _run = enter(1, EPOCH_NS);
        let host = HostIdentity::new("op-0", "op", std::iter::empty(), &[]);
        let addresses = |name: &str| Some((name, 80_u16).to_socket_addrs().ok()?.next()?.to_string());
        as_host(&host, || {
            for name in ["op-0", "localhost", "127.0.0.1"] {
                assert_eq!(addresses(name).as_deref(), Some("127.0.0.1:80"), "{name}");
            }
            let _own = UnixListener::bind(&inside).expect("it listens");
            assert!(UnixStream::connect(&inside).is_ok());
            assert_eq!(probes::signal(1), 0, "its own process");
            assert_eq!(take_escapes(), []);
            assert_eq!(addresses("op-1"), None);
            assert!(UnixStream::connect(&outside).is_err());
        });
        let escapes = take_escapes();
        let deeds: Vec<&str> = escapes.iter().map(|escape| escape.deed.as_str()).collect();
        assert_eq!(deeds[0], "tried to look up op-1");
        assert!(deeds[1].starts_with("tried to connect to the unix socket /"), "{deeds:?}");
        assert_eq!(escapes[0].host.as_deref(), Some("op on op-0"));
    });
    std::fs::remove_dir_all(&folder).expect("it was there");
}
