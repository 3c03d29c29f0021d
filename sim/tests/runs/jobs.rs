//! A job whose pods are deleted, evicted and crash: it completes all the same, and counts each index once.

use wavetank_sim::object::Object;
use wavetank_sim::scenario::{Action, Exit, ImageRule, Scenario, Step, TimeRange};
use wavetank_sim::value;
use wavetank_sim::wire::resource::JOBS;

use crate::{RunExt, held, pod_spec, scenario};

fn work() -> Scenario {
    let mut spec = pod_spec("work:1");
    spec.set_at(&["restartPolicy"], "Never");
    let job = value!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "work"},
        "spec": {
            "completions": 5, "parallelism": 3, "completionMode": "Indexed", "backoffLimitPerIndex": 8,
            "template": {"spec": spec}
        }
    });
    let mut scenario = scenario(Vec::new());
    let mut image = ImageRule::matching("work:*");
    image.exit = Some(Exit { after: TimeRange { low_ms: 14_000, high_ms: 25_000 }, code: 0 });
    scenario.images = vec![image];
    scenario.setup = Vec::new();
    scenario.steps = vec![Step::new(Action::Apply(vec![Object::shared(job)]))];
    scenario
}

#[test]
fn a_job_completes_whatever_becomes_of_its_pods() {
    for seed in 0..6 {
        // The crash strikes while every pod still runs, so that it bites on every seed. A pod that is told to go ends well.
        let plan = format!(
            "container-crash(pods/*[job-name=work], exitCode=1)@{}s; pod-deletion(pods/*[job-name=work])@{}s; \
             eviction(pods/*[job-name=work])@{}s; pod-deletion(pods/*[job-name=work], gracePeriodSeconds=0)@{}s",
            6 + seed,
            8 + seed,
            11 + 2 * seed,
            14 + 3 * seed
        );
        let run = held(work(), seed, &plan);
        let job = run.states(*JOBS).last().expect("a job");
        assert!(job.is_condition_true("Complete"), "seed {seed}: {:?}", job.at(&["status"]));
        assert_eq!(job.i64_at(&["status", "succeeded"]), Some(5), "seed {seed}");
        assert_eq!(job.str_at(&["status", "completedIndexes"]), Some("0-4"), "seed {seed}");
        assert!(job.i64_at(&["status", "failed"]) >= Some(1), "seed {seed}: the faults bite");
        let counted = |o: &Object| o.i64_at(&["status", "failed"]).unwrap_or(0);
        assert!(
            run.states(*JOBS).map(|job| counted(job.as_ref())).is_sorted(),
            "seed {seed}: a count never falls"
        );
    }
}
