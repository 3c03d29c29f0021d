//! Jobs against the store and the kubelet of the tests, compared with the recordings `ctl-job-*`.

mod indexed;
mod limits;
mod states;

use std::sync::Arc;

use crate::controllers::tests::{Fixture, NS, template};
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{JOBS, PODS};

/// A job `j` as the server stores it, with these fields of its spec changed.
fn job(changes: &[(&str, Value)]) -> Value {
    let mut template = template("busybox");
    template.set_at(&["metadata", "labels"], value!({"job-name": "j"}));
    template.set_at(&["spec", "restartPolicy"], "Never");
    let mut job = value!({
        "metadata": {"name": "j", "namespace": NS},
        "spec": {
            "parallelism": 1, "completions": 1, "backoffLimit": 6, "completionMode": "NonIndexed", "suspend": false,
            "podReplacementPolicy": "TerminatingOrFailed", "selector": {"matchLabels": {"job-name": "j"}},
            "template": template
        },
        "status": {}
    });
    changes.iter().for_each(|(field, value)| job.set_at(&["spec", field], value.clone()));
    job
}

/// The pods of the job, oldest first, that have not ended.
fn running(fixture: &Fixture) -> Vec<Arc<Object>> {
    fixture.all(*PODS).into_iter().filter(|pod| !pod.is_finished_pod()).collect()
}

/// The container of a pod ends with this exit code. Does not run the controllers.
fn end(fixture: &mut Fixture, pod: &Object, code: i64) {
    let now = fixture.now.rfc3339();
    let phase = if code == 0 { "Succeeded" } else { "Failed" };
    let ended = fixture.get(*PODS, pod.name()).edited(|root| {
        let state = value!({"terminated": {"exitCode": code, "finishedAt": now}});
        root.set_at(&["status", "phase"], phase);
        root.set_at(&["status", "conditions"], value!([{"type": "Ready", "status": "False"}]));
        root.set_at(&["status", "containerStatuses"], value!([{"name": "c", "state": state}]));
    });
    fixture.store.update(*PODS, Arc::new(ended), "status").unwrap();
}

/// The only running pod.
fn only_running(fixture: &Fixture) -> Arc<Object> {
    let [pod] = &running(fixture)[..] else { panic!("not one running pod") };
    pod.clone()
}

/// The container of the only running pod ends.
fn end_only(fixture: &mut Fixture, code: i64) {
    let pod = only_running(fixture);
    end(fixture, &pod, code);
}

/// A status in a line, without times: `active=2 ready=0 succeeded=1 uncounted=2+0 Complete`.
fn brief(job: &Object) -> String {
    let Some(status) = job.at(&["status"]).filter(|status| status.get("ready").is_some()) else {
        return "-".into();
    };
    let mut out = Vec::new();
    for field in ["active", "ready", "terminating", "succeeded", "failed"] {
        out.extend(status.i64_at(&[field]).map(|n| format!("{field}={n}")));
    }
    for field in ["completedIndexes", "failedIndexes"] {
        out.extend(status.str_at(&[field]).map(|text| format!("{field}={text}")));
    }
    let uncounted = |kind| status.items_at(&["uncountedTerminatedPods", kind]).len();
    if uncounted("succeeded") + uncounted("failed") > 0 {
        out.push(format!("uncounted={}+{}", uncounted("succeeded"), uncounted("failed")));
    }
    let times = ["startTime", "completionTime"].into_iter().filter(|field| status.get(field).is_some());
    out.extend(times.map(str::to_owned));
    for condition in status.items_at(&["conditions"]) {
        let text = |field| condition.str_at(&[field]).unwrap_or_default();
        out.push(format!("{}={}/{}", text("type"), text("status"), text("reason")));
    }
    out.join(" ")
}

/// The statuses of the job so far, in order.
fn states(fixture: &Fixture) -> Vec<String> {
    let of_jobs = fixture.store.commits.iter().filter(|(of, _)| *of == *JOBS);
    let mut states: Vec<String> = of_jobs.map(|(_, job)| brief(job)).collect();
    states.dedup();
    states
}

fn seconds(n: i64) -> Time {
    Time(n * 1000)
}

/// The reason of a condition of the job, if that is true.
fn reason(fixture: &Fixture, kind: &str) -> Option<String> {
    let job = fixture.get(*JOBS, "j");
    let condition = job.condition(kind).filter(|c| c.str_at(&["status"]) == Some("True"))?;
    Some(condition.str_at(&["reason"]).unwrap_or_default().to_owned())
}
