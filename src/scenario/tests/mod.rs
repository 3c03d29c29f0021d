//! Tests of the file format: whole examples, wrong files and damaged files.

use std::path::{Path, PathBuf};

use wavetank_sim::scenario::{
    Action, Check, FaultTarget, Moment, Pick, Scenario, TimeRange, Trigger, WaitFor,
};

use super::*;

mod damaged;
mod schema;
mod verbs;
mod wrong;

/// A scenario like the shipped ones: pods are deleted.
const POD_DELETION: &str = include_str!("staticweb-pod-deletion.yaml");
/// Every fault and every step of this version.
const UNDER_FIRE: &str = include_str!("under-fire.yaml");
/// Scenarios that need more than this version has.
const NODE_LOSS: &str = include_str!("staticweb-node-loss.yaml");
const ETCD: &str = include_str!("etcd-upgrade-under-fire.yaml");

const DEPLOYMENT: &str =
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1}\n";

fn manifests(path: &Path) -> std::io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let text = match path.to_str() {
        Some("staticweb/" | "etcd-operator/" | "web.yaml") => DEPLOYMENT,
        Some("bad.yaml") => "apiVersion: v1\nkind: Pod\nmetadata:\n  nam: x\n",
        Some("torn.yaml") => "apiVersion: v1\nkind: [\n",
        _ => return Err(std::io::ErrorKind::NotFound.into()),
    };
    Ok(vec![(path.to_owned(), text.into())])
}

fn read(text: &str) -> Result<Scenario, BadScenario> {
    parse(text.as_bytes(), "s.yaml", &manifests, &["web-operator", "etcd"])
}

#[test]
fn a_scenario_with_pod_deletions_is_read() {
    let s = read(POD_DELETION).unwrap();
    assert_eq!(
        (s.name.as_str(), s.namespace.as_str(), s.seeds),
        ("staticweb-pod-deletion", "default", 0..200)
    );
    let [pool] = &s.cluster.node_pools[..] else { panic!("{:?}", s.cluster) };
    assert_eq!((pool.count, pool.zones.len(), pool.capacity["pods"].as_str()), (3, 3, "110"));
    assert_eq!(s.images[0].stop, TimeRange { low_ms: 0, high_ms: 2000 });
    let [Action::Apply(objects)] = [&s.setup[0].action] else { panic!("{:?}", s.setup) };
    assert_eq!(objects[0].i64_at(&["spec", "replicas"]), Some(1));
    assert!(matches!(&s.steps[0].action, Action::Scale { replicas: 3, .. }));
    assert!(
        matches!(&s.steps[1].action, Action::Wait(w) if w.until == WaitFor::Converged && w.timeout_ms == 300_000)
    );
    let fault = &s.faults[0];
    assert_eq!((fault.fault.name, fault.args.count("gracePeriodSeconds")), ("pod-deletion", Some(30)));
    assert!(
        matches!(&fault.target, FaultTarget::Objects { pick: Pick::One, selector: Some(s), .. } if s == "app=staticweb")
    );
    assert_eq!(s.converge.settle_ms, 600_000);
    assert_eq!(s.expect.len(), 3);
    assert!(matches!(&s.expect[0].check, Check::Cel { vars, .. } if vars.len() == 2));
}

