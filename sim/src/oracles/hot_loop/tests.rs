//! Hot loops over written records.

use std::sync::Arc;

use super::*;
use crate::object::Object;
use crate::value;
use crate::wire::resource::{CONFIG_MAPS, DEPLOYMENTS, LEASES, NODES};
use crate::wire::{Actor, ActorClass, Addr, Birth, Commit, Entry, History, ObjectKey, Resource, Verb, What};

const OP: Addr = Addr(0);
const OTHER: Addr = Addr(1);
const SYSTEM: Addr = Addr(2);
const USER: Addr = Addr(3);

fn history() -> History {
    let actors = [
        ("op", ActorClass::Host),
        ("other", ActorClass::Host),
        ("kube-controller-manager", ActorClass::System),
        ("user", ActorClass::User),
    ];
    let actors = actors.map(|(name, class)| Actor { name: name.into(), class });
    History { actors: actors.into(), ..History::default() }
}

fn object(name: &str, generation: i64, status: &str) -> Arc<Object> {
    Object::shared(value!({
        "metadata": {"name": name, "namespace": "default", "generation": generation}, "status": {"text": status}
    }))
}

fn change(ms: i64, actor: Addr, resource: Resource, old: Arc<Object>, new: Arc<Object>) -> Entry {
    let key = ObjectKey::of(&new);
    let commit = Commit { revision: 1, resource, key, old: Some(old), new: Some(new), birth: None };
    Entry { time: Time(ms), actor, what: What::Commit(Arc::new(commit)) }
}

/// A change of the object `name` by this actor.
fn changed(ms: i64, actor: Addr, resource: Resource, name: &str) -> Entry {
    change(ms, actor, resource, object(name, 1, "a"), object(name, 2, "a"))
}

/// A write of the status of the object `name`.
fn status(ms: i64, actor: Addr, resource: Resource, name: &str) -> Entry {
    change(ms, actor, resource, object(name, 2, "a"), object(name, 2, "b"))
}

fn request(ms: i64, verb: Verb, name: &str, code: u16) -> Entry {
    let (resource, key) = (Some(*CONFIG_MAPS), ObjectKey::new("default", name));
    let what = What::Request { verb, resource, subresource: "".into(), key, code };
    Entry { time: Time(ms), actor: OP, what }
}

fn created(ms: i64, name: &str, generated: bool) -> Entry {
    let object = object(name, 1, "a");
    let birth = Some(Birth { prefix: name.trim_end_matches(char::is_numeric).into(), nth: 1, generated });
    let key = ObjectKey::of(&object);
    let commit = Commit { revision: 1, resource: *CONFIG_MAPS, key, old: None, new: Some(object), birth };
    Entry { time: Time(ms), actor: OP, what: What::Commit(Arc::new(commit)) }
}

/// What is found in entries after convergence.
fn converged(entries: Vec<Entry>) -> Option<Violation> {
    let mut history = history();
    entries.into_iter().for_each(|entry| history.record.push(entry));
    hot_loop(&Observed { converged: Some(Time::ZERO), ..Observed::of(&history) })
}

/// What is found in entries before the first fault, of which the last write before is at 0.
fn before_faults(mut entries: Vec<Entry>) -> Option<Violation> {
    entries.sort_by_key(|entry| entry.time);
    let (history, mut loops) = (history(), Loops::new(Time::ZERO));
    entries.iter().find_map(|entry| loops.on_entry(entry, &history))
}

/// A write of a ConfigMap by the host every so often, from `from_s` to `to_s`.
fn every(ms: usize, from_s: i64, to_s: i64) -> Vec<Entry> {
    (from_s * 1000..to_s * 1000).step_by(ms).map(|at| changed(at, OP, *CONFIG_MAPS, "a")).collect()
}

#[test]
fn a_host_that_changes_an_object_ten_times_a_minute_is_found() {
    let found = converged(every(5000, 0, 100)).unwrap();
    assert_eq!(found.time, Time(45_000));
    let words = "hot_loop: op changed configmaps default/a 10 times in 60 s although all had converged";
    assert_eq!(found.to_string(), words);
}

