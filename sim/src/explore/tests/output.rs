//! Whole runs of programs that write to stdout and stderr: whose line it is, and when it was written.

use std::io::Write;
use std::time::Duration;

use super::{Run, operated};
use crate::programs::{Host, Program};

/// Writes as `println!` and `eprintln!` do outside a test, whose harness takes what these write.
fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

async fn sleep_s(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

/// The lines from t = 0 on: when in ms, by whom, and the text.
fn lines(run: &Run) -> Vec<String> {
    let who = |line: &crate::wire::LogLine| line.host.map_or("?", |host| &run.history.actor(host).name);
    let lines = run.history.logs.lines().iter().filter(|line| line.time.0 > 0);
    lines.map(|line| format!("{} {}: {}", line.time.0, who(line), line.text)).collect()
}

/// When the program starts, before t = 0.
const START_S: u64 = 60;

#[test]
fn lines_carry_the_time_and_the_host_whoever_of_its_tasks_writes_them() {
    let program = Program::new("op", async |host: Host| {
        sleep_s(START_S + 5).await;
        print("from the root");
        let name = host.name().to_owned();
        let task = tokio::spawn(async move {
            sleep_s(1).await;
            print(&format!("from a task of {name}"));
        });
        task.await.map_err(|error| error.to_string())?;
        let _ = write!(std::io::stderr(), "in two ");
        sleep_s(1).await;
        let _ = writeln!(std::io::stderr(), "\u{1b}[31mparts\u{1b}[0m");
        let _ = write!(std::io::stderr(), "without an end");
        std::future::pending::<Result<(), String>>().await
    });
    let run = operated(&program, 1, "");
    let expected = ["5000 op: from the root", "6000 op: from a task of op", "6000 op: in two parts"];
    assert_eq!(lines(&run), [&expected[..], &["7000 op: without an end"]].concat());
    let run = operated(&program, 2, "");
    for replica in ["op-0", "op-1"] {
        let own = |line: &&String| line.contains(&format!("{replica}: from"));
        let expected =
            [format!("5000 {replica}: from the root"), format!("6000 {replica}: from a task of {replica}")];
        assert_eq!(lines(&run).iter().filter(own).collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
    }
}

#[test]
fn what_a_program_writes_changes_nothing_in_the_run() {
    let program = |says: bool| {
        Program::new("op", move |_: Host| async move {
            loop {
                sleep_s(7).await;
                if says {
                    print("still here");
                }
            }
            #[allow(unreachable_code, reason = "it says what the future returns")]
            Ok::<(), String>(())
        })
    };
    let (silent, loud) = (operated(&program(false), 1, ""), operated(&program(true), 1, ""));
    assert_eq!(silent.fingerprint, loud.fingerprint);
    assert_eq!(lines(&silent), [""; 0]);
    assert!(lines(&loud).len() > 8, "{:?}", lines(&loud));
}

#[test]
fn a_panic_is_a_line_with_its_place() {
    let program = Program::new("op", async |_: Host| {
        sleep_s(START_S + 5).await;
        tokio::spawn(async { panic!("no such pod") });
        std::future::pending::<Result<(), String>>().await
    });
    let run = operated(&program, 1, "");
    let [line] = &lines(&run)[..] else { panic!("{:?}", lines(&run)) };
    assert!(line.starts_with("5000 op: panicked at "), "{line}");
    assert!(line.contains("explore/tests/output.rs:") && line.ends_with(": no such pod"), "{line}");
    let violation = run.violation.expect("a panic is a violation");
    assert!(violation.message.starts_with("op panicked at "), "{violation}");
    assert_eq!(violation.time.0, 5000);
}

#[test]
fn a_program_that_is_started_again_writes_at_the_right_time_and_its_leftovers_write_nothing() {
    let program = Program::new("op", async |host: Host| {
        let number = host.inner.incarnation.number;
        tokio::spawn(async move {
            sleep_s(80).await;
            print(&format!("incarnation {number}"));
        });
        std::future::pending::<Result<(), String>>().await
    });
    // Started at -60 s, after 1 s at 11 s, and after the back-off at 31.5 s.
    let run = operated(&program, 1, "crash(op)@10s; crash(op)@21.5s");
    assert_eq!(lines(&run), ["111500 op: incarnation 3"]);
}
