//! Probes that restart containers, and lifecycle hooks.

use wavetank_sim::object::Value;
use wavetank_sim::programs::images::{Readiness, Span};
use wavetank_sim::value;
use wavetank_sim::wire::HostOrder;

use crate::pods::image;
use crate::rig::Rig;

#[test]
fn only_a_liveness_probe_restarts_a_container_that_hangs() {
    let stuck = image("stuck", |image| image.hang = Some(Span::exactly(5000)));
    let mut rig = Rig::new(1, vec![stuck]);
    rig.run_to(0.5);
    let get = value!({"path": "/", "port": 80});
    let probe = value!({"httpGet": (get), "periodSeconds": 2, "failureThreshold": 3});
    let container =
        value!({"name": "c", "image": "stuck", "readinessProbe": (probe.clone()), "livenessProbe": (probe)});
    for (name, without) in [("live", ""), ("dull", "livenessProbe"), ("blind", "readinessProbe")] {
        let mut container = container.clone();
        container.remove_at(&[without]);
        rig.pod(name, "node-1", |pod| {
            pod.set_at(&["spec", "containers"], value!([(container)]));
            pod.set_at(&["spec", "terminationGracePeriodSeconds"], 4);
        });
    }
    let row = |rig: &Rig, name| rig.row(name).split(' ').take(3).collect::<Vec<_>>().join(" ");
    // It starts at 2.5 s and hangs at 7.5 s: its probe fails for good at 13.5 s, and SIGTERM does nothing.
    rig.run_to(12.0);
    assert_eq!(
        ["live", "dull", "blind"].map(|name| row(&rig, name)),
        ["0/1 Running 0", "0/1 Running 0", "1/1 Running 0"]
    );
    rig.run_to(17.0);
    assert_eq!(row(&rig, "live"), "0/1 Running 0", "its grace period lasts 4 s");
    rig.run_to(20.0);
    assert_eq!(["live", "dull"].map(|name| row(&rig, name)), ["1/1 Running 1", "0/1 Running 0"]);
    let status = rig.get_pod("live").and_then(|pod| pod.at(&["status"])).cloned().unwrap_or_default();
    let last = status.pointer("/containerStatuses/0/lastState/terminated").cloned().unwrap_or_default();
    assert_eq!((last.i64_at(&["exitCode"]), last.str_at(&["reason"])), (Some(137), Some("Error")));
}

#[test]
fn hooks_delay_the_container_and_its_sigterm() {
    let slow = image("slow", |image| image.pre_stop = Span::exactly(9000));
    let mut rig = Rig::new(1, vec![slow]);
    rig.run_to(0.5);
    let sleep = |seconds: i64| value!({"sleep": {"seconds": seconds}});
    let exec = value!({"exec": {"command": ["/drain"]}});
    let all = [
        ("sleeps", "nginx", value!({"postStart": (sleep(3)), "preStop": (sleep(4))})),
        ("drains", "slow", value!({"preStop": (exec.clone())})),
        ("hurries", "nginx", value!({"preStop": (exec)})),
        ("plain", "slow", value!({})),
    ];
    for (name, image, lifecycle) in all {
        rig.pod(name, "node-1", |pod| {
            pod.set_at(
                &["spec", "containers"],
                value!([{"name": "c", "image": image, "lifecycle": (lifecycle)}]),
            );
        });
    }
    rig.run_to(4.0);
    assert!(rig.row("sleeps").contains("ContainerCreating"), "its hook runs: {}", rig.row("sleeps"));
    assert!(rig.row("plain").starts_with("1/1 Running"), "{}", rig.row("plain"));
    rig.run_to(10.0);
    assert!(rig.row("sleeps").starts_with("1/1 Running"), "{}", rig.row("sleeps"));
    rig.delete("sleeps", None);
    rig.delete("drains", Some(5));
    rig.delete("hurries", None);
    rig.delete("plain", None);
    let there = |rig: &Rig| {
        let names = ["sleeps", "drains", "hurries", "plain"];
        names.into_iter().filter(|name| rig.get_pod(name).is_some()).collect::<Vec<_>>()
    };
    rig.run_to(11.0);
    assert_eq!(there(&rig), ["sleeps", "drains"], "without a slow hook the others stop at once");
    rig.run_to(13.5);
    assert_eq!(there(&rig), ["sleeps", "drains"]);
    rig.run_to(15.0);
    assert_eq!(there(&rig), ["drains"]);
    // Its hook would take 9 s of 5: it gets SIGTERM after 5 s, and stops at once.
    rig.run_to(16.0);
    assert_eq!(there(&rig), [""; 0]);
}

#[test]
fn a_shorter_grace_does_not_cut_the_hook_of_a_program() {
    let hooked = image("op", |image| {
        image.program = Some("op".into());
        image.pre_stop = Span::exactly(20_000);
    });
    let mut rig = Rig::new(1, vec![hooked]);
    rig.run_to(0.5);
    let hook = value!({"preStop": {"exec": {"command": ["/drain"]}}});
    rig.pod("a", "node-1", |pod| {
        pod.set_at(&["spec", "containers"], value!([{"name": "c", "image": "op", "lifecycle": (hook)}]));
    });
    rig.run_to(5.0);
    rig.delete("a", Some(60));
    rig.run_to(6.0);
    rig.delete("a", Some(10));
    rig.run_to(15.0);
    let is_start = |order: &HostOrder| matches!(order, HostOrder::Start { .. });
    assert!(rig.hosts.iter().all(is_start), "its hook runs: {:?}", rig.hosts);
    rig.run_to(17.0);
    assert!(rig.get_pod("a").is_none(), "its grace is over");
    assert!(matches!(rig.hosts.last(), Some(HostOrder::Kill { .. })), "{:?}", rig.hosts);
}

#[test]
fn a_container_restarts_when_its_startup_probe_fails() {
    let mut rig =
        Rig::new(1, vec![image("slow", |image| image.ready = Readiness::After(Span::exactly(8000)))]);
    rig.run_to(0.5);
    for (name, threshold) in [("patient", 2), ("hasty", 1)] {
        rig.pod(name, "node-1", |pod| {
            let probe = value!({"httpGet": {"path": "/", "port": 80}, "periodSeconds": 5, "failureThreshold": threshold});
            pod.set_at(&["spec", "containers"], value!([{"name": "c", "image": "slow", "startupProbe": probe}]));
        });
    }
    rig.run_to(6.0);
    let started = |rig: &Rig| {
        let status = rig.get_pod("patient").and_then(|pod| pod.at(&["status"]));
        status.and_then(|status| status.pointer("/containerStatuses/0/started").cloned())
    };
    assert_eq!(started(&rig), Some(Value::Bool(false)));
    rig.run_to(12.0);
    assert_eq!(started(&rig), Some(Value::Bool(true)));
    assert_eq!(rig.row("patient").split(' ').take(3).collect::<Vec<_>>(), ["1/1", "Running", "0"]);
    assert!(rig.row("hasty").contains("Running 1"), "{}", rig.row("hasty"));
}
