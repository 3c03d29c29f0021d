//! What surrounds a program in a run: signals, sockets, threads, processes, the machine. Whole runs with a small program.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "programs do what a run does not want"
)]

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::signal::unix::{SignalKind, signal};

use super::{Run, played_with};
use crate::hermetic::Reach;
use crate::object::Value;
use crate::programs::{Host, Program};
use crate::scenario::{Disabled, OperatorSpec, Scenario, oracle};

/// Runs a program beside an idle cluster, with so many replicas.
fn run_of(program: Program, replicas: u32) -> Run {
    let mut scenario = Scenario::new("s");
    let name = program.name().to_owned();
    scenario.operators =
        vec![OperatorSpec { program: name.clone(), name, replicas, with: Value::empty_map() }];
    scenario.converge.settle_ms = 60_000;
    played_with(&[program], scenario, "")
}

/// What is found where a program does this once and then waits for ever.
fn found<Fut: Future<Output = ()> + 'static>(
    deed: impl Fn() -> Fut + Copy + Send + Sync + 'static,
) -> String {
    let start = move |_: Host| async move {
        deed().await;
        std::future::pending::<Result<(), String>>().await
    };
    let run = run_of(Program::new("op", start), 1);
    run.violation.map_or_else(|| "nothing".into(), |found| found.to_string())
}

/// What each of so many hosts of a program sees when it starts.
fn seen(replicas: u32, look: impl Fn() -> String + Copy + Send + Sync + 'static) -> Vec<String> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let all = seen.clone();
    let start = move |_: Host| {
        let all = all.clone();
        async move {
            all.lock().unwrap().push(look());
            std::future::pending::<Result<(), String>>().await
        }
    };
    let run = run_of(Program::new("op", start), replicas);
    assert!(run.violation.is_none(), "{:?}", run.violation);
    std::mem::take(&mut *seen.lock().unwrap())
}

#[test]
fn programs_may_wait_for_signals_and_use_pairs_of_sockets() {
    let found = found(|| async {
        let mut terminated = signal(SignalKind::terminate()).expect("the runtime drives signals");
        let (mut one, mut other) = tokio::net::UnixStream::pair().expect("the runtime drives sockets");
        tokio::spawn(async move { one.write_all(b"hello").await });
        let mut read = [0; 5];
        other.read_exact(&mut read).await.expect("the other end writes");
        assert_eq!(&read, b"hello");
        let waited = tokio::time::timeout(Duration::from_secs(60), terminated.recv()).await;
        assert!(waited.is_err(), "no signal comes");
    });
    assert_eq!(found, "nothing");
}

#[test]
fn what_reaches_out_of_a_run_is_found_with_who_what_and_where() {
    let connects = found(|| async { assert!(TcpStream::connect("192.0.2.1:443").is_err()) });
    let listens = found(|| async { assert!(tokio::net::TcpListener::bind("0.0.0.0:8080").await.is_err()) });
    let sends = found(|| async {
        let socket = UdpSocket::bind("127.0.0.1:0");
        assert!(socket.is_err());
    });
    let looks_up = found(|| async { assert!(tokio::net::lookup_host("example.com:80").await.is_err()) });
    let runs = found(|| async { assert!(Command::new("true").status().is_err()) });
    let kills = found(|| async { assert_eq!(other_process_is_signalled(), -1) });
    let named = found(|| async { drop(std::thread::Builder::new().name("probe".into()).spawn(|| ())) });
    let blocking = found(|| async { drop(tokio::task::spawn_blocking(|| ()).await) });
    for (found, deed) in [
        (&connects, "tried to connect to 192.0.2.1:443 in "),
        (&listens, "tried to bind 0.0.0.0:8080 in "),
        (&sends, "tried to bind 127.0.0.1:0 in "),
        (&looks_up, "tried to look up example.com"),
        (&runs, "tried to run `true` in "),
        (&kills, "tried to send signal 0 to the process 2"),
        (&named, "started the thread `probe` in "),
        (&blocking, "started the thread `tokio-rt-worker` in "),
    ] {
        assert!(found.starts_with(&format!("escape: op {deed}")), "{deed}: {found}");
    }
    assert!(
        connects.contains("in wavetank_sim::explore::tests::surroundings::what_reaches_out"),
        "{connects}"
    );
}

