//! Whole runs with a program: a small operator written over [`Client`], so that faults of programs are tested here.

use http::Method;

use super::client::Client;
use super::{Run, played_with, wait};
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Str, Value};
use crate::programs::{Host, Program};
use crate::scenario::{Action, OperatorSpec, Scenario, Step};
use crate::value;
use crate::wire::resource::CONFIG_MAPS;
use crate::wire::{ActorClass, Entry, What};

/// The ConfigMaps that the copier copies.
const ORIGINALS: &str = "/api/v1/namespaces/default/configmaps?labelSelector=copy%3Dme";
const CONFIGMAPS: &str = "/api/v1/namespaces/default/configmaps";

/// What the copier waits after a failed request, in ms.
const RETRY_MS: Millis = SECOND;

/// An operator that keeps a copy of each ConfigMap with the label `copy=me`. It is right: it lists, writes what is missing,
/// watches from where the list ended, and lists again whenever the watch ends or a request fails.
pub(crate) async fn copier(host: Host) -> Result<(), String> {
    let client = Client::new(&host);
    loop {
        if copy_until_watch_ends(&client).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(RETRY_MS)).await;
        }
    }
}

async fn copy_until_watch_ends(client: &Client) -> Result<(), String> {
    let list = client.get(ORIGINALS).await?;
    for original in list.items_at(&["items"]) {
        copy(client, original).await?;
    }
    let from = list.str_at(&["metadata", "resourceVersion"]).expect("a list has a resourceVersion");
    let mut watch = client.watch(ORIGINALS, from).await?;
    while let Some(event) = watch.next().await {
        match (event.str_at(&["type"]), event.at(&["object"])) {
            (Some("ADDED" | "MODIFIED"), Some(original)) => copy(client, original).await?,
            _ => break,
        }
    }
    Ok(())
}

/// Creates the copy, or replaces its data.
async fn copy(client: &Client, original: &Value) -> Result<(), String> {
    let name = format!("{}-copy", original.str_at(&["metadata", "name"]).expect("an object has a name"));
    let data = original.at(&["data"]).cloned().unwrap_or_else(Value::empty_map);
    let (key, content) = (name.clone(), data.clone());
    let copy = value!({"metadata": {"name": key}, "data": content});
    match client.write(Method::POST, CONFIGMAPS, copy).await {
        Err(error) if error.contains(": 409: ") => {
            client.write(Method::PATCH, &format!("{CONFIGMAPS}/{name}"), value!({"data": data})).await?;
        }
        created => drop(created?),
    }
    Ok(())
}

/// Runs so many copiers with these faults.
pub(crate) fn played_with_copiers(replicas: u32, plan: &str) -> Run {
    played_with(&[Program::new("copier", copier)], copiers(replicas), plan)
}

/// So many copiers: `a` and `b` are created at t = 0, and `a` changes at 20 s.
pub(crate) fn copiers(replicas: u32) -> Scenario {
    let mut scenario = Scenario::new("copies");
    scenario.operators =
        vec![OperatorSpec { name: "copier".into(), program: "copier".into(), replicas, with: Value::Null }];
    let original = |name: &str, text: &str| {
        Object::shared(value!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "labels": {"copy": "me"}}, "data": {"text": text}
        }))
    };
    scenario.steps = vec![
        Step::new(Action::Apply(vec![original("a", "first"), original("b", "second")])),
        wait(20 * SECOND),
        Step::new(Action::Apply(vec![original("a", "third")])),
    ];
    scenario.converge.settle_ms = 60 * SECOND;
    scenario
}

/// The requests of each copier that reached the server: its name, the time in ms, verb and resource.
pub(crate) fn requests(run: &Run) -> Vec<(&str, i64, String)> {
    let of_host = |entry: &&Entry| run.history.actor(entry.actor).class == ActorClass::Host;
    let all = run.history.record.entries().iter().filter(of_host).filter_map(|entry| match &entry.what {
        What::Request { verb, resource: Some(resource), .. } => {
            let what = format!("{} {}", verb.as_str(), resource.plural());
            Some((run.history.actor(entry.actor).name.as_str(), entry.time.0, what))
        }
        _ => None,
    });
    all.collect()
}

/// What the record says of faults, with the time in ms.
pub(crate) fn faults(run: &Run) -> Vec<(i64, String)> {
    texts(run, |what| if let What::Fault(text) = what { Some(text) } else { None })
}

fn texts(run: &Run, of: impl Fn(&What) -> Option<&Str>) -> Vec<(i64, String)> {
    let entries = run.history.record.entries().iter();
    entries.filter_map(|entry| Some((entry.time.0, of(&entry.what)?.to_string()))).collect()
}

/// The names of the copies at a time, each with its text.
pub(crate) fn copies(run: &Run, time: Time) -> Vec<String> {
    let all = run.at(*CONFIG_MAPS, time);
    let copies = all.iter().filter(|object| object.name().ends_with("-copy"));
    let text = |object: &Object| object.str_at(&["data", "text"]).unwrap_or_default().to_owned();
    copies.map(|object| format!("{}: {}", object.name(), text(object))).collect()
}

/// What happened to the hosts from t = 0 on.
fn lives(run: &Run) -> Vec<String> {
    let all = texts(run, |what| if let What::Host(text) = what { Some(text) } else { None });
    all.into_iter().filter(|(at, _)| *at >= 0).map(|(_, text)| text).collect()
}

#[test]
fn without_faults_the_copies_follow_the_originals() {
    let run = played_with_copiers(1, "");
    assert!(run.violation.is_none(), "{:?}", run.violation);
    assert_eq!(copies(&run, Time(10_000)), ["a-copy: first", "b-copy: second"]);
    assert_eq!(copies(&run, run.end), ["a-copy: third", "b-copy: second"]);
    assert_eq!(lives(&run), [""; 0]);
}

#[test]
fn a_crash_after_the_first_write_leaves_one_copy_until_the_program_is_restarted() {
    let run = played_with_copiers(1, "crash(copier)@after(create configmaps/default/a-copy#1)");
    assert!(run.violation.is_none(), "{:?}", run.violation);
    assert_eq!(copies(&run, Time(900)), ["a-copy: first"]);
    assert_eq!(copies(&run, run.end), ["a-copy: third", "b-copy: second"]);
    assert_eq!(lives(&run), ["crashed", "started, incarnation 2"]);
}

#[test]
fn a_restarted_program_sleeps_as_long_as_it_says_although_none_ran_meanwhile() {
    let sleeper = async |host: Host| {
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        let object = value!({"metadata": {"generateName": "slept-"}});
        Client::new(&host).write(Method::POST, CONFIGMAPS, object).await?;
        std::future::pending::<Result<(), String>>().await
    };
    let mut scenario = Scenario::new("sleeps");
    let (name, program) = ("sleeper".to_owned(), "sleeper".to_owned());
    scenario.operators = vec![OperatorSpec { name, program, replicas: 1, with: Value::Null }];
    scenario.steps = vec![wait(60 * SECOND)];
    let plan = "crash(sleeper)@10s; crash(sleeper)@20s";
    let run = played_with(&[Program::new("sleeper", sleeper)], scenario, plan);
    let created: Vec<i64> = requests(&run).iter().map(|(_, at, _)| at / 1000).filter(|at| *at > 0).collect();
    assert_eq!(created, [16, 35], "started at 11 s, and after the back-off at 30 s");
}
