//! Compares recorded histories with those of a run.
//!
//! - Most resources: the histories of a resource's objects are compared as a set, state by state. A set, because generated
//!   names are masked: pods of one owner are interchangeable.
//! - Objects that list several pods (`unordered`): the entry of each pod is a history of its own. In a rollout the order in
//!   which two pods change depends on the speed of the recorded control plane, with its limits on requests.
//! - Workloads whose status follows their pods (`COUNTED`): how many steps a count takes depends on how many pods got ready
//!   between two syncs, which differs between two recordings, too. So the course of an object is compared field by field: a
//!   text as the values it took; a number as the values at which it turned, so that 0, 1, 2, 3 equals 0, 3; a missing
//!   number is 0. Where the second recording took another number of steps (`unstable`), the counts in the status vary by
//!   chance: only their last values are compared, and generations, which count writes, are not. The last state is compared
//!   whole, its conditions in any order.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::Value;

use super::case::Case;
use super::compare::difference;
use super::history::{History, Observed};

/// Resources whose number of intermediate states is not stable between two recordings.
const COUNTED: [&str; 5] =
    ["deployments", "replicasets", "replicationcontrollers", "statefulsets", "daemonsets"];

/// How a run differs from the recording.
pub(crate) fn differences(case: &Case, observed: &Observed) -> Vec<String> {
    let mut found = Vec::new();
    for (resource, wanted) in case.histories() {
        let is_in = |list: &[String]| list.iter().any(|other| other == resource);
        let mut got = observed.histories(resource, case.nodes_matter, is_in(&case.unordered));
        if resource == "nodes" {
            got.retain(|history| wanted.iter().any(|other| other.name() == history.name()));
        }
        let all = if COUNTED.contains(&resource) {
            courses(&wanted, &got, !is_in(&case.unstable))
        } else if is_in(&case.unordered) {
            let parts =
                |histories: &[History]| histories.iter().flat_map(endpoints).collect::<Vec<History>>();
            sets(&parts(&wanted), &parts(&got))
        } else {
            sets(&wanted, &got)
        };
        found.extend(all.into_iter().map(|how| format!("{resource} {how}")));
    }
    found
}

/// The history of an EndpointSlice in parts: the slice without its endpoints, and each endpoint.
fn endpoints(slice: &History) -> Vec<History> {
    static SUFFIX: LazyLock<Regex> = LazyLock::new(|| Regex::new("#[a-z0-9]{5}").unwrap());
    let all = |state: &Value| state["endpoints"].as_array().cloned().unwrap_or_default();
    let name = |endpoint: &Value| endpoint["targetRef"]["name"].clone();
    let (mut whole, mut parts) = (History::default(), Vec::<(Value, History)>::new());
    for state in slice.states() {
        let there = state.as_ref().map(all).unwrap_or_default();
        for endpoint in &there {
            if !parts.iter().any(|(known, _)| *known == name(endpoint)) {
                parts.push((name(endpoint), History::default()));
            }
        }
        for (known, history) in &mut parts {
            match there.iter().find(|endpoint| name(endpoint) == *known) {
                Some(endpoint) => {
                    let text = SUFFIX.replace_all(&endpoint.to_string(), "#").into_owned();
                    history.is(serde_json::from_str(&text).unwrap());
                }
                None if history.last().is_some() => history.gone(),
                None => {}
            }
        }
        let Some(mut state) = state.clone() else {
            whole.gone();
            continue;
        };
        let metadata = state["metadata"].as_object_mut().unwrap();
        metadata.retain(|key, _| !matches!(key.as_str(), "annotations" | "generation"));
        state["endpoints"] = Value::Null;
        whole.is(state);
    }
    parts.into_iter().map(|(_, history)| history).chain([whole]).collect()
}

