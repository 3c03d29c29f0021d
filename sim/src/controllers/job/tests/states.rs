//! The recorded states of a job; finalizers; changes by users.

use super::{brief, end, end_only, job, only_running, reason, running, seconds, states};
use crate::controllers::tests::{Fixture, NS};
use crate::value;
use crate::wire::resource::{JOBS, PODS};
use crate::wire::{Status, Verb};

#[test]
fn pods_are_counted_once_each_and_the_job_goes_through_the_recorded_states() {
    let mut fixture = Fixture::new();
    fixture.create(*JOBS, job(&[("completions", 5.into()), ("parallelism", 2.into())]));
    for second in 1..=3 {
        let pods = running(&fixture);
        assert_eq!(pods.len(), if second < 3 { 2 } else { 1 });
        pods.iter().for_each(|pod| end(&mut fixture, pod, 0));
        fixture.run_until(seconds(second) + 50);
    }
    let criteria = "SuccessCriteriaMet=True/CompletionsReached";
    let recorded = [
        "-".to_owned(),
        "active=2 ready=0 terminating=0 startTime".into(),
        "active=2 ready=0 terminating=0 uncounted=2+0 startTime".into(),
        "active=2 ready=0 terminating=0 succeeded=2 startTime".into(),
        "active=1 ready=0 terminating=0 succeeded=2 uncounted=2+0 startTime".into(),
        "active=1 ready=0 terminating=0 succeeded=4 startTime".into(),
        format!("ready=0 terminating=0 succeeded=4 uncounted=1+0 startTime {criteria}"),
        format!(
            "ready=0 terminating=0 succeeded=5 startTime completionTime {criteria} Complete=True/CompletionsReached"
        ),
    ];
    assert_eq!(states(&fixture), recorded);
    let pods = fixture.all(*PODS);
    assert!(pods.len() == 5 && pods.iter().all(|pod| pod.finalizers().next().is_none()));
}

#[test]
fn a_failed_pod_is_replaced_ten_seconds_after_it_ended() {
    let mut fixture = Fixture::new();
    fixture.create(*JOBS, job(&[("backoffLimit", 3.into())]));
    end_only(&mut fixture, 1);
    fixture.run_until(seconds(9) + 900);
    assert!(running(&fixture).is_empty());
    assert_eq!(brief(&fixture.get(*JOBS, "j")), "ready=0 terminating=0 failed=1 startTime");
    fixture.run_until(seconds(10));
    end_only(&mut fixture, 1);
    // The second failure in a row doubles the wait.
    fixture.run_until(seconds(29) + 900);
    assert!(running(&fixture).is_empty());
    fixture.run_until(seconds(31));
    end_only(&mut fixture, 0);
    fixture.run_until(seconds(33));
    assert_eq!(reason(&fixture, "Complete").as_deref(), Some("CompletionsReached"));
    assert_eq!(fixture.get(*JOBS, "j").i64_at(&["status", "failed"]), Some(2));
}

#[test]
fn a_suspended_job_has_no_pods_and_a_resumed_one_starts_anew() {
    let mut fixture = Fixture::new();
    fixture.create(
        *JOBS,
        job(&[("suspend", true.into()), ("parallelism", 2.into()), ("completions", 2.into())]),
    );
    fixture.run_until(seconds(2));
    assert_eq!(states(&fixture), ["-", "ready=0 terminating=0 Suspended=True/JobSuspended"]);
    let suspend = |fixture: &mut Fixture, on: bool| {
        fixture.edit(*JOBS, "j", |root| root.set_at(&["spec", "suspend"], on))
    };
    suspend(&mut fixture, false);
    fixture.run_until(seconds(4));
    assert_eq!(
        brief(&fixture.get(*JOBS, "j")),
        "active=2 ready=2 terminating=0 startTime Suspended=False/JobResumed"
    );
    fixture.kubelet = false;
    suspend(&mut fixture, true);
    // They do not count, and startTime is removed (ctl-job-suspend-resume).
    assert_eq!(brief(&fixture.get(*JOBS, "j")), "ready=0 terminating=2 Suspended=True/JobSuspended");
    assert!(fixture.all(*PODS).iter().all(|pod| pod.is_terminating() && pod.finalizers().next().is_none()));
    fixture.kubelet = true;
    suspend(&mut fixture, false);
    for pod in running(&fixture) {
        end(&mut fixture, &pod, 0);
    }
    fixture.run_until(seconds(8));
    assert_eq!(reason(&fixture, "Complete").as_deref(), Some("CompletionsReached"));
}

