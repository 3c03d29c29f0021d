//! CronJobs against the store of the tests; t = 0 is midnight.

use std::sync::Arc;

use crate::controllers::tests::{Fixture, NS};
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{CRON_JOBS, JOBS};

fn cron_job(changes: &[(&str, Value)]) -> Value {
    let template = value!({"metadata": {"labels": {"a": "b"}}, "spec": {"suspend": true, "parallelism": 1}});
    let mut object = value!({
        "metadata": {"name": "c", "namespace": NS},
        "spec": {
            "schedule": "* * * * *", "concurrencyPolicy": "Allow", "suspend": false, "jobTemplate": template,
            "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1
        },
        "status": {}
    });
    changes.iter().for_each(|(field, value)| object.set_at(&["spec", field], value.clone()));
    object
}

fn started(changes: &[(&str, Value)]) -> Fixture {
    let mut fixture = Fixture::new();
    fixture.kubelet = false;
    fixture.create(*CRON_JOBS, cron_job(changes));
    fixture
}

fn minutes(n: i64) -> Time {
    Time(n * 60_000 + 500)
}

fn names(fixture: &Fixture) -> Vec<String> {
    fixture.all(*JOBS).iter().map(|job| job.name().to_owned()).collect()
}

fn finish(fixture: &mut Fixture, name: &str, kind: &str) {
    let now = fixture.now.rfc3339();
    let job = fixture.get(*JOBS, name).edited(|root| {
        root.set_at(&["status", "conditions"], value!([{"type": kind, "status": "True"}]));
        if kind == "Complete" {
            root.set_at(&["status", "completionTime"], now);
        }
    });
    fixture.store.update(*JOBS, Arc::new(job), "status").unwrap();
    fixture.run();
}

fn status(fixture: &Fixture) -> Value {
    fixture.get(*CRON_JOBS, "c").at(&["status"]).cloned().unwrap()
}

/// 2026-01-01T00:00Z in minutes since 1970.
const MIDNIGHT: i64 = 29_453_760;

#[test]
fn a_job_is_started_for_each_minute_and_is_named_and_owned_as_recorded() {
    let mut fixture = started(&[]);
    assert!(names(&fixture).is_empty());
    fixture.run_until(Time(60_099));
    assert!(names(&fixture).is_empty());
    fixture.run_until(Time(60_200));
    let name = format!("c-{}", MIDNIGHT + 1);
    let job: Arc<Object> = fixture.get(*JOBS, &name);
    assert_eq!(
        job.annotation("batch.kubernetes.io/cronjob-scheduled-timestamp"),
        Some("2026-01-01T00:01:00Z")
    );
    let owner = job.controller().unwrap();
    assert_eq!((owner.kind, owner.name, owner.block_owner_deletion), ("CronJob", "c", true));
    assert_eq!((job.label("a"), job.i64_at(&["spec", "parallelism"])), (Some("b"), Some(1)));
    let born =
        fixture.store.commits.iter().find(|(of, _)| *of == *JOBS).map(|(_, job)| job.meta("resourceVersion"));
    let active = value!([{
        "apiVersion": "batch/v1", "kind": "Job", "name": (name.as_str()), "namespace": NS, "uid": (job.uid()),
        "resourceVersion": (born.unwrap())
    }]);
    assert_eq!(status(&fixture), value!({"active": active, "lastScheduleTime": "2026-01-01T00:01:00Z"}));
    finish(&mut fixture, &name, "Complete");
    assert_eq!(
        status(&fixture),
        value!({"lastScheduleTime": "2026-01-01T00:01:00Z", "lastSuccessfulTime": "2026-01-01T00:01:00Z"})
    );
}

#[test]
fn forbid_waits_for_the_job_that_runs_and_replace_deletes_it() {
    for (policy, at_three) in [("Allow", 3), ("Forbid", 1), ("Replace", 1)] {
        let mut fixture = started(&[("concurrencyPolicy", policy.into())]);
        fixture.run_until(minutes(3));
        let names = names(&fixture);
        assert_eq!(names.len(), at_three, "{policy}");
        let last = if policy == "Forbid" { 1 } else { 3 };
        assert_eq!(names.last().unwrap(), &format!("c-{}", MIDNIGHT + last), "{policy}");
        assert_eq!(status(&fixture).items_at(&["active"]).len(), at_three, "{policy}");
    }
}

