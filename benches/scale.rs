//! Guards the time of large clusters: a Deployment of 10,000 pods on 1,000 nodes until all are ready, the time per pod relative
//! to 1,000 pods, and an idle hour of 5,000 nodes. `-- limits` also measures, once each, the loss of a tenth of the nodes, and
//! the documented limits of Kubernetes: 150,000 pods on 5,000 nodes.

#![expect(clippy::disallowed_macros, reason = "a bench prints what it measured")]

#[expect(dead_code, reason = "shared with the benches of sweeps")]
mod sweeps;

use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};
use sweeps::median;
use wavetank::sim::explore::{Prepared, run};
use wavetank::sim::object::Object;
use wavetank::sim::scenario::{Action, NodePool, Plan, Scenario, Step, Wait, WaitFor};
use wavetank::sim::value;

/// Our goals: seconds from nothing to 10,000 ready pods, and the memory in MiB.
const GOALS: (f64, u64) = (5.0, 600);
/// Our goal: how much more a pod may cost among 10,000 than among 1,000.
const RATIO: f64 = 1.3;
/// Our goal: seconds for an idle hour of 5,000 nodes.
const IDLE_S: f64 = 2.0;
/// The large and the small Deployment.
const PODS: [u32; 2] = [10_000, 1_000];

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let mut group = criterion.benchmark_group("scale");
    group.sampling_mode(SamplingMode::Flat);
    let [large, small] = PODS.map(|pods| LargeCluster::new(1_000, pods));
    let (mut times, mut ratios) = (Vec::new(), Vec::new());
    group.bench_function("10,000 pods on 1,000 nodes", |b| {
        b.iter_custom(|n| {
            let pair = |_| {
                let (small, large) = (small.time(""), large.time(""));
                times.push(large.as_secs_f64());
                ratios.push(
                    large.as_secs_f64() / small.as_secs_f64() * f64::from(PODS[1]) / f64::from(PODS[0]),
                );
                large
            };
            (0..n).map(pair).sum()
        });
    });
    if !times.is_empty() {
        println!("scale, 10,000 pods on 1,000 nodes: {:.2} s; goal {} s", median(&times), GOALS.0);
        println!("scale, memory so far: {} MiB at most; goal {} MiB", peak_mib(), GOALS.1);
        println!("scale, time per pod of 10,000 against 1,000: {:.2}; goal {RATIO}", median(&ratios));
    }
    let idle = LargeCluster::idle(5_000);
    let mut times = Vec::new();
    group.bench_function("an idle hour of 5,000 nodes", |b| {
        b.iter_custom(|n| {
            let hour = |_| {
                let took = idle.time("");
                times.push(took.as_secs_f64());
                took
            };
            (0..n).map(hour).sum()
        });
    });
    if !times.is_empty() {
        println!("scale, an idle hour of 5,000 nodes: {:.2} s; goal {IDLE_S} s", median(&times));
    }
    group.finish();
    if std::env::args().any(|arg| arg == "limits") {
        limits(&large);
    }
    criterion.final_summary();
}

/// Measurements without a goal, made once.
fn limits(large: &LargeCluster) {
    large.time(""); // boots the cluster, if nothing has been measured before
    let lost: Vec<String> = (1..=100).map(|n| format!("node-loss(Node/node-{n})@1m+1h")).collect();
    let (without, with) = (large.time(""), large.time(&lost.join("; ")));
    let more = with.saturating_sub(without).as_secs_f64();
    println!("scale, losing 100 of 1,000 nodes with 10,000 pods and getting them back: {more:.2} s more");
    let took = LargeCluster::new(5_000, 150_000).time("").as_secs_f64();
    println!("scale, booting 5,000 nodes and 150,000 pods on them: {took:.1} s, {} MiB at most", peak_mib());
}

/// A scenario of one step in a large cluster.
struct LargeCluster {
    scenario: Prepared,
}

impl LargeCluster {
    fn new(nodes: u32, pods: u32) -> Self {
        let labels = value!({"app": "web"});
        let web = value!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "default"},
            "spec": {
                "replicas": (i64::from(pods)), "selector": {"matchLabels": (labels.clone())},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "web", "image": "example.com/web:v1"}]}
                }
            }
        });
        Self::booted(nodes, Step::new(Action::Apply(vec![Object::shared(web)])))
    }

    fn idle(nodes: u32) -> Self {
        let hour = Wait { until: WaitFor::Time(3_600_000), timeout_ms: 2 * 3_600_000 };
        Self::booted(nodes, Step::new(Action::Wait(hour)))
    }

    /// A scenario with this step. The first run boots the cluster, and later runs copy it.
    fn booted(nodes: u32, step: Step) -> Self {
        let mut scenario = Scenario::new("scale");
        scenario.cluster.node_pools = vec![NodePool { count: nodes, ..NodePool::default() }];
        scenario.converge.settle_ms = 1_000;
        scenario.steps = vec![step];
        Self { scenario: Prepared::new(scenario, &[]).expect("the scenario of a bench is one") }
    }

    /// The wall time of a run with these faults. The run must hold.
    fn time(&self, plan: &str) -> Duration {
        let plan: Plan = plan.parse().expect("the plan of a bench is one");
        let started = Instant::now();
        let run = run(&self.scenario, 0, &plan).unwrap_or_else(|no_run| panic!("{}", no_run.why));
        assert!(run.violation.is_none(), "{:?}", run.violation);
        started.elapsed()
    }
}

/// The peak memory of the process, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).map_or(0, |kib| kib / 1024)
}