#[test]
fn slow_writers_leases_and_the_control_plane_are_not() {
    let by = |actor, resource, ms| (0_i64..20).map(|i| changed(i * ms, actor, resource, "a")).collect();
    assert_eq!(converged(by(OP, *CONFIG_MAPS, 7000)), None);
    assert_eq!(converged(by(OP, *LEASES, 1000)), None);
    assert_eq!(converged(by(SYSTEM, *CONFIG_MAPS, 1000)), None);
}

#[test]
fn writes_in_vain_count_and_creates_of_many_objects_do_not_unless_their_names_are_generated() {
    let requests = |verb, code| (0..40).map(|i| request(i * 1000, verb, "a", code)).collect::<Vec<_>>();
    for (verb, code) in [(Verb::Patch, 200), (Verb::Update, 409), (Verb::Create, 409), (Verb::Delete, 404)] {
        let found = converged(requests(verb, code)).unwrap();
        assert_eq!(found.time, Time(29_000));
        assert!(found.message.contains("op tried to write configmaps default/a 30 times in 60 s"), "{found}");
    }
    assert_eq!(converged(requests(Verb::Get, 200)), None);
    let creates = |generated| {
        let one = |i: i64| {
            [request(i * 1000, Verb::Create, "", 201), created(i * 1000, &format!("a-{i}"), generated)]
        };
        (0_i64..40).flat_map(one).collect::<Vec<_>>()
    };
    assert_eq!(converged(creates(false)), None);
    let found = converged(creates(true)).unwrap();
    assert!(found.message.contains("op tried to write configmaps default/a- 30 times"), "{found}");
}

#[test]
fn before_the_faults_a_loop_counts_from_60_s_after_the_last_write_of_another() {
    let found = before_faults(every(5000, 0, 200)).unwrap();
    assert_eq!(found.time, Time(105_000), "60 s, and 10 writes from then on");
    let words = "hot_loop: op changed configmaps default/a 10 times in 60 s although nothing else changed";
    assert_eq!(found.to_string(), words);
    let mut entries = every(5000, 0, 300);
    entries.push(changed(101_000, USER, *CONFIG_MAPS, "b"));
    assert_eq!(before_faults(entries).unwrap().time, Time(210_000));
    let mut entries = every(1000, 0, 60);
    entries.extend(every(30_000, 60, 600));
    assert_eq!(before_faults(entries), None, "it has calmed down");
}

#[test]
fn what_others_write_all_the_time_hides_a_loop_unless_it_says_nothing() {
    let with = |other: &dyn Fn(i64) -> Entry| {
        let mut entries = every(1000, 0, 400);
        entries.extend((0..40).map(|i| other(i * 10_000 + 1)));
        before_faults(entries)
    };
    assert_eq!(with(&|ms| changed(ms, USER, *CONFIG_MAPS, "b")), None);
    assert_eq!(
        with(&|ms| changed(ms, OTHER, *CONFIG_MAPS, "a")),
        None,
        "two hosts may struggle for an object"
    );
    assert_eq!(with(&|ms| status(ms, SYSTEM, *DEPLOYMENTS, "web")), None);
    assert!(with(&|ms| changed(ms, SYSTEM, *LEASES, "l")).is_some());
    let node = |time: &str, ready: &str| {
        Object::shared(value!({"metadata": {"name": "n"}, "status": {"conditions": [
            {"type": "Ready", "status": ready, "lastHeartbeatTime": time}]}}))
    };
    let beat = |ms, ready| change(ms, SYSTEM, *NODES, node("1", "True"), node("2", ready));
    assert!(with(&|ms| beat(ms, "True")).is_some());
    assert_eq!(with(&|ms| beat(ms, "False")), None);
}

#[test]
fn a_status_that_follows_from_the_hosts_own_write_hides_no_loop() {
    let with_status = |name: &str| {
        let one = |i: i64| {
            let ms = i * 1000;
            [changed(ms, OP, *DEPLOYMENTS, "web"), status(ms + 5, SYSTEM, *DEPLOYMENTS, name)]
        };
        before_faults((0..200).flat_map(one).collect())
    };
    let found = with_status("web").unwrap();
    assert!(found.message.starts_with("op changed deployments default/web 10 times"), "{found}");
    assert_eq!(with_status("shop"), None);
}