/// Compares histories as sets.
fn sets(wanted: &[History], got: &[History]) -> Vec<String> {
    let mut left: Vec<&History> = got.iter().collect();
    let mut missing: Vec<&History> = Vec::new();
    for history in wanted {
        match left.iter().position(|other| *other == history) {
            Some(index) => drop(left.remove(index)),
            None => missing.push(history),
        }
    }
    let mut found = Vec::new();
    for history in missing {
        let same_name = left.iter().enumerate().filter(|(_, other)| other.name() == history.name());
        match same_name.max_by_key(|(_, other)| common(history, other)) {
            Some((index, _)) => found.push(first_difference(history, left.remove(index))),
            None => found.push(format!("{} should exist", history.name())),
        }
    }
    found.extend(left.iter().map(|history| format!("{} should not exist", history.name())));
    found
}

/// How many states two histories have in common.
fn common(a: &History, b: &History) -> usize {
    a.states().iter().zip(b.states()).take_while(|(a, b)| a == b).count()
}

/// The first difference between two histories.
fn first_difference(wanted: &History, got: &History) -> String {
    let at = common(wanted, got);
    let (name, of) = (wanted.name(), wanted.states().len());
    let how = match (wanted.states().get(at), got.states().get(at)) {
        (Some(Some(wanted)), Some(Some(got))) => difference(wanted, got).unwrap_or_default(),
        (Some(None), Some(Some(_))) => "should be deleted, but exists".to_owned(),
        (Some(Some(wanted)), Some(None)) => format!("is deleted, should be {}", status(wanted)),
        (Some(Some(wanted)), None) => {
            let before = got.states().last().and_then(Option::as_ref);
            let how = before.and_then(|before| difference(wanted, before)).unwrap_or_default();
            format!("is missing: {how}")
        }
        (Some(None), None) => "should be deleted in the end".to_owned(),
        (None, Some(Some(got))) => {
            let before = wanted.last();
            format!(
                "is one too many: {}",
                before.and_then(|before| difference(before, got)).unwrap_or_default()
            )
        }
        (None | Some(None), _) => "is deleted, should exist".to_owned(),
    };
    format!("{name} state {at} of {of}: {how}")
}

fn status(state: &Value) -> String {
    state["status"].to_string()
}

/// Compares objects by name, field by field.
fn courses(wanted: &[History], got: &[History], stable: bool) -> Vec<String> {
    let mut found = Vec::new();
    for history in wanted {
        match got.iter().find(|other| other.name() == history.name()) {
            None => found.push(format!("{} should exist", history.name())),
            Some(other) => {
                found.extend(course_differences(history, other, stable));
                found.extend(end_difference(history, other, stable));
            }
        }
    }
    let unexpected = got.iter().filter(|other| !wanted.iter().any(|history| history.name() == other.name()));
    found.extend(unexpected.map(|history| format!("{} should not exist", history.name())));
    found
}

fn course_differences(wanted: &History, got: &History, stable: bool) -> Vec<String> {
    let (wanted_course, got_course) = (course(wanted), course(got));
    let all: std::collections::BTreeSet<&String> = wanted_course.keys().chain(got_course.keys()).collect();
    let nothing = Vec::new();
    all.into_iter()
        .filter_map(|field| {
            let (w, g) =
                (wanted_course.get(field).unwrap_or(&nothing), got_course.get(field).unwrap_or(&nothing));
            let name = wanted.name();
            let counts = field.starts_with("/status/") || field == "/metadata/generation";
            let is_count = counts && w.iter().chain(g).all(Value::is_number);
            (w != g && (stable || !is_count)).then(|| {
                format!(
                    "{name} {field} should take {}, takes {}",
                    Value::from(w.clone()),
                    Value::from(g.clone())
                )
            })
        })
        .collect()
}

