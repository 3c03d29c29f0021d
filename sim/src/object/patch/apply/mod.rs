//! Server-side apply: merges a manager's config, removes fields no longer in it, refuses to change fields of other managers.
//!
//! - `config`: checks the config against its type, and finds the fields it claims
//! - `combine`: merges the config into the live object
//! - `remove`: removes fields from a tree
//! - `conflict`: the owners of fields that would change, with the server's messages
//!
//! Real: also converts between versions of a kind. Modelled: one version; entries of others are not converted. The caller removes
//! from the config what the endpoint ignores (status on the object, all else on the status).

mod combine;
mod config;
mod conflict;
mod remove;

use std::sync::Arc;

use derive_more::Display;

pub use conflict::{Conflict, Conflicts};

use crate::object::managed::{FieldSet, Managed, ManagedEntry, Operation, Writer, compare, without};
use crate::object::{Shape, Value};

/// The manager of all fields of an object that had no owners (k8s.io/apimachinery, NewDefaultFieldManager).
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// The result of an apply.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The new tree, before defaults and admission.
    pub root: Value,
    /// The new owners of fields.
    pub managed: Managed,
    /// Whether the tree or a set of owned fields changed.
    pub changed: bool,
}

/// Why an apply failed.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
pub enum ApplyError {
    /// The config does not fit the type: a 500 with this text.
    Untyped(String),
    /// Other managers own fields that would change: a 409.
    Conflicts(Conflicts),
}

impl std::error::Error for ApplyError {}

/// Applies `config` to the live object, if there is one, at the endpoint of `writer.subresource` and `writer.api_version`.
pub fn apply(
    live: Option<(&Value, &Managed)>,
    config: &Value,
    writer: &Writer,
    force: bool,
    shape: &Arc<Shape>,
) -> Result<Applied, ApplyError> {
    let claimed = config::field_set(shape, config).map_err(|e| ApplyError::Untyped(untyped(config, &e)))?;
    let claimed = claimed.without_system_fields();
    let empty;
    let (live, entries) = match live {
        Some((live, managed)) => (live, owners(live, managed, writer, shape)),
        None => {
            empty = shape.empty_object();
            (&empty, Vec::new())
        }
    };
    let (own, others): (Vec<ManagedEntry>, Vec<ManagedEntry>) =
        entries.into_iter().partition(|entry| entry.belongs_to(writer, Operation::Apply));
    let own = own.into_iter().next();
    let mut root = combine::merged(shape, live, config);
    if let Some(own) = &own {
        root = remove::removed(shape, &root, &given_up(shape, own, &claimed, &others));
    }
    let comparison = compare(shape, live, &root);
    let touched = comparison.modified.union(&comparison.added);
    let conflicts = Conflicts::between(&others, &touched);
    if !force && !conflicts.is_empty() {
        return Err(ApplyError::Conflicts(conflicts));
    }
    let mut kept: Vec<ManagedEntry> =
        others.iter().filter_map(|entry| without(entry, &[&touched, &comparison.removed])).collect();
    let tree_changed = comparison != Default::default() || root != *live;
    let owners_changed = kept.len() != others.len()
        || kept.iter().zip(&others).any(|(new, old)| new.fields != old.fields)
        || own.as_ref().map_or(!claimed.is_empty(), |own| *own.fields != claimed);
    if !claimed.is_empty() {
        // The time of an entry is that of the last apply that changed the object.
        let time = if tree_changed { Some(writer.time.clone()) } else { own.and_then(|own| own.time) };
        let entry = ManagedEntry::new(writer, Operation::Apply);
        kept.push(ManagedEntry { time, fields: Arc::new(claimed), ..entry });
    }
    Ok(Applied { root, managed: Managed::from_entries(kept), changed: tree_changed || owners_changed })
}

/// The owners of the live object. If it has none, its first apply makes [`BEFORE_FIRST_APPLY`] the owner.
fn owners(live: &Value, managed: &Managed, writer: &Writer, shape: &Arc<Shape>) -> Vec<ManagedEntry> {
    if !managed.entries().is_empty() {
        return managed.entries().to_vec();
    }
    let before =
        Writer { manager: BEFORE_FIRST_APPLY.into(), subresource: Default::default(), ..writer.clone() };
    Managed::default().updated(before, None, live, shape).entries().to_vec()
}

/// The fields that the manager claimed last time and does not claim now, and that nobody else owns.
fn given_up(shape: &Shape, own: &ManagedEntry, claimed: &FieldSet, others: &[ManagedEntry]) -> FieldSet {
    let named = |set: &FieldSet| config::with_named_fields(shape, shape.root(), set);
    let dropped = named(&own.fields).difference(&named(claimed));
    others.iter().fold(
        dropped,
        |set, entry| {
            if set.is_empty() { set } else { set.difference(&named(&entry.fields)) }
        },
    )
}

fn untyped(config: &Value, error: &str) -> String {
    let text = |path: &[&str]| config.str_at(path).unwrap_or_default();
    let (namespace, name) = (text(&["metadata", "namespace"]), text(&["metadata", "name"]));
    let (api_version, kind) = (text(&["apiVersion"]), text(&["kind"]));
    format!("failed to create typed patch object ({namespace}/{name}; {api_version}, Kind={kind}): {error}")
}

#[cfg(test)]
mod tests;
