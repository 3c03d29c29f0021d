//! Compares the Events of each object with the recorded ones.
//!
//! Compared per object: its Events in the order in which they were created, each with its type, reason, source, reporter,
//! action, count and message. A controller creates or deletes several pods in parallel: such consecutive Events are a set.
//! Names are masked as in `history`, and so is the node that the scheduler drew. Objects are a set, because masked names
//! can be equal. Where two recordings took other steps (`events of OBJECT` in `unstable`), the numbers in messages are
//! masked, and equal Events count once.
//!
//! Not compared: names and times of Events, resource versions, the order between objects, Events about nodes (in another
//! namespace, not recorded) and of kubelets (the stand-in writes none).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_lite::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::case::Case;
use super::history::Observed;

/// The Events of one object.
#[derive(Deserialize, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct ObjectEvents {
    /// `apiVersion kind name`, and ` by name` where the Events lack its uid.
    about: String,
    #[serde(rename = "told")]
    lines: Vec<String>,
}

impl ObjectEvents {
    /// The Events without their unstable parts.
    fn stable(&self, numbers_differ: bool) -> Self {
        static NUMBER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r" \d+").unwrap());
        static COUNT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r" x\d+:").unwrap());
        let mut lines = self.lines.clone();
        let reason = |line: &String| line.split(' ').nth(1).unwrap_or_default().to_owned();
        let in_parallel =
            |line: &String| ["SuccessfulCreate", "SuccessfulDelete"].contains(&reason(line).as_str());
        for row in lines.chunk_by_mut(|a, b| in_parallel(a) && reason(a) == reason(b)) {
            row.sort();
        }
        if numbers_differ {
            lines = lines
                .iter()
                .map(|line| NUMBER.replace_all(&COUNT.replace(line, ":"), " #").into_owned())
                .collect();
            lines.sort();
            lines.dedup();
        }
        Self { about: self.about.clone(), lines }
    }
}

/// How the Events differ from the recording.
pub(crate) fn differences(case: &Case, observed: &Observed) -> Vec<String> {
    let Some(wanted) = &case.events else { return Vec::new() };
    let stable =
        |events: &ObjectEvents| events.stable(case.unstable.contains(&format!("events of {}", events.about)));
    let wanted: Vec<ObjectEvents> = wanted.iter().map(stable).collect();
    let mut left: Vec<ObjectEvents> = events(case, observed).iter().map(stable).collect();
    let mut missing: Vec<&ObjectEvents> = Vec::new();
    for wanted in &wanted {
        match left.iter().position(|events| events == wanted) {
            Some(index) => drop(left.remove(index)),
            None => missing.push(wanted),
        }
    }
    let mut found = Vec::new();
    for wanted in missing {
        let got = left.iter().position(|events| events.about == wanted.about).map(|index| left.remove(index));
        found.push(first_difference(wanted, got.as_ref()));
    }
    found.extend(
        left.iter().map(|events| format!("events of {}: should not exist: {:?}", events.about, events.lines)),
    );
    found
}

fn first_difference(wanted: &ObjectEvents, got: Option<&ObjectEvents>) -> String {
    let Some(got) = got else {
        return format!("events of {}: none, should be {:?}", wanted.about, wanted.lines);
    };
    let pairs = wanted.lines.iter().zip(&got.lines);
    let at = pairs.take_while(|(wanted, got)| wanted == got).count();
    let line = |events: &ObjectEvents| events.lines.get(at).map_or("nothing", String::as_str).to_owned();
    format!("events of {} at {at}: should be {:?}, is {:?}", wanted.about, line(wanted), line(got))
}

/// The Events of each object.
fn events(case: &Case, observed: &Observed) -> Vec<ObjectEvents> {
    let mut objects: BTreeMap<[String; 4], Vec<String>> = BTreeMap::new();
    for event in observed.last("events") {
        if event["source"]["component"] == "kubelet" {
            continue;
        }
        let about = &event["involvedObject"];
        let key = ["apiVersion", "kind", "name", "uid"].map(|field| text(&about[field]).to_owned());
        objects.entry(key).or_default().push(line(case, observed, &event));
    }
    let named = |([version, kind, name, uid], lines): ([String; 4], Vec<String>)| {
        let by_name = if uid.is_empty() { " by name" } else { "" };
        ObjectEvents { about: format!("{version} {kind} {}{by_name}", observed.masked(&name)), lines }
    };
    objects.into_iter().map(named).collect()
}

/// `TYPE REASON SOURCE REPORTER ACTION xCOUNT: MESSAGE`; without an action where there is none, without a count of one.
fn line(case: &Case, observed: &Observed, event: &Value) -> String {
    let or_none = |value: &Value| value.as_str().filter(|text| !text.is_empty()).unwrap_or("-").to_owned();
    let mut words = vec![or_none(&event["type"]), or_none(&event["reason"])];
    words.extend([or_none(&event["source"]["component"]), or_none(&event["reportingComponent"])]);
    words.extend(event["action"].as_str().map(str::to_owned));
    words.extend(event["count"].as_u64().filter(|count| *count > 1).map(|count| format!("x{count}")));
    words.extend(event["series"]["count"].as_u64().map(|count| format!("series {count}")));
    let mut message = observed.masked(text(&event["message"]));
    if event["reason"] == "Scheduled"
        && !case.nodes_matter
        && let Some((assigned, _)) = message.rsplit_once(' ')
    {
        message = format!("{assigned} <node>");
    }
    format!("{}: {message}", words.join(" "))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn events_about_parallel_creations_are_a_set_and_all_others_a_list() {
    let of = |lines: &[&str]| ObjectEvents {
        about: "v1 Pod a".to_owned(),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
    };
    let (first, second, other) =
        ("Normal SuccessfulCreate - -: 1", "Normal SuccessfulCreate - -: 2", "Normal Resumed - -: 3");
    assert_eq!(of(&[second, first, other]).stable(false), of(&[first, second, other]));
    assert_ne!(of(&[first, other, second]).stable(false), of(&[first, second, other]));
    assert_eq!(of(&[first, second]).stable(true), of(&["Normal SuccessfulCreate - -: #"]));
    assert!(first_difference(&of(&[first]), Some(&of(&[other]))).contains("at 0: should be"));
}
