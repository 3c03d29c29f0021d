//! How jobs fail: limits, deadlines, the pod failure policy.

use super::{brief, end, end_only, job, only_running, reason, running, seconds, states};
use crate::controllers::tests::Fixture;
use crate::value;
use crate::wire::resource::{JOBS, PODS};

#[test]
fn one_failure_more_than_the_limit_fails_the_job_and_deletes_running_pods() {
    let mut fixture = Fixture::new();
    let fields = [("backoffLimit", 1.into()), ("parallelism", 3.into()), ("completions", 3.into())];
    fixture.create(*JOBS, job(&fields));
    running(&fixture).iter().take(2).for_each(|pod| end(&mut fixture, pod, 1));
    fixture.kubelet = false;
    fixture.run_until(seconds(2));
    assert_eq!(reason(&fixture, "FailureTarget").as_deref(), Some("BackoffLimitExceeded"));
    // The last pod is still terminating and counts as failed; the job is not finished before it is gone.
    assert_eq!(
        brief(&fixture.get(*JOBS, "j")),
        "ready=0 terminating=1 failed=3 startTime FailureTarget=True/BackoffLimitExceeded"
    );
    fixture.kubelet = true;
    fixture.run_until(seconds(4));
    assert_eq!(reason(&fixture, "Failed").as_deref(), Some("BackoffLimitExceeded"));
}

#[test]
fn a_deadline_ends_the_job_in_the_middle_of_its_work() {
    let mut fixture = Fixture::new();
    fixture.create(*JOBS, job(&[("activeDeadlineSeconds", 5.into())]));
    fixture.run_until(seconds(4) + 999);
    assert_eq!(running(&fixture).len(), 1);
    fixture.run_until(seconds(8));
    assert_eq!(reason(&fixture, "Failed").as_deref(), Some("DeadlineExceeded"));
    assert!(fixture.all(*PODS).is_empty());
}

#[test]
fn a_pod_failure_policy_fails_the_job_at_once_with_the_recorded_message() {
    let mut fixture = Fixture::new();
    let policy = value!({"rules": [
        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}},
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    ]});
    fixture.create(*JOBS, job(&[("podFailurePolicy", policy)]));
    let pod = only_running(&fixture);
    end(&mut fixture, &pod, 42);
    fixture.run_until(seconds(2));
    let condition = "FailureTarget=True/PodFailurePolicy";
    assert_eq!(
        states(&fixture),
        [
            "-".to_owned(),
            "active=1 ready=0 terminating=0 startTime".into(),
            format!("ready=0 terminating=0 uncounted=0+1 startTime {condition}"),
            format!("ready=0 terminating=0 failed=1 startTime {condition} Failed=True/PodFailurePolicy"),
        ]
    );
    let message = format!(
        "Container c for pod default/{} failed with exit code 42 matching FailJob rule at index 0",
        pod.name()
    );
    let job = fixture.get(*JOBS, "j");
    assert_eq!(job.condition("Failed").unwrap().str_at(&["message"]), Some(&*message));
}

#[test]
fn an_ignored_failure_does_not_count_but_brings_the_back_off() {
    let mut fixture = Fixture::new();
    let policy = value!({"rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [1]}}]});
    fixture.create(*JOBS, job(&[("podFailurePolicy", policy), ("backoffLimit", 0.into())]));
    end_only(&mut fixture, 1);
    fixture.run_until(seconds(12));
    assert_eq!(brief(&fixture.get(*JOBS, "j")), "active=1 ready=1 terminating=0 startTime");
    assert_eq!(fixture.all(*PODS).iter().filter(|pod| pod.finalizers().next().is_none()).count(), 1);
}

#[test]
fn a_work_queue_is_complete_when_one_pod_succeeded_and_the_others_have_ended() {
    let mut fixture = Fixture::new();
    let mut queue = job(&[("parallelism", 3.into())]);
    queue.remove_at(&["spec", "completions"]);
    fixture.create(*JOBS, queue);
    let [first, second, third] = &running(&fixture)[..] else { panic!("three pods") };
    end(&mut fixture, first, 0);
    fixture.run_until(seconds(3));
    assert_eq!(brief(&fixture.get(*JOBS, "j")), "active=2 ready=2 terminating=0 succeeded=1 startTime");
    end(&mut fixture, second, 0);
    end(&mut fixture, third, 1);
    fixture.run_until(seconds(5));
    assert_eq!(reason(&fixture, "Complete").as_deref(), Some("CompletionsReached"));
}
