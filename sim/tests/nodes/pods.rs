//! Pods on a node, from their creation to their removal.

use wavetank_sim::object::Value;
use wavetank_sim::programs::images::{FirstPull, Image, Readiness, Span};
use wavetank_sim::value;
use wavetank_sim::wire::HostOrder;

use crate::rig::Rig;

pub(crate) fn image(pattern: &str, edit: impl FnOnce(&mut Image)) -> Image {
    let mut image = Image::matching(pattern);
    edit(&mut image);
    image
}

/// The pod's rows, sampled every 100 ms, without repeats.
fn rows(rig: &mut Rig, name: &str, until_s: u32) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    let start = rig.now().0 / 100;
    for tenth in start..=i64::from(until_s) * 10 {
        rig.run_to(tenth as f64 / 10.0);
        let row = rig.row(name);
        let words: Vec<&str> = row.split(' ').collect();
        let row = words[..words.len().min(3)].join(" ");
        if rows.last() != Some(&row) {
            rows.push(row);
        }
    }
    rows
}

#[test]
fn a_kubelet_rejects_a_pod_that_does_not_fit() {
    let mut rig = Rig::new(1, Vec::new());
    rig.run_to(0.5);
    let asks = |cpu: &'static str| {
        move |root: &mut Value| {
            let requests = value!({"requests": {"cpu": cpu}});
            root.set_at(
                &["spec", "containers"],
                value!([{"name": "c", "image": "nginx", "resources": requests}]),
            );
        }
    };
    rig.pod("a", "node-1", asks("3"));
    rig.run_to(5.0);
    rig.pod("b", "node-1", asks("2"));
    assert_eq!(rows(&mut rig, "b", 7), ["0/1 Pending 0", "0/1 OutOfcpu 0"]);
    let status = rig.get_pod("b").and_then(|pod| pod.at(&["status"])).cloned().unwrap_or_default();
    assert_eq!(status.str_at(&["phase"]), Some("Failed"));
    assert_eq!(
        status.str_at(&["message"]),
        Some(
            "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000"
        )
    );
    assert!(status.at(&["containerStatuses"]).is_none());
    assert!(rig.row("a").starts_with("1/1 Running"), "the first one keeps running");
    rig.delete("a", Some(0));
    rig.run_to(8.0);
    rig.pod("c", "node-1", asks("2"));
    rig.run_to(12.0);
    assert!(rig.row("c").starts_with("1/1 Running"), "there is room again: {}", rig.row("c"));
}

#[test]
fn a_pod_is_created_runs_and_gets_ready() {
    let mut rig = Rig::new(1, Vec::new());
    rig.run_to(0.5);
    rig.pod("a", "node-1", |_| ());
    assert_eq!(
        rows(&mut rig, "a", 6),
        ["0/1 Pending 0", "0/1 ContainerCreating 0", "0/1 Running 0", "1/1 Running 0"]
    );
    assert_eq!(rig.writes, ["patch pods/status default/a"; 3]);
    let status = rig.get_pod("a").and_then(|pod| pod.at(&["status"])).cloned().unwrap_or_default();
    let condition = |kind: &str, at: &str| value!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": at, "observedGeneration": 1});
    let id = status.pointer("/containerStatuses/0/containerID").and_then(Value::as_str).unwrap_or_default();
    let image_id = status.pointer("/containerStatuses/0/imageID").and_then(Value::as_str).unwrap_or_default();
    assert_eq!((id.len(), image_id.len()), (77, 95));
    assert_eq!(
        status,
        value!({
            "phase": "Running", "qosClass": "BestEffort", "observedGeneration": 1,
            "hostIP": "172.18.0.2", "hostIPs": [{"ip": "172.18.0.2"}],
            "podIP": "10.244.1.2", "podIPs": [{"ip": "10.244.1.2"}],
            "startTime": "2026-01-01T00:00:00Z",
            "conditions": [
                (condition("PodReadyToStartContainers", "2026-01-01T00:00:02Z")),
                (condition("Initialized", "2026-01-01T00:00:00Z")),
                (condition("Ready", "2026-01-01T00:00:03Z")),
                (condition("ContainersReady", "2026-01-01T00:00:03Z")),
                (condition("PodScheduled", "2026-01-01T00:00:00Z")),
            ],
            "containerStatuses": [{
                "name": "c", "image": "docker.io/library/nginx:latest", "imageID": image_id, "containerID": id,
                "ready": true, "started": true, "restartCount": 0, "lastState": {},
                "state": {"running": {"startedAt": "2026-01-01T00:00:02Z"}},
            }],
        })
    );
}

