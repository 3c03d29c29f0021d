//! Whole runs in which tasks outlive the incarnation that has spawned them.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Method, Request};
use tokio::time::{sleep, timeout};
use tower_service::Service;

use super::client::Client;
use super::operated;
use crate::programs::{Host, Program};
use crate::value;
use crate::wire::http::ResponseBody;

const CONFIGMAPS: &str = "/api/v1/namespaces/default/configmaps";

/// A program whose first incarnation spawns this task, and which then waits.
fn spawning<Fut: Future<Output = ()> + Send + 'static>(task: fn(Host) -> Fut) -> Program {
    Program::new("op", move |host: Host| async move {
        if host.inner.incarnation.number == 1 {
            tokio::spawn(task(host));
        }
        std::future::pending::<Result<(), String>>().await
    })
}

/// What the run is accused of: one replica alone, and the first of two.
fn accused(program: &Program, plan: &str) -> [Option<String>; 2] {
    [1, 2].map(|replicas| {
        let plan = if replicas == 2 { plan.replace("(op)", "(op-0)") } else { plan.to_owned() };
        operated(program, replicas, &plan).violation.map(|violation| violation.message)
    })
}

/// Panics at t = 20 s, and touches nothing of its host's.
async fn panics_at_20_s(host: Host) {
    if host.name() != "op-1" {
        sleep(Duration::from_secs(80)).await;
        panic!("too late");
    }
}

#[test]
fn a_panic_of_a_leftover_counts_for_nothing_and_one_of_a_living_task_counts() {
    let program = spawning(panics_at_20_s);
    assert_eq!(accused(&program, "crash(op)@10s"), [None, None]);
    let living = accused(&program, "");
    for (found, name) in living.into_iter().zip(["op", "op-0"]) {
        let found = found.expect("it panics");
        assert!(
            found.starts_with(&format!("{name} panicked at ")) && found.ends_with(": too late"),
            "{found}"
        );
    }
}

#[test]
fn tasks_end_with_the_last_program_that_runs() {
    let ticks = Arc::new(AtomicU64::new(0));
    let counted = ticks.clone();
    let program = Program::new("op", move |host: Host| {
        let ticks = counted.clone();
        async move {
            if host.inner.incarnation.number == 1 {
                tokio::spawn(async move {
                    loop {
                        sleep(Duration::from_secs(1)).await;
                        ticks.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            std::future::pending::<Result<(), String>>().await
        }
    });
    let run = operated(&program, 1, "crash(op)@10.5s");
    assert_eq!((run.violation, ticks.load(Ordering::Relaxed)), (None, 70));
}

/// Asks once a second, from t = 10 s on, and expects an answer in time.
async fn expects_answers(host: Host) {
    sleep(Duration::from_secs(69)).await;
    for _ in 0..10 {
        sleep(Duration::from_secs(1)).await;
        let object = value!({"metadata": {"generateName": "asked-"}});
        let client = Client::new(&host);
        let answered = timeout(Duration::from_secs(5), client.write(Method::POST, CONFIGMAPS, object)).await;
        answered.expect("an answer comes in time").expect("the write succeeds");
    }
}

#[test]
fn a_leftover_that_expects_an_answer_in_time_accuses_nobody() {
    // It is in another task than the root, and made by one: the second replica makes sure that the runtime goes on.
    let program = spawning(|host: Host| async move {
        let _ = tokio::spawn(expects_answers(host)).await;
    });
    assert_eq!(accused(&program, "crash(op)@after(create configmaps/default/asked-*#3)"), [None, None]);
}

/// Polls the answer to a request again and again, as `select!` in a loop does that forgets what has completed.
async fn polls_again(host: Host) {
    if host.name() == "op-1" {
        return;
    }
    sleep(Duration::from_secs(70)).await;
    let client = Client::new(&host);
    let mut answer = std::pin::pin!(client.get(CONFIGMAPS));
    let asked = timeout(Duration::ZERO, &mut answer).await;
    assert!(asked.is_err(), "no answer comes at once");
    for _ in 0..10 {
        let _ = timeout(Duration::from_secs(1), &mut answer).await;
    }
}

#[test]
fn a_leftover_may_poll_again_for_an_answer_that_never_comes() {
    assert_eq!(accused(&spawning(polls_again), "crash(op)@after(list configmaps/default/*#1)"), [None, None]);
}

#[test]
fn futures_of_ours_stay_pending_once_they_have_completed() {
    let program = Program::new("op", async |host: Host| {
        let request = || {
            let request = Request::builder().uri(CONFIGMAPS);
            request.body(ResponseBody::full(bytes::Bytes::new())).expect("the path is one")
        };
        let mut answer = host.service().call(request());
        (&mut answer).await.map_err(|error| error.to_string())?;
        let mut connected = host.connector().call(http::Uri::from_static("http://web.default/"));
        (&mut connected).await.expect_err("nobody listens");
        let mut cx = Context::from_waker(Waker::noop());
        assert!(std::pin::Pin::new(&mut answer).poll(&mut cx).is_pending());
        assert!(matches!(std::pin::Pin::new(&mut connected).poll(&mut cx), Poll::Pending));
        std::future::pending::<Result<(), String>>().await
    });
    assert_eq!(operated(&program, 1, "").violation, None);
}

/// Drops loudly.
struct Loud;

impl Drop for Loud {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "dropped");
    }
}

#[test]
fn a_crash_of_a_program_that_panics_when_it_is_dropped_is_a_crash() {
    let program = Program::new("op", async |_: Host| {
        let _loud = Loud;
        tokio::spawn(async {
            let _loud = Loud;
            std::future::pending::<()>().await;
        });
        std::future::pending::<Result<(), String>>().await
    });
    assert_eq!(accused(&program, "crash(op)@10s"), [None, None]);
}