#[test]
fn every_fault_and_step_of_this_version_is_read() {
    let s = read(UNDER_FIRE).unwrap();
    assert_eq!(s.seeds, 100..300);
    assert_eq!(s.cluster.node_pools[0].capacity["cpu"], "8");
    assert_eq!(s.cluster.node_pools[0].taints[0].str_at(&["value"]), Some("yes"));
    assert_eq!(s.operators.iter().map(|o| o.name.as_str()).collect::<Vec<_>>(), ["web-operator", "second"]);
    let fault = |name: &str| s.faults.iter().find(|fault| fault.name.as_deref() == Some(name)).unwrap();
    let when = |name: &str| {
        let step = s.steps.iter().find(|step| step.name.as_deref() == Some(name)).unwrap();
        step.when.as_ref().unwrap()
    };
    let lost = &fault("a host is lost").target;
    assert!(
        matches!(lost, FaultTarget::Objects { hosting: Some(h), .. } if h.selector == "app=web"),
        "{lost:?}"
    );
    assert_eq!(when("at a time").trigger, Trigger::At(TimeRange { low_ms: 10_000, high_ms: 60_000 }));
    let on = when("on the second write");
    assert!(matches!(&on.trigger, Trigger::On(e) if e.actor == Some("web-operator".into())));
    assert_eq!((on.nth.exact(), on.moment), (Some(2), Moment::AfterResponse));
    let moment = |name| fault(name).when.moment;
    assert_eq!(
        [moment("the leader dies"), moment("late"), moment("writes fail")],
        [Moment::AfterResponse, Moment::After, Moment::Before]
    );
    let trigger = &fault("the leader dies").when.trigger;
    assert!(matches!(trigger, Trigger::On(e) if e.name.matches("apple")));
    assert_eq!(fault("writes fail").args.text("status"), Some("504"));
    assert_eq!(fault("watches break").args.text("kind"), Some("Pod"));
    let whole = fault("history goes");
    assert_eq!(
        (&whole.target, whole.args.get("keep").unwrap().to_string()),
        (&FaultTarget::Cluster, "0..100".into())
    );
    assert_eq!((s.expect[0].grace_ms, s.disable[0].oracle.name), (30_000, "hot_loop"));
    let [all, spare, labelled] = &s.converge.pending[..] else { panic!("{:?}", s.converge) };
    assert_eq!((all.name.as_deref(), spare.name.as_deref()), (None, Some("spare")));
    assert_eq!((spare.kind.0.as_str(), labelled.selector.as_deref()), ("caches.example.com", Some("app=x")));
    assert!(s.converge.without_resync && !read(POD_DELETION).unwrap().converge.without_resync);
}

#[test]
fn a_file_on_disk_is_read_with_its_folder_of_manifests() {
    let folder = std::env::temp_dir().join(format!("wavetank-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("staticweb")).unwrap();
    std::fs::write(folder.join("staticweb/b.yaml"), DEPLOYMENT).unwrap();
    std::fs::write(
        folder.join("staticweb/a.json"),
        r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}"#,
    )
    .unwrap();
    std::fs::write(folder.join("staticweb/README.md"), "no manifest").unwrap();
    std::fs::write(folder.join("s.yaml"), POD_DELETION).unwrap();
    let scenario = load(&folder.join("s.yaml"), &[]);
    let missing = load(&folder.join("t.yaml"), &[]).unwrap_err();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(scenario.unwrap().setup[0].label(), "apply Pod/p, Deployment/web");
    assert!(missing.to_string().contains("t.yaml:1:1: wavetank cannot read the file"), "{missing}");
}

#[test]
fn a_manifest_is_read_as_kubernetes_reads_it() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n  spec: {mode: 0644, \
                big: 1.0, part: 0.5, on: yes, quoted: \"4\", none: ~}\n---\n# nothing\n---\n- 1\n";
    let inline = |text: &str| {
        let indented: String = text.lines().map(|line| format!("        {line}\n")).collect();
        let head = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: s}\nspec:\n  setup:\n  - apply:\n      inline: |\n";
        read(&format!("{head}{indented}"))
    };
    let good = inline(text.split("\n---\n- 1").next().unwrap()).unwrap();
    let Action::Apply(objects) = &good.setup[0].action else { panic!("{good:?}") };
    let spec = objects[0].at(&["spec"]).unwrap().to_json();
    assert_eq!(spec, r#"{"big":1,"mode":420,"none":null,"on":true,"part":0.5,"quoted":"4"}"#);
    let bad = inline(text).unwrap_err();
    assert!(bad.to_string().starts_with("s.yaml:18:9: a list is no manifest"), "{bad}");
}
