//! Guards the time of a request relative to the JSON work that every HTTP server has. A real `kube::Client` sends a realistic pod
//! to the simulator, without latency and with the record on. In turn, the bench does only the JSON work.
//!
//! The JSON work of a create: the client serialises the pod, the server parses it into its tree and serialises the stored pod,
//! and the client parses that. The JSON work of a get and a list: the client parses the same bytes.

#![expect(clippy::disallowed_macros, reason = "a bench prints what it measured")]

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};
use http::Request;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, ObjectList, PostParams};
use kube::{Api, Client};
use serde::de::DeserializeOwned;
use wavetank::sim::cluster::{Booted, Cluster, ClusterConfig};
use wavetank::sim::engine::Time;
use wavetank::sim::object::Value;
use wavetank::sim::programs::{HostSpec, Program, on_stage};
use wavetank::sim::wire::{Latency, NoFaults};

/// The pod that the client creates. It is bound already, so that the scheduler ignores it.
const POD: &[u8] = include_bytes!("fixtures/pod.json");

/// The number of pods in the list.
const LISTED: usize = 1_000;

/// The times of a pair: the simulator, and the JSON work alone.
type Pair = (Duration, Duration);

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    // The numbers are our goals: at most this many times the JSON work.
    bench(&mut criterion, "create", 3.0, creates);
    bench(&mut criterion, "get", 1.5, gets);
    bench(&mut criterion, "list", 1.25, lists);
    criterion.final_summary();
}

/// Measures pairs in a program in a cluster of its own, and prints the median of their ratios.
fn bench<F>(criterion: &mut Criterion, name: &str, goal: f64, pairs: fn(Client, u64) -> F)
where
    F: Future<Output = Vec<Pair>> + 'static,
{
    let mut ratios = Vec::new();
    let mut group = criterion.benchmark_group("api");
    group.sampling_mode(SamplingMode::Flat).sample_size(20).measurement_time(Duration::from_secs(3));
    group.bench_function(name, |b| {
        b.iter_custom(|n| {
            let pairs = in_cluster(move |client| pairs(client, n));
            ratios.extend(pairs.iter().map(|(ours, bare)| ours.as_secs_f64() / bare.as_secs_f64()));
            pairs.iter().map(|(ours, _)| ours).sum()
        });
    });
    group.finish();
    ratios.sort_by(f64::total_cmp);
    if let Some(median) = ratios.get(ratios.len() / 2) {
        println!(
            "api, {name}: {median:.2} times the JSON work alone, median of {}; goal {goal}",
            ratios.len()
        );
    }
}

/// Runs a program with a client beside a cluster without nodes, and returns its result. The clock is real, because nothing here
/// enters the hermetic layer.
fn in_cluster<F, T>(begin: impl Fn(Client) -> F + Send + Sync + 'static) -> T
where
    F: Future<Output = T> + 'static,
    T: Send + 'static,
{
    let made = Arc::new(Mutex::new(None));
    let slot = made.clone();
    let program = Program::new("bench", move |host| {
        let (work, slot) = (begin(Client::new(host.service(), "default")), slot.clone());
        async move {
            *slot.lock().expect("one thread locks it") = Some(work.await);
            Ok::<(), String>(())
        }
    });
    let config = ClusterConfig {
        start: Time::ZERO,
        latency: Latency { low_ms: 0, high_ms: 0 },
        version: "v1.36.0".into(),
        nodes: Vec::new(),
        images: Vec::new(),
        settings: wavetank::sim::controllers::Settings::default(),
        leases_are_seen: false,
    };
    let (start, booted) = (config.start, Booted::new(config));
    let host = HostSpec { program, name: "bench".into(), identity: "bench".into(), env: Vec::new() };
    let played = on_stage(
        start,
        |_| (),
        async |stage| {
            let mut cluster = Cluster::new(&booted, 1, Vec::new(), stage);
            cluster.add_host(host, 0);
            loop {
                cluster.step(&mut NoFaults).await;
                if let Some(made) = made.lock().expect("one thread locks it").take() {
                    return made;
                }
            }
        },
    );
    played.expect("the runtime builds")
}

/// Creates pods.
async fn creates(client: Client, n: u64) -> Vec<Pair> {
    let pods = Api::default_namespaced(client);
    let mut pairs = Vec::new();
    for i in 0..n {
        let pod = pod(i);
        let started = Instant::now();
        let stored = pods.create(&PostParams::default(), &pod).await.expect("the fixture is valid");
        let ours = started.elapsed();
        let stored = tree(&serde_json::to_vec(&stored).expect("a pod serialises"));
        let started = Instant::now();
        black_box(tree(&serde_json::to_vec(&pod).expect("a pod serialises")));
        black_box(parsed::<Pod>(stored.to_json().as_bytes()));
        pairs.push((ours, started.elapsed()));
    }
    pairs
}

/// Gets one pod.
async fn gets(client: Client, n: u64) -> Vec<Pair> {
    let pods = Api::default_namespaced(client.clone());
    pods.create(&PostParams::default(), &pod(0)).await.expect("the fixture is valid");
    let text = text(client, "/api/v1/namespaces/default/pods/checkout-0").await;
    let mut pairs = Vec::new();
    for _ in 0..n {
        let started = Instant::now();
        black_box(pods.get("checkout-0").await.expect("the pod exists"));
        let ours = started.elapsed();
        let started = Instant::now();
        black_box(parsed::<Pod>(text.as_bytes()));
        pairs.push((ours, started.elapsed()));
    }
    pairs
}

/// Lists many pods.
async fn lists(client: Client, n: u64) -> Vec<Pair> {
    let pods = Api::default_namespaced(client.clone());
    for i in 0..LISTED {
        pods.create(&PostParams::default(), &pod(i)).await.expect("the fixture is valid");
    }
    let text = text(client, "/api/v1/namespaces/default/pods").await;
    let mut pairs = Vec::new();
    for _ in 0..n {
        let started = Instant::now();
        let list: ObjectList<Pod> = pods.list(&ListParams::default()).await.expect("the pods exist");
        assert_eq!(black_box(list).items.len(), LISTED);
        let ours = started.elapsed();
        let started = Instant::now();
        assert_eq!(black_box(parsed::<ObjectList<Pod>>(text.as_bytes())).items.len(), LISTED);
        pairs.push((ours, started.elapsed()));
    }
    pairs
}

/// The n-th pod to create.
fn pod(n: impl std::fmt::Display) -> Pod {
    let mut pod: Pod = parsed(POD);
    pod.metadata.name = Some(format!("checkout-{n}"));
    pod
}

/// The server's answer, as it is on the wire.
async fn text(client: Client, path: &str) -> String {
    let request = Request::get(path).body(Vec::new()).expect("the path is one");
    client.request_text(request).await.expect("the pods exist")
}

fn tree(json: &[u8]) -> Value {
    Value::from_json(json).expect("the fixture is JSON")
}

fn parsed<T: DeserializeOwned>(json: &[u8]) -> T {
    serde_json::from_slice(json).expect("the server writes what the client reads")
}
