//! Indexed jobs: their pods, limits per index, success policies.

use super::{brief, end, job, reason, running, seconds, states};
use crate::controllers::tests::Fixture;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{JOBS, PODS};

const INDEX: &str = "batch.kubernetes.io/job-completion-index";

fn indexed(completions: i64, parallelism: i64, more: &[(&str, Value)]) -> Value {
    let fields = [
        ("completionMode", "Indexed".into()),
        ("completions", completions.into()),
        ("parallelism", parallelism.into()),
    ];
    job(&fields.into_iter().chain(more.iter().cloned()).collect::<Vec<_>>())
}

/// The running pod of an index.
fn of_index(fixture: &Fixture, index: i64) -> std::sync::Arc<Object> {
    let all = running(fixture).into_iter().filter(|pod| !pod.is_terminating());
    let mut found = all.filter(|pod| pod.label(INDEX) == Some(&index.to_string()));
    found.next().unwrap_or_else(|| panic!("no pod of index {index}"))
}

#[test]
fn a_pod_has_its_index_in_its_name_label_annotation_host_name_and_environment() {
    let mut fixture = Fixture::new();
    fixture.create(*JOBS, indexed(3, 3, &[("backoffLimitPerIndex", 0.into())]));
    let pod = of_index(&fixture, 1);
    assert!(pod.name().starts_with("j-1-"));
    assert_eq!((pod.label(INDEX), pod.annotation(INDEX)), (Some("1"), Some("1")));
    assert_eq!(pod.annotation("batch.kubernetes.io/job-index-failure-count"), Some("0"));
    assert_eq!(pod.str_at(&["spec", "hostname"]), Some("j-1"));
    let env = pod.items_at(&["spec", "containers"])[0].items_at(&["env"]);
    let path = "metadata.labels['batch.kubernetes.io/job-completion-index']";
    assert_eq!(
        env,
        [value!({"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": {"fieldPath": path}}})]
    );
}

#[test]
fn an_index_that_failed_too_often_fails_the_job_when_the_others_are_complete() {
    let mut fixture = Fixture::new();
    fixture.create(*JOBS, indexed(3, 3, &[("backoffLimitPerIndex", 0.into())]));
    for (index, code) in [(0, 0), (1, 1), (2, 0)] {
        let pod = of_index(&fixture, index);
        end(&mut fixture, &pod, code);
    }
    fixture.run_until(seconds(2));
    let counts = "ready=0 terminating=0 succeeded=2";
    let target = "completedIndexes=0,2 failedIndexes=1";
    let condition = "FailureTarget=True/FailedIndexes";
    assert_eq!(
        states(&fixture),
        [
            "-".to_owned(),
            "active=3 ready=0 terminating=0 failedIndexes= startTime".into(),
            format!("{counts} {target} uncounted=0+1 startTime {condition}"),
            format!("{counts} failed=1 {target} startTime {condition} Failed=True/FailedIndexes"),
        ]
    );
}

#[test]
fn an_index_is_tried_again_by_itself_and_its_pod_counts_the_failures_before() {
    let mut fixture = Fixture::new();
    fixture.create(*JOBS, indexed(2, 2, &[("backoffLimitPerIndex", 2.into()), ("backoffLimit", 100.into())]));
    let first = of_index(&fixture, 0);
    end(&mut fixture, &first, 1);
    fixture.run_until(seconds(5));
    // Its finalizer stays until the next pod of the index has taken over the count.
    assert!(fixture.get(*PODS, first.name()).finalizers().next().is_some());
    fixture.run_until(seconds(12));
    let second = of_index(&fixture, 0);
    assert_eq!(second.annotation("batch.kubernetes.io/job-index-failure-count"), Some("1"));
    assert!(fixture.get(*PODS, first.name()).finalizers().next().is_none());
    assert_eq!(fixture.get(*JOBS, "j").i64_at(&["status", "failed"]), Some(1));
    for index in [0, 1] {
        let pod = of_index(&fixture, index);
        end(&mut fixture, &pod, 0);
    }
    fixture.run_until(seconds(14));
    assert_eq!(reason(&fixture, "Complete").as_deref(), Some("CompletionsReached"));
}

#[test]
fn a_success_policy_ends_the_job_and_running_pods_do_not_count_as_failed() {
    let mut fixture = Fixture::new();
    let policy = value!({"rules": [{"succeededIndexes": "0"}]});
    fixture.create(*JOBS, indexed(3, 2, &[("successPolicy", policy)]));
    let leader = of_index(&fixture, 0);
    end(&mut fixture, &leader, 0);
    fixture.run_until(seconds(3));
    assert_eq!(
        brief(&fixture.get(*JOBS, "j")),
        "ready=0 terminating=0 succeeded=1 completedIndexes=0 startTime completionTime \
         SuccessCriteriaMet=True/SuccessPolicy Complete=True/SuccessPolicy"
    );
    assert_eq!(fixture.all(*PODS).len(), 1);
}

#[test]
fn indexes_beyond_a_smaller_number_of_completions_are_deleted() {
    let mut fixture = Fixture::new();
    fixture.create(*JOBS, indexed(4, 4, &[]));
    fixture.edit(*JOBS, "j", |root| {
        root.set_at(&["spec", "completions"], 2);
        root.set_at(&["spec", "parallelism"], 2);
    });
    fixture.run_until(seconds(3));
    let mut indexes: Vec<Value> =
        fixture.all(*PODS).iter().filter_map(|pod| pod.label(INDEX).map(Value::from)).collect();
    indexes.sort_by_key(|index| index.as_str().map(str::to_owned));
    assert_eq!(indexes, [Value::from("0"), Value::from("1")]);
    assert_eq!(fixture.get(*JOBS, "j").i64_at(&["status", "failed"]), None);
}