fn other_process_is_signalled() -> i32 {
    crate::hermetic::probes::signal(2)
}

/// Listeners of the machine, outside any run.
fn listeners() -> (TcpListener, UdpSocket, SocketAddr, SocketAddr) {
    let (tcp, udp) = (TcpListener::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    tcp.set_nonblocking(true).unwrap();
    udp.set_nonblocking(true).unwrap();
    let (to_tcp, to_udp) = (tcp.local_addr().unwrap(), udp.local_addr().unwrap());
    (tcp, udp, to_tcp, to_udp)
}

/// Tries to reach both listeners, from the program and from a thread.
async fn reach(to_tcp: SocketAddr, to_udp: SocketAddr) {
    let try_all = move || {
        drop(TcpStream::connect(to_tcp));
        if let Ok(socket) = UdpSocket::bind("127.0.0.1:0") {
            drop(socket.send_to(b"byte", to_udp));
        }
    };
    try_all();
    drop(tokio::net::TcpStream::connect(to_tcp).await);
    drop(tokio::task::spawn_blocking(try_all).await);
}

#[test]
fn no_byte_leaves_a_run_unless_the_program_may() {
    for (permitted, arrives) in
        [(&[][..], false), (&[Reach::Threads], false), (&[Reach::Sockets, Reach::Threads], true)]
    {
        let (tcp, udp, to_tcp, to_udp) = listeners();
        let program = Program::new("op", move |_: Host| async move {
            reach(to_tcp, to_udp).await;
            std::future::pending::<Result<(), String>>().await
        });
        let run = run_of(program.permitting(permitted.iter().copied()), 1);
        let (connected, got) = (tcp.accept().is_ok(), udp.recv_from(&mut [0; 9]).is_ok());
        assert_eq!((connected, got), (arrives, arrives), "{permitted:?}");
        assert_eq!(run.violation.is_none(), arrives, "{permitted:?}: {:?}", run.violation);
    }
}

#[test]
fn each_host_has_its_own_name_and_variables() {
    let hosts = seen(2, || {
        let variable = |name| std::env::var(name).unwrap_or_else(|_| "unset".into());
        format!("{} {} {}", crate::hermetic::probes::host_name(), variable("HOSTNAME"), variable("POD_NAME"))
    });
    assert_eq!(hosts, ["op-0 op-0 unset", "op-1 op-1 unset"]);
}

#[test]
fn a_program_that_waits_for_a_clock_in_vain_is_a_hot_loop() {
    let found = found(|| async {
        let start = std::time::Instant::now();
        while start.elapsed() < Duration::from_secs(30) {}
    });
    let right = "hot_loop: op reads the clock 10000000 times without letting time pass in wavetank_sim::explore::tests";
    assert!(found.starts_with(right), "{found}");
}

#[test]
fn a_thread_that_never_ends_does_not_hold_up_the_run() {
    let found = found(|| async {
        let (sender, never) = std::sync::mpsc::channel::<()>();
        drop(tokio::task::spawn_blocking(move || never.recv().is_ok()).await);
        drop(sender);
    });
    assert!(found.starts_with("escape: op started the thread"), "{found}");
}

#[test]
fn where_the_oracle_is_off_a_program_is_refused_and_goes_on() {
    let program = Program::new("op", |_: Host| async {
        loop {
            assert!(TcpStream::connect("192.0.2.1:443").is_err());
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        #[allow(unreachable_code, reason = "it gives the future its type")]
        Ok::<(), String>(())
    });
    let mut scenario = Scenario::new("s");
    scenario.operators =
        vec![OperatorSpec { name: "op".into(), program: "op".into(), replicas: 1, with: Value::empty_map() }];
    scenario.disable = vec![Disabled { oracle: oracle::ESCAPE, reason: "it only tries".into() }];
    let run = played_with(&[program], scenario, "");
    assert!(run.violation.is_none(), "{:?}", run.violation);
}
