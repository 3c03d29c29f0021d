//! The object that a user names as kubectl accepts it: `pod/web-0`, `po/web-0`, `deployments.apps/web`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wavetank_sim::apiserver::Registry;
use wavetank_sim::object::Object;
use wavetank_sim::scenario::KindName;
use wavetank_sim::wire::{Commit, History, What, resource};

/// The name of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    /// The kind: its name, plural, singular or short name, with or without its group.
    kind: String,
    /// The namespace of an object that has one.
    namespace: String,
    /// The name.
    name: String,
}

impl Named {
    /// Reads `KIND/NAME`.
    ///
    /// # Errors
    /// What would be right.
    #[cfg(feature = "cli")]
    pub(crate) fn parse(text: &str, namespace: &str) -> Result<Self, String> {
        match text.split_once('/').filter(|(kind, name)| !kind.is_empty() && !name.is_empty()) {
            Some((kind, name)) if !name.contains('/') => {
                Ok(Self { kind: kind.into(), namespace: namespace.into(), name: name.into() })
            }
            _ => Err(format!("`{text}` names no object: write KIND/NAME, such as `pod/web-0`")),
        }
    }

    /// Whether a commit is of this object. `kinds` has learnt from the record up to there.
    pub(super) fn is(&self, commit: &Commit, kinds: &Kinds) -> bool {
        let key = &commit.key;
        key.name == self.name
            && (key.namespace.is_empty() || key.namespace == self.namespace)
            && kinds.is(&self.kind, commit)
    }

    /// Why there is none in a whole record, and what there is.
    pub(super) fn absent(&self, history: &History) -> String {
        let mut kinds = Kinds::default();
        let (mut same, mut all) = (BTreeSet::new(), BTreeSet::new());
        for entry in history.record.entries() {
            let What::Commit(commit) = &entry.what else { continue };
            kinds.learn(commit);
            all.insert(commit.resource.plural());
            if kinds.is(&self.kind, commit) {
                same.insert(commit.key.to_string());
            }
        }
        let Self { kind, namespace, name } = self;
        if same.is_empty() {
            let all: Vec<&str> = all.into_iter().collect();
            return format!("this run has no object of kind `{kind}`; it has {}", all.join(", "));
        }
        let same: Vec<String> = same.into_iter().collect();
        format!("this run has no {kind}/{name} in namespace {namespace}; it has {}", listed(&same))
    }
}

/// Names, of which the first are shown.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 20;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{} in namespace {}", self.kind, self.name, self.namespace)
    }
}

/// The other names of kinds: those of built-in ones, and of custom ones as far as their definitions are known.
pub(super) struct Kinds {
    registry: Registry,
    /// Group, plural, and the further names.
    custom: Vec<(String, String, Vec<String>)>,
}

impl Default for Kinds {
    fn default() -> Self {
        Self { registry: Registry::builtin(), custom: Vec::new() }
    }
}

impl Kinds {
    /// Learns from a commit of a definition.
    pub(super) fn learn(&mut self, commit: &Commit) {
        let Some(crd) = commit.new.as_ref().filter(|_| commit.resource == *resource::CRDS) else { return };
        let text = |crd: &Object, path: &[&str]| crd.str_at(path).unwrap_or_default().to_owned();
        let mut names = vec![text(crd, &["spec", "names", "singular"])];
        let short = crd.items_at(&["spec", "names", "shortNames"]);
        names.extend(short.iter().filter_map(|name| name.as_str().map(str::to_owned)));
        let (group, plural) = (text(crd, &["spec", "group"]), text(crd, &["spec", "names", "plural"]));
        self.custom.retain(|(other, name, _)| (other, name) != (&group, &plural));
        self.custom.push((group, plural, names));
    }

    /// Whether a commit is of an object of this kind.
    fn is(&self, kind: &str, commit: &Commit) -> bool {
        let (group, plural) = (commit.resource.group(), commit.resource.plural());
        let of_kind = |name: &str| name.eq_ignore_ascii_case(kind);
        KindName(kind.into()).matches(group, plural, commit.object().kind())
            || self.registry.lookup(commit.resource).is_some_and(|known| {
                of_kind(&known.singular) || known.short_names.iter().any(|name| of_kind(name))
            })
            || self.custom.iter().any(|(of, name, names)| {
                (of.as_str(), name.as_str()) == (group, plural) && names.iter().any(|name| of_kind(name))
            })
    }
}