#[test]
fn a_pod_that_is_not_ready_says_which_container() {
    let mut rig = Rig::new(1, vec![image("*", |image| image.ready = Readiness::Never)]);
    rig.pod("a", "node-1", |_| ());
    rig.run_to(60.0);
    let ready = rig.get_pod("a").and_then(|pod| pod.condition("Ready")).cloned().unwrap_or_default();
    assert_eq!(ready.str_at(&["reason"]), Some("ContainersNotReady"));
    assert_eq!(ready.str_at(&["message"]), Some("containers with unready status: [c]"));
}

#[test]
fn a_second_pod_of_an_image_needs_no_pull() {
    let mut rig = Rig::new(1, vec![image("*", |image| image.pull = FirstPull::Takes(Span::exactly(8000)))]);
    rig.pod("a", "node-1", |_| ());
    rig.run_to(9.5);
    rig.pod("b", "node-1", |_| ());
    rig.run_to(11.0);
    assert_eq!((rig.row("a"), rig.row("b")), ("1/1 Running 0 11s".into(), "0/1 Running 0 2s".into()));
}

#[test]
fn a_failed_pull_is_retried_after_a_back_off() {
    let fails = FirstPull::Fails { reason: "ErrImagePull".into(), times: 2 };
    let mut rig = Rig::new(1, vec![image("*", |image| image.pull = fails)]);
    rig.pod("a", "node-1", |_| ());
    assert_eq!(
        rows(&mut rig, "a", 60),
        [
            "0/1 Pending 0",
            "0/1 ContainerCreating 0",
            "0/1 ErrImagePull 0",
            "0/1 ImagePullBackOff 0",
            "0/1 ErrImagePull 0",
            "0/1 ImagePullBackOff 0",
            "0/1 Running 0",
            "1/1 Running 0"
        ]
    );
}

#[test]
fn a_crashing_container_restarts_at_once_then_after_ten_seconds_then_twenty() {
    let exits = |image: &mut Image| image.exit = Some((Span::exactly(2000), 1));
    let mut rig = Rig::new(1, vec![image("*", exits)]);
    rig.pod("a", "node-1", |_| ());
    let rows: Vec<String> = rows(&mut rig, "a", 60);
    let words: Vec<String> =
        rows.iter().map(|row| row.split(' ').skip(1).collect::<Vec<_>>().join(" ")).collect();
    let seen: Vec<&str> =
        words.iter().map(String::as_str).filter(|word| !word.starts_with("Pending")).collect();
    assert_eq!(
        seen,
        [
            "ContainerCreating 0",
            "Running 0",
            "Running 0",
            "Error 0",
            "Running 1",
            "Running 1",
            "Error 1",
            "CrashLoopBackOff 1",
            "Running 2",
            "Running 2",
            "Error 2",
            "CrashLoopBackOff 2",
            "Running 3",
            "Running 3",
            "Error 3",
            "CrashLoopBackOff 3"
        ]
    );
    let waiting = rig.get_pod("a").and_then(|pod| pod.root().pointer("/status/containerStatuses/0").cloned());
    let waiting = waiting.unwrap_or_default();
    let message = waiting.str_at(&["state", "waiting", "message"]).unwrap_or_default();
    assert!(message.starts_with("back-off 40s restarting failed container=c pod=a_default("), "{message}");
    assert_eq!(waiting.i64_at(&["lastState", "terminated", "exitCode"]), Some(1));
}

#[test]
fn restart_policies_decide_between_restart_success_and_failure() {
    for (policy, code, row, phase) in [
        ("Never", 0, "0/1 Completed 0", "Succeeded"),
        ("Never", 3, "0/1 Error 0", "Failed"),
        ("OnFailure", 0, "0/1 Completed 0", "Succeeded"),
        ("OnFailure", 3, "0/1 CrashLoopBackOff 1", "Running"),
        ("Always", 0, "0/1 CrashLoopBackOff 1", "Running"),
    ] {
        let exits = |image: &mut Image| image.exit = Some((Span::exactly(1000), code));
        let mut rig = Rig::new(1, vec![image("*", exits)]);
        rig.pod("a", "node-1", |pod| pod.set_at(&["spec", "restartPolicy"], policy));
        let last = rows(&mut rig, "a", 9).pop();
        let pod = rig.get_pod("a").expect("the pod");
        let seen = (last.as_deref(), pod.str_at(&["status", "phase"]));
        assert_eq!(seen, (Some(row), Some(phase)), "{policy} {code}");
        let reason = pod.condition("Ready").and_then(|c| c.str_at(&["reason"]));
        let wanted = match phase {
            "Succeeded" => "PodCompleted",
            "Failed" => "PodFailed",
            _ => "ContainersNotReady",
        };
        assert_eq!(reason, Some(wanted));
    }
}