#[test]
fn a_suspended_cron_job_starts_the_last_missed_job_when_it_is_resumed_unless_that_is_too_late() {
    for (deadline, jobs) in [(None, 1), (Some(20), 0), (Some(60), 1)] {
        let mut fixture = started(&[("suspend", true.into())]);
        fixture.run_until(Time(5 * 60_000 + 30_000));
        assert!(names(&fixture).is_empty());
        fixture.edit(*CRON_JOBS, "c", |root| {
            root.set_at(&["spec", "suspend"], false);
            if let Some(seconds) = deadline {
                root.set_at(&["spec", "startingDeadlineSeconds"], seconds);
            }
        });
        assert_eq!(names(&fixture).len(), jobs, "{deadline:?}");
    }
}

#[test]
fn finished_jobs_beyond_the_history_limits_are_deleted() {
    let mut fixture = started(&[("successfulJobsHistoryLimit", 1.into())]);
    for (minute, kind) in [(1, "Complete"), (2, "Failed"), (3, "Complete"), (4, "Failed"), (5, "Complete")] {
        fixture.run_until(minutes(minute));
        finish(&mut fixture, &format!("c-{}", MIDNIGHT + minute), kind);
    }
    assert_eq!(names(&fixture), [4, 5].map(|minute| format!("c-{}", MIDNIGHT + minute)));
}

#[test]
fn a_changed_schedule_counts_from_its_next_time_on() {
    let mut fixture = started(&[("schedule", "0 12 * * *".into())]);
    fixture.run_until(Time(90 * 60_000));
    fixture.edit(*CRON_JOBS, "c", |root| root.set_at(&["spec", "schedule"], "@hourly"));
    // The new schedule was not in force at 01:00.
    assert!(names(&fixture).is_empty());
    fixture.run_until(minutes(120));
    assert_eq!(names(&fixture), [format!("c-{}", MIDNIGHT + 120)]);
}

#[test]
fn a_created_job_that_the_status_lacks_is_added_and_a_foreign_one_is_left_alone() {
    let mut fixture = started(&[]);
    fixture.run_until(minutes(1));
    // As after a crash between the two writes.
    let without_status =
        fixture.get(*CRON_JOBS, "c").edited(|root| root.set_at(&["status"], Value::empty_map()));
    fixture.store.update(*CRON_JOBS, Arc::new(without_status), "status").unwrap();
    fixture.run();
    assert_eq!(status(&fixture).str_at(&["lastScheduleTime"]), Some("2026-01-01T00:01:00Z"));
    assert_eq!(names(&fixture).len(), 1);
    let name = format!("c-{}", MIDNIGHT + 2);
    fixture.create(*JOBS, value!({"metadata": {"name": name, "namespace": NS}, "spec": {"suspend": true}}));
    fixture.take_requests();
    fixture.run_until(minutes(2));
    let tries =
        fixture.take_requests().iter().filter(|request| request.starts_with("create batch/v1/jobs")).count();
    assert_eq!((tries, status(&fixture).items_at(&["active"]).len()), (1, 1));
    fixture.run_until(minutes(3));
    assert_eq!(names(&fixture).len(), 3);
}

#[test]
fn an_unknown_zone_starts_nothing() {
    let mut fixture = started(&[("timeZone", "Europe/Nowhere".into())]);
    fixture.run_until(minutes(5));
    assert!(names(&fixture).is_empty());
}

#[test]
fn a_schedule_is_read_in_its_zone_and_its_job_has_the_local_time() {
    let berlin_at_one = [("timeZone", "Europe/Berlin".into()), ("schedule", "2 1 * * *".into())];
    let mut fixture = started(&berlin_at_one);
    fixture.run_until(minutes(2));
    let job = fixture.get(*JOBS, &format!("c-{}", MIDNIGHT + 2));
    assert_eq!(
        job.annotation("batch.kubernetes.io/cronjob-scheduled-timestamp"),
        Some("2026-01-01T01:02:00+01:00")
    );
    assert_eq!(status(&fixture).str_at(&["lastScheduleTime"]), Some("2026-01-01T00:02:00Z"));
}
