//! Programs that end their process: under isolation `fork` that is an exit of the program.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::sleep;
use wavetank::isolate::{Isolation, Outcome, Pool};
use wavetank_sim::explore::{Prepared, run};
use wavetank_sim::object::Value;
use wavetank_sim::programs::{Host, Program};
use wavetank_sim::scenario::{Action, OperatorSpec, Scenario, Step, Wait, WaitFor};
use wavetank_sim::wire::{History, What};

/// When programs start, before t = 0.
const START_S: u64 = 60;

/// How a forked run of so many replicas went on from t = 0.
fn forked(replicas: u32, program: impl Fn() -> Program + Sync) -> Result<Vec<String>, String> {
    let name = || "op".to_owned();
    let operator = || OperatorSpec { name: name(), program: name(), replicas, with: Value::Null };
    let scenario = || {
        let mut scenario = Scenario::new("exits");
        scenario.operators = vec![operator()];
        scenario
    };
    forked_with(scenario, &program, "")
}

/// How a forked run went on from t = 0: what became of the hosts, what they wrote, the violation, the notes. Or how the run's
/// process ended. It waits for a minute at first.
pub(crate) fn forked_with(
    scenario: impl Fn() -> Scenario + Sync,
    program: &(impl Fn() -> Program + Sync),
    plan: &str,
) -> Result<Vec<String>, String> {
    let play = |seed: &u64| -> Vec<String> {
        let mut scenario = scenario();
        let minute = Wait { until: WaitFor::Time(60_000), timeout_ms: 0 };
        scenario.steps = vec![Step::new(Action::Wait(minute))];
        scenario.converge.settle_ms = 60_000;
        let prepared = Prepared::new(scenario, &[program()]).expect("the scenario is right");
        match run(&prepared, *seed, &plan.parse().expect("it is a plan")) {
            Ok(run) => {
                let violation = run.violation.iter().map(|violation| violation.to_string());
                let notes = run.notes.iter().map(|note| format!("note {}", note.text));
                lines(&run.history).into_iter().chain(violation).chain(notes).collect()
            }
            Err(no_run) => vec![format!("no run: {}", no_run.why)],
        }
    };
    // Several at the same time and one after another: each is the same.
    let mut session = Pool::new(Isolation::Fork, 2).open(Some(&0), &play).expect("the zygote serves");
    let mut outcomes = Vec::new();
    session.run(&[1; 6], &mut |_, outcome| {
        outcomes.push(outcome);
        ControlFlow::Continue(())
    });
    assert_eq!(outcomes, vec![outcomes[0].clone(); 6]);
    match outcomes.remove(0) {
        Outcome::Done(lines) => Ok(lines),
        Outcome::Died { how, .. } => Err(how),
        other => Err(format!("{other:?}")),
    }
}

/// The entries of hosts and their lines, in order: the time in s, the host, and the text.
fn lines(history: &History) -> Vec<String> {
    let of_hosts = history.record.entries().iter().filter_map(|entry| match &entry.what {
        What::Host(text) => Some((entry.time, Some(entry.actor), text.to_string())),
        _ => None,
    });
    let logs = history.logs.lines().iter().map(|line| (line.time, line.host, format!("\"{}\"", line.text)));
    let mut all: Vec<_> = logs.chain(of_hosts).filter(|(time, ..)| time.0 >= 0).collect();
    all.sort_by_key(|(time, ..)| *time);
    let name = |host| history.actor(host).name.to_string();
    all.into_iter()
        .map(|(time, host, text)| format!("{time} {}: {text}", host.map_or("?".into(), name)))
        .collect()
}

/// The virtual time in s, from t = 0, as the wall clock shows it.
fn now_s() -> i64 {
    let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    wall.as_secs() as i64 - wavetank_sim::engine::EPOCH_S
}

