//! A recorded case as data.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// A recorded case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
}

/// One step of a case.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Step {
    /// Time passes.
    Sleep {
        /// Seconds.
        sleep: u64,
    },
    /// The server restarts and forgets the history of watches.
    Restart {
        /// Always true.
        #[allow(dead_code, reason = "tells this step from the others")]
        restart: bool,
    },
    /// A request.
    Http(Box<Exchange>),
}

/// A request and the answer of a real server. `${name}` in path and body stands for a value that an earlier step captured.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Option<Value>,
    /// A body that is not JSON.
    pub(crate) raw: Option<String>,
    /// The user, if it is not the administrator.
    pub(crate) user: Option<String>,
    /// The names of captured values, and their JSON pointers into the answer.
    #[serde(default)]
    pub(crate) captures: BTreeMap<String, String>,
    /// Whether the recorder repeated the request until it got this answer.
    #[serde(default)]
    pub(crate) polled: bool,
    /// The purpose of the request.
    #[allow(dead_code, reason = "for readers of the case")]
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) compare: Compare,
    #[serde(default)]
    pub(crate) status: u16,
    #[serde(default = "json")]
    pub(crate) content_type: String,
    #[serde(default)]
    pub(crate) warning: String,
    #[serde(default)]
    pub(crate) retry_after: String,
    /// The answer, if it is a single JSON document.
    pub(crate) answer: Option<Value>,
    /// The answer, if it is not JSON.
    pub(crate) text: Option<String>,
    /// The lines of the answer, if it is a watch.
    pub(crate) stream: Option<Vec<Value>>,
}

/// Which part of an answer is compared.
#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Compare {
    #[default]
    All,
    /// Only status and headers.
    Loose,
    /// Nothing.
    Skip,
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
}
