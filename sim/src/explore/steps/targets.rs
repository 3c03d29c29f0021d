//! Which objects a step acts on: a target's kind is looked up as kubectl does it, its objects at the moment of the step.

use std::sync::Arc;

use super::Result;
use crate::explore::world::{Halt, World};
use crate::object::{LabelSelector, Object};
use crate::oracles::Note;
use crate::scenario::{KindName, Target};
use crate::wire::{ObjectKey, Resource};

impl World<'_> {
    /// The resource that a kind's name means, and whether it is namespaced.
    fn kind(&self, kind: &KindName) -> Result<(Resource, bool)> {
        let registry = self.cluster.server().registry();
        let found = registry.iter().find(|k| {
            kind.matches(k.resource.group(), k.resource.plural(), &k.kind)
                || k.singular == kind.0
                || k.short_names.iter().any(|short| *short == kind.0)
        });
        let found = found.map(|kind| (kind.resource, kind.namespaced));
        found.ok_or_else(|| Halt::StepFailed(format!("the server doesn't have a resource type \"{kind}\"")))
    }

    /// The keys that a step acts on. A step that acts on nothing is worth a note.
    pub(super) fn acted_on(&mut self, target: &Target) -> Result<(Resource, Vec<ObjectKey>)> {
        let found = self.targets(target)?;
        if found.1.is_empty() {
            self.note_idle_step(&target.to_string());
        }
        Ok(found)
    }

    pub(super) fn note_idle_step(&mut self, target: &str) {
        let words = format!("a step acted on nothing: `{target}` selected no object");
        let note = Note::unmatched(&format!("step {target}"), words);
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The keys that a target means now.
    pub(super) fn targets(&mut self, target: &Target) -> Result<(Resource, Vec<ObjectKey>)> {
        let (resource, namespaced) = self.kind(target.kind())?;
        let namespace = target.namespace().unwrap_or(&self.scenario.namespace);
        let namespace = if namespaced { namespace } else { "" };
        let (selector, pick) = match target {
            Target::Named { name, .. } => {
                return Ok((resource, vec![ObjectKey::new(namespace, name.as_str())]));
            }
            Target::Selected { selector, pick, .. } => (selector.as_deref().unwrap_or_default(), pick),
        };
        let selector = parse_selector(selector)?;
        let fits = |o: &&Arc<Object>| o.namespace() == namespace && selector.matches(o.labels());
        let all = self.cluster.server().objects_of(resource).filter(fits);
        let all: Vec<_> = all.map(|o| ObjectKey::of(o)).collect();
        let count = pick.of(all.len());
        let now = self.cluster.now().0.unsigned_abs();
        let draws = self.cluster.draws();
        let mut drawn: Vec<_> =
            all.into_iter().map(|key| (draws.nth(&["step", &key.name], now), key)).collect();
        drawn.sort();
        drawn.truncate(count);
        Ok((resource, drawn.into_iter().map(|(_, key)| key).collect()))
    }
}

pub(super) fn parse_selector(text: &str) -> Result<LabelSelector> {
    LabelSelector::parse(text).map_err(|error| Halt::StepFailed(error.to_string()))
}
