//! What a write changed, in one line; and conditions that changed.

use wavetank_sim::object::Object;
use wavetank_sim::wire::{Commit, Entry, History, Verb, What, resource};

use crate::report::diff::{Change, changes};

/// How many changes of an object a line shows. Our choice: `--object` shows all.
const SHOWN: usize = 3;

/// The commits that the request with this number in the record caused: they follow it.
pub(super) fn written_by(history: &History, request: usize) -> impl Iterator<Item = &Commit> {
    let entries = history.record.entries();
    let (actor, time) = (entries[request].actor, entries[request].time);
    entries[request + 1..].iter().map_while(move |entry| match &entry.what {
        What::Commit(commit) if entry.actor == actor && entry.time == time => Some(&**commit),
        _ => None,
    })
}

/// A write of a program that succeeded, and what it changed; nothing for renewals of a Lease. Failures are told when the answer
/// arrives.
pub(super) fn write_of(entry: &Entry, commits: &[&Commit]) -> Option<String> {
    let What::Request { verb, resource: Some(resource), subresource, key, code } = &entry.what else {
        return None;
    };
    if *code >= 400 {
        return None;
    }
    let slash = if subresource.is_empty() { "" } else { "/" };
    let what = format!("{} {}{slash}{subresource}", verb.as_str(), resource.plural());
    match commits {
        [] if *resource == *resource::LEASES || resource.plural().ends_with("reviews") => None,
        [] => Some(format!("{what} {key}: nothing changed")),
        [commit] if commit.resource == *resource::LEASES => {
            let holder = |object: &Option<std::sync::Arc<Object>>| -> Option<String> {
                object.as_ref()?.str_at(&["spec", "holderIdentity"]).map(str::to_owned)
            };
            let (old, new) = (holder(&commit.old), holder(&commit.new));
            let gone = || "nobody".to_owned();
            (old != new).then(|| format!("{what} {}: held by {}", commit.key, new.unwrap_or_else(gone)))
        }
        [commit] => Some(format!("{what} {}{}", commit.key, effect(*verb, commit))),
        many => Some(format!("{what} {key}: {} objects", many.len())),
    }
}

/// What a commit did to its object, to be read after its name.
fn effect(verb: Verb, commit: &Commit) -> String {
    match (&commit.old, &commit.new) {
        (None, Some(new)) if commit.resource == *resource::EVENTS => {
            let text = |field: &str| new.str_at(&[field]).unwrap_or_default();
            let message = if text("message").is_empty() { text("note") } else { text("message") };
            format!(": {} {message}", text("reason"))
        }
        (None, _) if verb == Verb::Create => String::new(),
        (None, _) => ": created".into(),
        (_, None) => ": gone".into(),
        (Some(old), Some(new)) if new.is_terminating() && !old.is_terminating() => {
            let finalizers: Vec<&str> = new.finalizers().collect();
            match finalizers.is_empty() {
                true => ": terminating".into(),
                false => format!(": terminating, held by {}", finalizers.join(", ")),
            }
        }
        (Some(old), Some(new)) => {
            let all = changes(old.root(), new.root());
            let mut told: Vec<&Change> = all.iter().filter(|change| !change.is_noise()).collect();
            if told.is_empty() {
                told = all.iter().filter(|change| !change.is_revision()).collect();
            }
            // A condition says most.
            told.sort_by_key(|change| !change.is_condition());
            let more = told.len().saturating_sub(SHOWN);
            let mut words: Vec<String> = told.iter().take(SHOWN).map(ToString::to_string).collect();
            words.extend((more > 0).then(|| format!("{more} more")));
            format!(": {}", words.join(", "))
        }
    }
}

/// The conditions that a commit changed, of an object that is no pod: `kubectl get pods` shows what matters of those.
pub(super) fn conditions(commit: &Commit) -> Vec<String> {
    let (Some(old), Some(new)) = (&commit.old, &commit.new) else { return Vec::new() };
    if commit.resource == *resource::PODS {
        return Vec::new();
    }
    let status = |object: &Object, kind: &str| -> Option<String> {
        object.condition(kind)?.str_at(&["status"]).map(str::to_owned)
    };
    let changed = new.conditions().iter().filter_map(|condition| {
        let (kind, now) = (condition.str_at(&["type"])?, condition.str_at(&["status"])?);
        let before = status(old, kind);
        // What is false from the beginning is no news.
        if before.as_deref() == Some(now) || before.is_none() && now != "True" {
            return None;
        }
        let from = before.map_or(String::new(), |before| format!("{before} -> "));
        let reason = condition.str_at(&["reason"]).filter(|reason| !reason.is_empty());
        let reason = reason.map_or(String::new(), |reason| format!(" ({reason})"));
        Some(format!("{} {}: {kind} {from}{now}{reason}", commit.resource.plural(), commit.key))
    });
    changed.collect()
}
