//! Chains of requests over written records.

use std::sync::Arc;

use super::*;
use crate::object::{Object, Str};
use crate::scenario::{Converge, Ignore};
use crate::value;
use crate::wire::resource::{CONFIG_MAPS, LEASES};
use crate::wire::{Actor, ObjectKey, Resource, Verb};

const OP: Addr = Addr(0);
const OTHER: Addr = Addr(1);
const USER: Addr = Addr(2);

fn history(entries: Vec<Entry>) -> History {
    let actors = [("op", ActorClass::Host), ("other", ActorClass::Host), ("user", ActorClass::User)];
    let actors = actors.map(|(name, class)| Actor { name: name.into(), class });
    let mut history = History { actors: actors.into(), ..History::default() };
    entries.into_iter().for_each(|entry| history.record.push(entry));
    history
}

fn at(second: i64, actor: Addr, what: What) -> Entry {
    Entry { time: Time(second * 1000), actor, what }
}

fn requests(second: i64, actor: Addr, resource: Resource) -> Entry {
    let key = ObjectKey::new("default", "a");
    at(
        second,
        actor,
        What::Request { verb: Verb::Get, resource: Some(resource), subresource: "".into(), key, code: 200 },
    )
}

fn answered(second: i64, actor: Addr, resource: Resource) -> Entry {
    at(second, actor, What::Answered { code: 200, resource: Some(resource), why: "".into() })
}

fn delivered(second: i64, actor: Addr, events: u32, bookmarks: u32) -> Entry {
    let what = What::Delivered { resource: *CONFIG_MAPS, events, bookmarks, revision: 1, error: 0 };
    at(second, actor, what)
}

/// A write of the ConfigMap `name`, whose data is the text.
fn writes(second: i64, actor: Addr, name: &str, text: &str) -> Entry {
    let object = |text: &str| {
        let metadata = value!({"name": name, "namespace": "default", "resourceVersion": text});
        Object::shared(
            value!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"text": text}}),
        )
    };
    let (old, new) = (object("old"), object(text));
    commit(second, actor, *CONFIG_MAPS, old, new)
}

fn commit(second: i64, actor: Addr, resource: Resource, old: Arc<Object>, new: Arc<Object>) -> Entry {
    let key = ObjectKey::of(&new);
    let commit = Commit { revision: 1, resource, key, old: Some(old), new: Some(new), birth: None };
    at(second, actor, What::Commit(Arc::new(commit)))
}

fn started(second: i64, actor: Addr) -> Entry {
    at(second, actor, What::Host("started, incarnation 1".into()))
}

/// What is found in a run that has converged at 1000 s.
#[track_caller]
fn finds(entries: Vec<Entry>, wanted: Option<(&str, u64)>) {
    let (history, converge) = (history(entries), Converge::default());
    let run =
        Observed { converged: Some(Time(1_000_000)), converge: Some(&converge), ..Observed::of(&history) };
    let found = slow_convergence(&run).map(|slow| (slow.who, slow.silence_ms / SECOND));
    assert_eq!(found, wanted.map(|(who, seconds)| (Str::from(who), seconds)));
}

/// The user writes at 10 s, of which the host hears; it works at 300 s.
fn late(between: Vec<Entry>) -> Vec<Entry> {
    let (maps, begin) =
        (*CONFIG_MAPS, [started(0, OP), writes(10, USER, "a", "new"), delivered(10, OP, 1, 0)]);
    let end = [requests(300, OP, maps), answered(300, OP, maps), writes(301, OP, "b", "new")];
    begin.into_iter().chain(between).chain(end).collect()
}

#[test]
fn a_write_after_a_minute_of_silence_is_one_of_a_timer() {
    finds(late(vec![]), Some(("op", 290)));
    finds(late(vec![answered(239, OP, *CONFIG_MAPS)]), Some(("op", 61)));
    finds(late(vec![answered(240, OP, *CONFIG_MAPS)]), None);
    finds(late(vec![delivered(240, OP, 1, 0)]), None);
    finds(late(vec![started(240, OP)]), None);
    finds(late(vec![at(240, OP, What::Fault("watch-cut(op)@4m".into()))]), None);
}