fn end_difference(wanted: &History, got: &History, stable: bool) -> Option<String> {
    let sorted = |history: &History| {
        let mut state = history.last().cloned().unwrap_or_default();
        if let Some(conditions) = state.pointer_mut("/status/conditions").and_then(Value::as_array_mut) {
            conditions.sort_by_key(|condition| condition["type"].to_string());
        }
        let writes: &[&str] =
            if stable { &[] } else { &["/metadata/generation", "/status/observedGeneration"] };
        for pointer in writes {
            if let Some(generation) = state.pointer_mut(pointer) {
                *generation = Value::Null;
            }
        }
        state
    };
    let how = difference(&sorted(wanted), &sorted(got))?;
    Some(format!("{} in the end: {how}", wanted.name()))
}

/// The values of each field in order.
fn course(history: &History) -> BTreeMap<String, Vec<Value>> {
    let flat: Vec<BTreeMap<String, Value>> = history
        .states()
        .iter()
        .map(|state| {
            let mut fields = BTreeMap::new();
            match state {
                Some(state) => flatten(String::new(), state, &mut fields),
                None => drop(fields.insert("/".to_owned(), "deleted".into())),
            }
            fields
        })
        .collect();
    let mut all: Vec<&String> = flat.iter().flat_map(BTreeMap::keys).collect();
    all.sort();
    all.dedup();
    let values = |field: &String| {
        let values = flat.iter().map(|fields| fields.get(field).cloned().unwrap_or_default());
        turns(values.collect())
    };
    all.into_iter().map(|field| (field.clone(), values(field))).collect()
}

/// The fields of a state. A condition's key is its type; any other list is one field.
fn flatten(at: String, value: &Value, out: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                flatten(format!("{at}/{key}"), value, out);
            }
        }
        Value::Array(items) if !items.is_empty() && items.iter().all(|item| item["type"].is_string()) => {
            for item in items {
                flatten(format!("{at}/{}", item["type"].as_str().unwrap()), item, out);
            }
        }
        other => drop(out.insert(at, other.clone())),
    }
}

/// The values without repeats; of numbers only those at which they turn.
fn turns(mut values: Vec<Value>) -> Vec<Value> {
    let numbers = values.iter().any(Value::is_number);
    if numbers {
        values.iter_mut().filter(|value| value.is_null()).for_each(|value| *value = 0.into());
    }
    values.dedup();
    if !numbers || !values.iter().all(Value::is_number) {
        return values;
    }
    let number = |index: usize| values[index].as_i64().unwrap_or(0);
    let keeps = |index: &usize| {
        let (index, last) = (*index, values.len() - 1);
        index == 0
            || index == last
            || (number(index) > number(index - 1)) != (number(index + 1) > number(index))
    };
    (0..values.len()).filter(keeps).map(|index| values[index].clone()).collect()
}

#[test]
fn a_number_counts_where_it_turns_and_a_text_where_it_changes() {
    let of = |values: &[Value]| turns(values.to_vec());
    let numbers = [Value::Null, 1.into(), 3.into(), 3.into(), 2.into(), 4.into()];
    assert_eq!(of(&numbers), [0, 3, 2, 4].map(Value::from));
    let texts = ["a", "a", "b", "a"].map(Value::from);
    assert_eq!(of(&texts), ["a", "b", "a"].map(Value::from));
}

#[test]
fn a_history_that_lacks_a_state_differs_from_the_whole() {
    let mut whole = History::default();
    for phase in ["Pending", "Running"] {
        whole.is(serde_json::json!({"metadata": {"name": "a"}, "status": {"phase": phase}}));
    }
    let mut short = History::default();
    short.is(whole.states()[0].clone().unwrap());
    assert_eq!(sets(std::slice::from_ref(&whole), std::slice::from_ref(&whole)), [""; 0]);
    let how = "a state 1 of 2: is missing: /status/phase: should be \"Running\", is \"Pending\"";
    assert_eq!(sets(std::slice::from_ref(&whole), &[short]), [how]);
    assert_eq!(courses(std::slice::from_ref(&whole), std::slice::from_ref(&whole), true), [""; 0]);
}