#[test]
fn the_kubelet_stops_a_deleted_pod_reports_its_end_and_removes_it() {
    let mut rig = Rig::new(1, vec![image("*", |image| image.stop = Span::exactly(5000))]);
    rig.pod("a", "node-1", |_| ());
    rig.run_to(4.0);
    rig.writes.clear();
    rig.delete("a", None);
    rig.run_to(8.9);
    assert_eq!(rig.row("a"), "1/1 Terminating 0 8s");
    rig.run_to(10.0);
    assert_eq!(rig.row("a"), "");
    assert_eq!(
        rig.writes,
        ["patch pods/status default/a", "patch pods/status default/a", "delete pods default/a"]
    );
}

#[test]
fn a_container_that_ignores_sigterm_is_killed_when_its_grace_is_over() {
    let mut rig = Rig::new(1, vec![image("*", |image| image.stop = Span::exactly(90_000))]);
    for name in ["a", "b"] {
        rig.pod(name, "node-1", |_| ());
    }
    rig.run_to(4.0);
    rig.delete("a", Some(10));
    rig.delete("b", None);
    rig.run_to(13.9);
    assert_eq!(rig.row("a"), "1/1 Terminating 0 13s");
    // A second delete with a shorter grace shortens what is left.
    rig.delete("b", Some(3));
    rig.run_to(14.1);
    assert_eq!((rig.row("a").as_str(), rig.row("b").as_str()), ("", "1/1 Terminating 0 14s"));
    rig.run_to(17.1);
    assert_eq!(rig.row("b"), "");
}

#[test]
fn a_force_deleted_pod_stops_within_the_least_grace() {
    let program = |image: &mut Image| {
        image.program = Some("op".into());
        image.stop = Span::exactly(90_000);
    };
    let mut rig = Rig::new(1, vec![image("*", program)]);
    rig.pod("a", "node-1", |_| ());
    rig.run_to(4.0);
    rig.writes.clear();
    rig.delete("a", Some(0));
    rig.run_to(6.1);
    // The server sets the timestamp and removes the pod at once: the kubelet sees both, and its status write fails.
    assert_eq!(rig.writes, ["patch pods/status default/a"]);
    let orders: Vec<&HostOrder> = rig.hosts.iter().collect();
    assert!(
        matches!(
            orders[..],
            [HostOrder::Start { .. }, HostOrder::Stop { grace_ms: 2000, .. }, HostOrder::Kill { .. }]
        ),
        "{orders:?}"
    );
}

#[test]
fn a_pod_deleted_while_its_image_is_pulled_never_starts() {
    let slow = |image: &mut Image| image.pull = FirstPull::Takes(Span::exactly(20_000));
    let mut rig = Rig::new(1, vec![image("*", slow)]);
    rig.pod("a", "node-1", |_| ());
    rig.run_to(1.0);
    rig.delete("a", None);
    rig.run_to(1.5);
    assert_eq!(rig.row("a"), "");
    rig.run_to(30.0);
    assert_eq!(rig.writes.last().map(String::as_str), Some("delete pods default/a"));
}

#[test]
fn a_failed_status_write_is_retried_with_the_newest_status() {
    let mut rig = Rig::new(1, Vec::new());
    rig.run_to(0.5);
    rig.status_failures = 1;
    rig.pod("a", "node-1", |_| ());
    rig.run_to(10.0);
    assert_eq!(rig.row("a"), "0/1 Pending 0 10s");
    rig.run_to(11.0);
    assert_eq!(rig.row("a"), "1/1 Running 0 11s");
    assert_eq!(rig.writes.len(), 2);
}

#[test]
fn a_killed_container_restarts_and_a_program_reports_its_own_end() {
    let mut rig = Rig::new(1, vec![image("*", |image| image.program = Some("op".into()))]);
    rig.pod("a", "node-1", |_| ());
    rig.run_to(4.0);
    let uid = rig.get_pod("a").map(|pod| pod.uid().to_owned()).unwrap_or_default();
    assert!(rig.on_runtime(|runtime, out| runtime.kill(&uid, None, 137, out)));
    rig.run_to(8.0);
    assert_eq!(rig.row("a"), "1/1 Running 1 (4s ago) 8s");
    let id = rig.hosts.iter().rev().find_map(|order| match order {
        HostOrder::Start { id, .. } => Some(id.clone()),
        _ => None,
    });
    let id = id.expect("a program started");
    assert_eq!(id.attempt, 1);
    rig.on_runtime(|runtime, out| runtime.host_exited(&id, 2, out));
    rig.run_to(9.1);
    assert_eq!(rig.row("a"), "0/1 CrashLoopBackOff 1 (1s ago) 9s");
}

