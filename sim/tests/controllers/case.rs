//! A recorded case as data.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::events::ObjectEvents;
use super::history::History;

/// A recorded case. Times are seconds after its start.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Case {
    pub(crate) name: String,
    /// The wall clock at its start, as the recording shows it.
    pub(crate) start: String,
    /// When the recording ends.
    pub(crate) end: f64,
    /// Whether the case determines the node of each pod. Otherwise the scheduler draws among equal nodes.
    #[serde(default)]
    pub(crate) nodes_matter: bool,
    /// Resources whose objects took another number of steps in a second recording; `events of OBJECT` where its Events
    /// differed.
    #[serde(default)]
    pub(crate) unstable: Vec<String>,
    /// Resources whose objects list several pods, in an order that depends on the speed of the recorded control plane.
    #[serde(default)]
    pub(crate) unordered: Vec<String>,
    /// Flags of the controller manager.
    #[serde(default)]
    pub(crate) flags: BTreeMap<String, String>,
    pub(crate) actions: Vec<Action>,
    /// The writes of the stand-in kubelet.
    pub(crate) kubelet: Vec<KubeletWrite>,
    streams: BTreeMap<String, Vec<Vec<Step>>>,
    /// The Events of each object, where they were recorded.
    pub(crate) events: Option<Vec<ObjectEvents>>,
}

/// An action of the recorder as a user.
#[derive(Deserialize)]
pub(crate) struct Action {
    pub(crate) t: f64,
    #[serde(flatten)]
    pub(crate) what: What,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum What {
    /// A request, and the code and message of its answer. A generated name in its path is `prefix-#n`.
    #[serde(rename_all = "camelCase")]
    Request {
        method: String,
        path: String,
        #[serde(default = "json")]
        content_type: String,
        body: Option<Value>,
        status: u16,
        #[serde(default)]
        message: String,
    },
    /// A node is created, and reports itself ready at this time.
    Node { node: String, labels: BTreeMap<String, String>, ready: f64 },
    /// The kubelet of this node starts or stops renewing its Lease.
    Lease { lease: String, renewed: bool },
}

/// One write of the stand-in kubelet. Pods with generated names are `prefix-#n`, in the order in which they were bound.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct KubeletWrite {
    pub(crate) t: f64,
    pub(crate) pod: String,
    /// Deletes the terminated pod. Otherwise it writes this status:
    #[serde(default)]
    pub(crate) delete: bool,
    #[serde(default)]
    pub(crate) phase: String,
    #[serde(default)]
    pub(crate) ready: bool,
    pub(crate) reason: Option<String>,
    pub(crate) exit_code: Option<i64>,
}

/// One step in the history of an object.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Step {
    /// Its first state.
    Is(Value),
    /// Its first state is that of the n-th object.
    Like(usize),
    /// What changed: JSON pointers and values; `<none>` for a removed field.
    Set(BTreeMap<String, Value>),
    /// It was deleted.
    Gone(#[allow(dead_code, reason = "always true")] bool),
}

fn json() -> String {
    "application/json".to_owned()
}

impl Case {
    /// All cases in a folder, by name.
    pub(crate) fn all(folder: &Path) -> Vec<Self> {
        let mut paths: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let read = |path: &Path| {
            let case: Self = serde_json::from_str(&std::fs::read_to_string(path).unwrap())
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(path.file_stem().and_then(|stem| stem.to_str()), Some(case.name.as_str()));
            case
        };
        paths.iter().map(|path| read(path)).collect()
    }

    /// The recorded histories: per resource, one per object.
    pub(crate) fn histories(&self) -> BTreeMap<&str, Vec<History>> {
        let all = |objects: &Vec<Vec<Step>>| {
            let mut first: Vec<Value> = Vec::new();
            let play = |steps: &Vec<Step>| {
                let mut states = History::default();
                let mut now = Value::Null;
                for step in steps {
                    match step {
                        Step::Is(state) => now = state.clone(),
                        Step::Like(index) => now = first[*index].clone(),
                        Step::Set(changes) => changes.iter().for_each(|(at, value)| set(&mut now, at, value)),
                        Step::Gone(_) => {
                            states.gone();
                            continue;
                        }
                    }
                    if states.is_empty() {
                        first.push(now.clone());
                    }
                    states.is(now.clone());
                }
                states
            };
            objects.iter().map(play).collect()
        };
        self.streams.iter().map(|(resource, objects)| (resource.as_str(), all(objects))).collect()
    }
}

fn set(root: &mut Value, pointer: &str, value: &Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    match root.pointer_mut(parent).unwrap() {
        Value::Object(map) if value == "<none>" => drop(map.remove(&key)),
        Value::Object(map) => drop(map.insert(key, value.clone())),
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
        other => panic!("{pointer} leads into {other}"),
    }
}
