//! The history of an object: its states in order, without what differs from run to run.
//!
//! Masked: uids, times, resource versions, addresses, certificates, suffixes of generated names; the node of a pod where
//! the scheduler drew it. Consecutive states that are equal then count once. Not masked: the names of ReplicaSets,
//! `pod-template-hash` and `controller-revision-hash`, which are functions of a template.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex_lite::Regex;
use serde_json::Value;
use wavetank_sim::wire::Commit;

use super::compare::plain;

/// The namespace of all cases.
pub(crate) const NAMESPACE: &str = "ns";

/// The states of an object, oldest first; none where it was deleted.
#[derive(Default, Clone, PartialEq, Debug)]
pub(crate) struct History(Vec<Option<Value>>);

impl History {
    pub(crate) fn is(&mut self, state: Value) {
        if self.0.last() != Some(&Some(state.clone())) {
            self.0.push(Some(state));
        }
    }

    pub(crate) fn gone(&mut self) {
        self.0.push(None);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn states(&self) -> &[Option<Value>] {
        &self.0
    }

    /// Its last state, unless it was deleted.
    pub(crate) fn last(&self) -> Option<&Value> {
        self.0.last().and_then(Option::as_ref)
    }

    pub(crate) fn name(&self) -> &str {
        let name = |state: &Value| state.pointer("/metadata/name").is_some();
        let known = self.0.iter().flatten().find(|state| name(state));
        known.and_then(|state| state["metadata"]["name"].as_str()).unwrap_or_default()
    }
}

/// The commits of a run.
#[derive(Default)]
pub(crate) struct Observed {
    objects: BTreeMap<(String, String), Vec<Option<Value>>>,
    /// Generated names and their masks.
    names: BTreeMap<String, String>,
}

impl Observed {
    pub(crate) fn take(&mut self, commit: &Commit) {
        let (namespace, name) = (commit.key.namespace.as_str(), commit.key.name.to_string());
        let plural = commit.resource.plural();
        if namespace != NAMESPACE && !(plural == "namespaces" && name == NAMESPACE) && plural != "nodes" {
            return;
        }
        let json = |object: &wavetank_sim::object::Object| -> Value {
            serde_json::from_str(&object.root().to_json()).unwrap()
        };
        let last = commit.new.as_deref().or(commit.old.as_deref()).map(json).unwrap_or_default();
        if let Some(prefix) = generated(&last["metadata"]["generateName"], &name) {
            self.names.insert(name.clone(), format!("{prefix}#"));
        }
        let states = self.objects.entry((plural.to_owned(), name)).or_default();
        states.push(Some(last));
        if commit.new.is_none() {
            states.push(None);
        }
    }

    /// The newest state of each object of a resource, by name, unmasked.
    pub(crate) fn last(&self, resource: &str) -> Vec<Value> {
        let those = self.objects.iter().filter(|((of, _), _)| of == resource);
        those.filter_map(|(_, states)| states.iter().flatten().next_back().cloned()).collect()
    }

    /// The text with generated names masked.
    pub(crate) fn masked(&self, text: &str) -> String {
        let names: Vec<(String, String)> = self.names.clone().into_iter().collect();
        masked_text(text, &names)
    }

    /// The histories of a resource's objects. `suffixes`: the generated names of other objects in them keep their suffixes.
    pub(crate) fn histories(&self, resource: &str, nodes_matter: bool, suffixes: bool) -> Vec<History> {
        let those = self.objects.iter().filter(|((of, _), _)| of == resource);
        let masked = |(own, states): (&String, &Vec<Option<Value>>)| {
            let with_suffix = |(name, token): (&'_ String, &String)| {
                let kept =
                    if suffixes && name != own { name[name.len() - 5..].to_owned() } else { String::new() };
                (name.clone(), format!("{token}{kept}"))
            };
            let names: Vec<(String, String)> = self.names.iter().map(with_suffix).collect();
            let mut history = History::default();
            for state in states {
                let Some(mut state) = state.clone() else {
                    history.gone();
                    continue;
                };
                mask(&mut state, &names);
                if !nodes_matter {
                    mask_nodes(&mut state, resource);
                }
                history.is(state);
            }
            history
        };
        those.map(|((_, own), states)| masked((own, states))).collect()
    }
}

/// Generated names and their masks.
type Names = [(String, String)];

fn mask(value: &mut Value, names: &Names) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !matches!(key.as_str(), "uid" | "resourceVersion" | "managedFields"));
            for (key, value) in map.iter_mut() {
                match key.as_str() {
                    "clusterIP" if value != "None" => *value = "<ip>".into(),
                    "clusterIPs" if *value != serde_json::json!(["None"]) => {
                        *value = serde_json::json!(["<ip>"]);
                    }
                    _ => mask(value, names),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, names)),
        Value::String(text) => *text = masked_text(text, names),
        _ => {}
    }
}

fn masked_text(text: &str, names: &Names) -> String {
    static RANDOM: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"kube-api-access-[a-z0-9]{5}").unwrap());
    static ADDRESS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"10\.244\.0\.\d+").unwrap());
    static CERTIFICATE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?s)-----BEGIN CERTIFICATE-----.*-----END CERTIFICATE-----\n?").unwrap()
    });
    let text = plain(text);
    let text = CERTIFICATE.replace_all(&text, "<certificate>");
    let text = RANDOM.replace_all(&text, "kube-api-access-#");
    let mut text = ADDRESS.replace_all(&text, "<ip>").into_owned();
    for (name, token) in names.iter().rev() {
        if text.contains(name.as_str()) {
            text = text.replace(name.as_str(), token);
        }
    }
    text
}

/// The prefix, if the server generated the name from it: a controller may set both `generateName` and `name`.
fn generated<'v>(prefix: &'v Value, name: &str) -> Option<&'v str> {
    let prefix = prefix.as_str()?;
    let suffix = name.strip_prefix(prefix)?;
    is_suffix(suffix).then_some(prefix)
}

/// Whether the text has the form of the suffix that the server appends to a `generateName`.
pub(crate) fn is_suffix(text: &str) -> bool {
    text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn mask_nodes(state: &mut Value, resource: &str) {
    let mut mask = |pointer: &str| {
        if let Some(node) = state.pointer_mut(pointer) {
            *node = "<node>".into();
        }
    };
    match resource {
        "pods" => mask("/spec/nodeName"),
        "endpointslices" => (0..100).for_each(|i| mask(&format!("/endpoints/{i}/nodeName"))),
        "endpoints" => (0..100).for_each(|i| {
            mask(&format!("/subsets/0/addresses/{i}/nodeName"));
            mask(&format!("/subsets/0/notReadyAddresses/{i}/nodeName"));
        }),
        _ => {}
    }
}