#[test]
fn a_start_interrupted_by_a_power_loss_begins_again() {
    let slow = image("slow", |image| image.start = Span::exactly(10_000));
    let mut rig = Rig::new(1, vec![slow]);
    rig.run_to(0.5);
    rig.pod("a", "node-1", |pod| {
        pod.set_at(&["spec", "containers"], value!([{"name": "c", "image": "slow"}]))
    });
    rig.run_to(6.0);
    rig.power_cycle(1);
    rig.run_to(14.0);
    assert!(rig.row("a").contains("ContainerCreating"), "the first start was lost: {}", rig.row("a"));
    rig.run_to(18.0);
    assert!(rig.row("a").starts_with("1/1 Running 0"), "{}", rig.row("a"));
}

#[test]
fn leases_are_renewed_every_ten_seconds_and_node_status_every_five_minutes() {
    let mut rig = Rig::new(2, Vec::new());
    rig.run_to(1000.0);
    for node in ["node-1", "node-2"] {
        assert!(rig.now().since(rig.renewed(node)) <= 10_001, "{node}");
    }
    let writes = rig.writes.iter().filter(|write| write.starts_with("patch nodes/status")).count();
    assert_eq!(writes, 2 * 3);
}

#[test]
fn a_status_write_keeps_conditions_of_others() {
    let mut rig = Rig::new(1, Vec::new());
    rig.run_to(0.5);
    rig.pod("a", "node-1", |_| ());
    // The container has just started: the kubelet's write is on its way.
    rig.run_to(2.501);
    rig.edit_status("a", |pod| {
        let mut conditions = pod.items_at(&["status", "conditions"]).to_vec();
        conditions.push(value!({"type": "example.com/theirs", "status": "True"}));
        pod.set_at(&["status", "conditions"], conditions);
    });
    rig.run_to(2.51);
    assert_eq!((rig.row("a").as_str(), rig.writes.len()), ("0/1 Running 0 2s", 2));
    assert!(rig.get_pod("a").is_some_and(|pod| pod.is_condition_true("example.com/theirs")));
}

#[test]
fn init_containers_run_one_by_one_and_a_sidecar_runs_until_the_pod_ends() {
    let failing = image("init:*", |image| image.exit = Some((Span::exactly(500), 0)));
    let mut rig =
        Rig::new(1, vec![failing, image("job", |image| image.exit = Some((Span::exactly(4000), 0)))]);
    rig.run_to(0.5);
    rig.pod("a", "node-1", |pod| {
        pod.set_at(&["spec", "restartPolicy"], "Never");
        pod.set_at(
            &["spec", "initContainers"],
            value!([
                {"name": "first", "image": "init:1"},
                {"name": "proxy", "image": "proxy", "restartPolicy": "Always"},
            ]),
        );
        pod.set_at(&["spec", "containers"], value!([{"name": "c", "image": "job"}]));
    });
    let seen = rows(&mut rig, "a", 20);
    let wanted = ["0/2 Pending 0", "0/2 Init:0/2 0", "0/2 Init:1/2 0", "0/2 PodInitializing 0"];
    assert_eq!(seen[..4], wanted, "{seen:?}");
    assert!(seen.contains(&"2/2 Running 0".to_owned()), "{seen:?}");
    assert_eq!(seen.last().map(String::as_str), Some("0/2 Completed 0"), "{seen:?}");
}

#[test]
fn a_failed_init_container_restarts_or_fails_the_pod() {
    let mut rig = Rig::new(1, vec![image("bad", |image| image.exit = Some((Span::exactly(500), 3)))]);
    rig.run_to(0.5);
    for (name, policy) in [("always", "Always"), ("never", "Never")] {
        rig.pod(name, "node-1", |pod| {
            pod.set_at(&["spec", "restartPolicy"], policy);
            pod.set_at(&["spec", "initContainers"], value!([{"name": "i", "image": "bad"}]));
        });
    }
    rig.run_to(8.0);
    assert!(rig.row("always").starts_with("0/1 Init:CrashLoopBackOff 1"), "{}", rig.row("always"));
    assert!(rig.row("never").starts_with("0/1 Init:Error 0"), "{}", rig.row("never"));
    let phase = rig.get_pod("never").and_then(|pod| pod.str_at(&["status", "phase"]).map(str::to_owned));
    assert_eq!(phase.as_deref(), Some("Failed"));
}

#[test]
fn the_kubelet_reverts_a_foreign_change_of_the_ready_condition() {
    let mut rig = Rig::new(1, Vec::new());
    rig.run_to(0.5);
    rig.pod("a", "node-1", |_| ());
    rig.run_to(6.0);
    rig.edit_status("a", |pod| {
        let mut conditions = pod.items_at(&["status", "conditions"]).to_vec();
        conditions.iter_mut().for_each(|condition| condition.set_at(&["status"], "False"));
        pod.set_at(&["status", "conditions"], conditions);
    });
    rig.run_to(7.0);
    assert_eq!(rig.row("a").split(' ').next(), Some("1/1"));
    assert!(rig.get_pod("a").is_some_and(|pod| pod.is_condition_true("Ready")));
}