async fn sleep_s(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

/// A program that does this in its first incarnation, and then waits.
fn at_first<F, Fut>(first: F) -> Program
where
    F: Fn(Host) -> Fut + Send + Sync + Copy + 'static,
    Fut: Future<Output = ()> + 'static,
{
    // Only the first incarnation of a run starts before t = 0.
    Program::new("op", move |host: Host| async move {
        if now_s() < 0 {
            first(host).await;
        }
        std::future::pending::<Result<(), String>>().await
    })
}

#[allow(clippy::disallowed_macros, reason = "what a program prints is part of its run")]
fn says(text: &str) {
    println!("{text}");
}

#[test]
fn exit_and_abort_of_a_root_future_are_exits_with_their_code_and_last_words() {
    let exits = forked(1, || {
        at_first(|_| async {
            sleep_s(START_S + 5).await;
            says("I give up");
            std::process::exit(3)
        })
    });
    let expected = ["5s op: \"I give up\"", "5s op: exited with code 3", "6s op: started, incarnation 2"];
    assert_eq!(exits, Ok(expected.map(str::to_owned).to_vec()));
    let aborts = forked(2, || {
        at_first(|host| async move {
            if host.name() == "op-1" {
                sleep_s(START_S + 5).await;
                std::process::abort()
            }
        })
    });
    let expected = ["5s op-1: exited with code 134", "6s op-1: started, incarnation 2"];
    assert_eq!(aborts, Ok(expected.map(str::to_owned).to_vec()));
}

#[test]
fn exit_of_a_spawned_task_ends_its_program_at_that_time_and_the_task_with_it() {
    let exits = forked(1, || {
        at_first(|_| async {
            tokio::spawn(async {
                sleep_s(START_S + 5).await;
                tokio::task::yield_now().await;
                says("the lease is lost");
                std::process::exit(0)
            });
            loop {
                sleep_s(7).await;
            }
        })
    });
    let expected = ["5s op: \"the lease is lost\"", "5s op: exited", "6s op: started, incarnation 2"];
    assert_eq!(exits, Ok(expected.map(str::to_owned).to_vec()));
}

#[test]
fn exit_in_the_start_closure_counts_too() {
    let once = forked(1, || {
        Program::new("op", |_: Host| {
            let now = now_s();
            if now == 10 {
                says("bad configuration");
                std::process::exit(1);
            }
            async move {
                if now < 0 {
                    sleep_s(START_S + 9).await;
                    std::process::exit(1);
                }
                std::future::pending::<Result<(), String>>().await
            }
        })
    });
    let expected = [
        "9s op: exited with code 1",
        "10s op: started, incarnation 2",
        "10s op: \"bad configuration\"",
        "10s op: exited with code 1",
        "20s op: started, incarnation 3",
    ];
    let sorted = |lines: &[String]| {
        let mut lines = lines.to_vec();
        lines.sort();
        lines
    };
    assert_eq!(once.map(|lines| sorted(&lines)), Ok(sorted(&expected.map(str::to_owned))));
}

#[test]
fn a_program_that_exits_again_and_again_does_not_converge() {
    let lines = forked(1, || {
        Program::new("op", |_: Host| async {
            sleep_s(if now_s() < 0 { START_S + 5 } else { 1 }).await;
            std::process::exit(1);
            #[allow(unreachable_code, reason = "it says what the future returns")]
            Ok::<(), String>(())
        })
    });
    let lines = lines.expect("the run ends");
    let exits = lines.iter().filter(|line| line.ends_with("op: exited with code 1")).count();
    assert!(exits > 5, "{lines:#?}");
    let last = lines.last().expect("there is a violation");
    assert!(last.starts_with("no_convergence: ") && last.contains("op"), "{last}");
}

#[test]
fn exit_of_a_leftover_beside_another_program_ends_the_run_and_is_explained() {
    let exits = forked(2, || {
        at_first(|host| async move {
            if host.name() == "op-1" {
                sleep_s(START_S + 5).await;
                tokio::spawn(async { std::process::exit(4) });
                std::future::pending::<()>().await;
            }
        })
    });
    let how = exits.expect_err("the task cannot be ended alone");
    assert!(how.starts_with("exit code 4: a task that an ended incarnation of op-1 (program op)"), "{how}");
}

/// Set for the process that [`probe_with_threads`] is for.
const PROBE: &str = "WAVETANK_TEST_EXITS_IN_A_THREAD";

#[test]
fn probe_with_threads() {
    if std::env::var_os(PROBE).is_some() {
        let exits = |host: wavetank::Host| async move {
            sleep_s(START_S + 5).await;
            let _ = host.name();
            std::process::exit(3);
            #[allow(unreachable_code, reason = "it says what the future returns")]
            Ok::<(), String>(())
        };
        let ran = wavetank::Scenario::new("exits").operator(wavetank::Program::new("op", exits)).run(7);
        unreachable!("the program has ended this process before {ran:?}");
    }
}

#[test]
fn a_program_that_ends_all_runs_of_its_process_is_named_before() {
    let probe = std::env::current_exe().expect("a test binary has a path");
    let mut command = std::process::Command::new(probe);
    let output =
        command.args(["--exact", "exits::probe_with_threads"]).env(PROBE, "1").output().expect("it runs");
    let said = super::text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in ["op called exit(3) at ", " of seed 7. In isolation `thread` this ends all runs", "`fork`"] {
        assert!(said.contains(part), "`{part}` is missing in: {said}");
    }
}
