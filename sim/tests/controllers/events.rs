//! What the control plane told of each object in Events, against what was recorded.
//!
//! Judged per object: its Events in the order in which they first came, each with its type, reason, source, reporter, action,
//! count and message. What a controller creates or deletes in one go it does in parallel: such a row is a set. Names are
//! masked as in `history`, and so is the node that the scheduler chose. Objects are a set: a name that is masked does not
//! tell them apart. Where two recordings took other steps (`events of OBJECT` in `unstable`), the numbers in what is said
//! of it are masked, and the same said twice counts once.
//!
//! Not judged: names and times of Events, resource versions, the order between objects, what is said of nodes (Events in
//! another namespace, not recorded), what kubelets say (the stand-in is silent).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_lite::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::case::Case;
use super::history::Observed;

/// What was told of one object.
#[derive(Deserialize, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Told {
    /// `apiVersion kind name`, and ` by name` where its uid is not told.
    about: String,
    told: Vec<String>,
}

impl Told {
    /// Without what is not stable in it.
    fn settled(&self, numbers_differ: bool) -> Self {
        static NUMBER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r" \d+").unwrap());
        static COUNT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r" x\d+:").unwrap());
        let mut told = self.told.clone();
        let reason = |line: &String| line.split(' ').nth(1).unwrap_or_default().to_owned();
        let in_parallel =
            |line: &String| ["SuccessfulCreate", "SuccessfulDelete"].contains(&reason(line).as_str());
        for row in told.chunk_by_mut(|a, b| in_parallel(a) && reason(a) == reason(b)) {
            row.sort();
        }
        if numbers_differ {
            told = told
                .iter()
                .map(|line| NUMBER.replace_all(&COUNT.replace(line, ":"), " #").into_owned())
                .collect();
            told.sort();
            told.dedup();
        }
        Self { about: self.about.clone(), told }
    }
}

/// How what was told differs from the recording.
pub(crate) fn differences(case: &Case, observed: &Observed) -> Vec<String> {
    let Some(wanted) = &case.events else { return Vec::new() };
    let settled = |told: &Told| told.settled(case.unstable.contains(&format!("events of {}", told.about)));
    let wanted: Vec<Told> = wanted.iter().map(settled).collect();
    let mut left: Vec<Told> = told(case, observed).iter().map(settled).collect();
    let mut missing: Vec<&Told> = Vec::new();
    for wanted in &wanted {
        match left.iter().position(|told| told == wanted) {
            Some(index) => drop(left.remove(index)),
            None => missing.push(wanted),
        }
    }
    let mut found = Vec::new();
    for wanted in missing {
        let got = left.iter().position(|told| told.about == wanted.about).map(|index| left.remove(index));
        found.push(apart(wanted, got.as_ref()));
    }
    found.extend(
        left.iter().map(|told| format!("events of {}: should not be there: {:?}", told.about, told.told)),
    );
    found
}

fn apart(wanted: &Told, got: Option<&Told>) -> String {
    let Some(got) = got else {
        return format!("events of {}: none, should be {:?}", wanted.about, wanted.told);
    };
    let pairs = wanted.told.iter().zip(&got.told);
    let at = pairs.take_while(|(wanted, got)| wanted == got).count();
    let line = |told: &Told| told.told.get(at).map_or("nothing", String::as_str).to_owned();
    format!("events of {} at {at}: should be {:?}, is {:?}", wanted.about, line(wanted), line(got))
}

/// What was told of each object.
fn told(case: &Case, observed: &Observed) -> Vec<Told> {
    let mut objects: BTreeMap<[String; 4], Vec<String>> = BTreeMap::new();
    for event in observed.last("events") {
        if event["source"]["component"] == "kubelet" {
            continue;
        }
        let about = &event["involvedObject"];
        let key = ["apiVersion", "kind", "name", "uid"].map(|field| text(&about[field]).to_owned());
        objects.entry(key).or_default().push(line(case, observed, &event));
    }
    let whole = |([version, kind, name, uid], told): ([String; 4], Vec<String>)| {
        let by_name = if uid.is_empty() { " by name" } else { "" };
        Told { about: format!("{version} {kind} {}{by_name}", observed.masked(&name)), told }
    };
    objects.into_iter().map(whole).collect()
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
fn what_is_created_in_one_go_is_a_set_and_all_else_an_order() {
    let of = |lines: &[&str]| Told {
        about: "v1 Pod a".to_owned(),
        told: lines.iter().map(|line| (*line).to_owned()).collect(),
    };
    let (first, second, other) =
        ("Normal SuccessfulCreate - -: 1", "Normal SuccessfulCreate - -: 2", "Normal Resumed - -: 3");
    assert_eq!(of(&[second, first, other]).settled(false), of(&[first, second, other]));
    assert_ne!(of(&[first, other, second]).settled(false), of(&[first, second, other]));
    assert_eq!(of(&[first, second]).settled(true), of(&["Normal SuccessfulCreate - -: #"]));
    assert!(apart(&of(&[first]), Some(&of(&[other]))).contains("at 0: should be"));
}
