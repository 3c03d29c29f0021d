//! Whole runs through the public face of the crate.

use wavetank_sim::explore::{Prepared, run};
use wavetank_sim::object::Object;
use wavetank_sim::scenario::{Action, Plan, Scenario, Step};
use wavetank_sim::value;

#[test]
fn a_bound_pod_becomes_ready_and_the_run_holds() {
    let mut scenario = Scenario::new("pod");
    let pod = value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"},
        "spec": {"nodeName": "node-1", "containers": [{"name": "c", "image": "nginx:1"}]}
    });
    scenario.steps.push(Step::new(Action::Create(vec![Object::shared(pod)])));
    let prepared = Prepared::new(scenario, &[]).unwrap();
    let run = run(&prepared, 1, &Plan::default()).unwrap();
    for entry in run.history.record.entries() {
        println!("{}", run.history.line(entry));
        if entry.time.0 > 10_000 { break; }
    }
    assert_eq!(run.violation, None);
}