#[test]
fn bookmarks_leases_and_what_others_hear_break_no_silence() {
    let quiet = vec![
        delivered(250, OP, 1, 1),
        requests(251, OP, *LEASES),
        answered(252, OP, *LEASES),
        delivered(253, OTHER, 1, 0),
        answered(254, OTHER, *CONFIG_MAPS),
    ];
    finds(late(quiet), Some(("op", 290)));
    let lease = |holder: &str| {
        Object::shared(value!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": "l", "namespace": "default"}, "spec": {"holderIdentity": holder}}))
    };
    finds(late(vec![commit(255, OP, *LEASES, lease("op"), lease("op"))]), Some(("op", 290)));
    finds(late(vec![commit(255, OP, *LEASES, lease("other"), lease("op"))]), None);
}

#[test]
fn an_event_before_the_first_effective_write_makes_a_chain_one_of_an_event() {
    let (maps, late) = (*CONFIG_MAPS, late(vec![]));
    let with = |more: Vec<Entry>| [late.clone(), more].concat();
    // Consequences of the write at 301 s.
    let follow_up = vec![delivered(310, OP, 1, 0), requests(310, OP, maps), writes(311, OP, "c", "new")];
    finds(with(follow_up.clone()), Some(("op", 290)));
    let mut eventful = with(follow_up);
    eventful.insert(5, delivered(300, OP, 1, 0));
    finds(eventful, None);
    // A later chain of an event counts, and one of another host.
    finds(with(vec![delivered(500, OP, 1, 0), writes(501, OP, "c", "new")]), Some(("op", 290)));
    let again = vec![requests(500, OP, maps), delivered(501, OP, 1, 0), writes(502, OP, "c", "new")];
    finds(with(again), None);
    finds(with(vec![started(490, OTHER), requests(500, OTHER, maps), writes(500, OTHER, "c", "new")]), None);
}

#[test]
fn a_resync_that_changes_nothing_is_not_accused() {
    let maps = *CONFIG_MAPS;
    let resync = |second| [requests(second, OP, maps), answered(second, OP, maps)];
    let mut entries = vec![started(0, OP), delivered(10, OP, 1, 0), writes(11, OP, "b", "new")];
    entries.extend([300, 600, 900].into_iter().flat_map(resync));
    finds(entries.clone(), None);
    // A heartbeat writes a new time, which the masked state leaves out.
    let metadata = |version: &str| value!({"name": "h", "namespace": "default", "resourceVersion": version});
    let (old, new) = ("2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z");
    let beat = |time: &str| {
        Object::shared(
            value!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": (metadata(time)), "data": {"at": time}}),
        )
    };
    entries.push(commit(901, OP, maps, beat(old), beat(new)));
    finds(entries.clone(), None);
    // What happens before the last change of the user led to another state.
    entries.extend([writes(902, OP, "d", "new"), writes(903, USER, "e", "new")]);
    finds(entries, None);
}

#[test]
fn it_is_a_note_unless_the_scenario_makes_it_a_violation() {
    let history = history(late(vec![]));
    let words = "op converged only by a timer of its own, after 290 s without an event or answer, not by a watch event";
    for without_resync in [false, true] {
        let converge = Converge { without_resync, ..Converge::default() };
        let run =
            Observed { converged: Some(Time(400_000)), converge: Some(&converge), ..Observed::of(&history) };
        let found = violation(&run).map(|found| (found.oracle, found.time, found.message));
        assert_eq!(
            found,
            without_resync.then(|| (oracle::SLOW_CONVERGENCE, Time(400_000), words.to_owned()))
        );
        let note = slow_convergence(&run).map(|slow| slow.note());
        assert_eq!(note, Some(Note::new("slow_convergence op", words)));
    }
    let ignore = vec![Ignore { kind: "configmap".into(), selector: None, fields: Vec::new() }];
    let converge = Converge { ignore, ..Converge::default() };
    let run =
        Observed { converged: Some(Time(400_000)), converge: Some(&converge), ..Observed::of(&history) };
    assert_eq!(slow_convergence(&run), None, "what is ignored has no effect");
}