#[test]
fn a_deleted_pod_counts_as_failed_and_is_replaced_at_once_or_when_it_has_ended() {
    for (policy, pods) in [("TerminatingOrFailed", 1), ("Failed", 0)] {
        let mut fixture = Fixture::new();
        fixture.create(*JOBS, job(&[("podReplacementPolicy", policy.into())]));
        fixture.run_until(seconds(2));
        fixture.kubelet = false;
        let pod = only_running(&fixture);
        fixture.delete(*PODS, pod.name(), "");
        fixture.run_until(seconds(15));
        let replacements = running(&fixture).iter().filter(|pod| !pod.is_terminating()).count();
        assert_eq!(replacements, pods, "{policy}");
        let failed = fixture.get(*JOBS, "j").i64_at(&["status", "failed"]);
        assert_eq!(failed, (pods == 1).then_some(1), "{policy}");
    }
}

#[test]
fn pods_without_a_job_that_counts_them_lose_their_finalizer() {
    let mut fixture = Fixture::new();
    fixture.create(*JOBS, job(&[]));
    fixture.delete(*JOBS, "j", "Orphan");
    fixture.run_until(seconds(2));
    assert!(fixture.find(*JOBS, "j").is_none());
    assert!(fixture.only(*PODS).finalizers().next().is_none());
}

#[test]
fn a_job_that_may_not_create_pods_still_counts_those_that_ended() {
    let mut fixture = Fixture::new();
    fixture.create(*JOBS, job(&[("completions", 3.into())]));
    fixture.refuse(Verb::Create, *PODS, Status::forbidden(*PODS, "", "exceeded quota"));
    end_only(&mut fixture, 0);
    fixture.run_until(seconds(5));
    assert_eq!(fixture.get(*JOBS, "j").i64_at(&["status", "succeeded"]), Some(1));
    fixture.rule = Box::new(|_| None);
    fixture.run_until(seconds(30));
    assert_eq!(brief(&fixture.get(*JOBS, "j")), "active=1 ready=1 terminating=0 succeeded=1 startTime");
}

#[test]
fn a_lost_status_write_is_repeated_and_no_pod_is_counted_twice() {
    let mut fixture = Fixture::new();
    fixture.create(*JOBS, job(&[("completions", 2.into()), ("parallelism", 2.into())]));
    let mut refusals = 0;
    fixture.rule = Box::new(move |request| {
        let hit = request.verb == Verb::Update && request.resource == Some(*JOBS) && refusals < 6;
        refusals += u8::from(hit);
        (hit && refusals % 2 == 1).then(|| Status::stale(*JOBS, "j"))
    });
    let [failed, succeeded] = &running(&fixture)[..] else { panic!("two pods") };
    end(&mut fixture, failed, 1);
    end(&mut fixture, succeeded, 0);
    fixture.run_until(seconds(11) + 500);
    assert_eq!(
        brief(&fixture.get(*JOBS, "j")),
        "active=1 ready=1 terminating=0 succeeded=1 failed=1 startTime"
    );
}

#[test]
fn a_job_of_another_controller_is_left_alone() {
    let mut fixture = Fixture::new();
    fixture.create(*JOBS, job(&[("managedBy", "ex.test/other".into())]));
    fixture.run_until(seconds(2));
    assert!(fixture.all(*PODS).is_empty());
    assert_eq!(states(&fixture), ["-"]);
}

#[test]
fn a_finished_job_and_its_pods_are_deleted_after_its_time_to_live() {
    let mut fixture = Fixture::new();
    fixture.create(*JOBS, job(&[("ttlSecondsAfterFinished", 2.into())]));
    end_only(&mut fixture, 0);
    fixture.run_until(seconds(2) + 900);
    assert_eq!(reason(&fixture, "Complete").as_deref(), Some("CompletionsReached"));
    fixture.take_requests();
    fixture.run_until(seconds(4));
    let requests = fixture.take_requests();
    let [get, delete] = ["get", "delete"].map(|verb| format!("{verb} batch/v1/jobs {NS}/j"));
    assert_eq!(requests[..2], [get, delete]);
    assert!(fixture.find(*JOBS, "j").is_none() && fixture.all(*PODS).is_empty());
}

#[test]
fn orphans_that_fit_are_adopted_with_the_finalizer() {
    let mut fixture = Fixture::new();
    let stray =
        value!({"metadata": {"name": "stray", "namespace": NS, "labels": {"job-name": "j"}}, "spec": {}});
    fixture.create(*PODS, stray);
    fixture.create(*JOBS, job(&[]));
    let stray = fixture.get(*PODS, "stray");
    assert_eq!(stray.controller().unwrap().name, "j");
    assert_eq!(stray.finalizers().collect::<Vec<_>>(), [super::super::pod::FINALIZER]);
    assert_eq!(fixture.all(*PODS).len(), 1);
}
