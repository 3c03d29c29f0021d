//! One object: its revisions with their writers, or how it was at a time.

use std::ops::ControlFlow;
use std::sync::Arc;

use wavetank_sim::engine::Time;
use wavetank_sim::object::Object;
use wavetank_sim::wire::{Commit, Entry, History, What};

use super::diff::changes;
use super::named::{Kinds, Named};
use super::view::Shown;
use crate::scenario::yaml_of;

/// The revisions of an object.
pub(super) struct Revisions {
    named: Named,
    kinds: Kinds,
    told: usize,
    found: bool,
}

impl Revisions {
    pub(super) fn of(named: Named) -> Self {
        Self { named, kinds: Kinds::default(), told: 0, found: false }
    }
}

impl Shown for Revisions {
    fn go_on(&mut self, history: &History, lines: &mut Vec<String>) -> ControlFlow<()> {
        let entries = history.record.entries();
        for (at, entry) in entries.iter().enumerate().skip(self.told) {
            let What::Commit(commit) = &entry.what else { continue };
            self.kinds.learn(commit);
            if self.named.is(commit, &self.kinds) {
                self.found = true;
                lines.extend(revision(history, at, entry, commit));
            }
        }
        self.told = entries.len();
        ControlFlow::Continue(())
    }

    fn end(&mut self, history: &History, _: &mut Vec<String>) -> Option<String> {
        (!self.found).then(|| self.named.absent(history))
    }
}

/// Who wrote a revision when and how, and what it changed.
fn revision(history: &History, at: usize, entry: &Entry, commit: &Commit) -> Vec<String> {
    let (who, time) = (&history.actor(entry.actor).name, entry.time.to_string());
    let how = request_of(history, at, commit);
    let head =
        |what: &str| format!("{time:>10}  {who}: {how} {}{what}, revision {}", commit.key, commit.revision);
    let marked = |mark: char, text: &str| -> Vec<String> {
        text.trim_end().lines().map(|line| format!("          {mark} {line}")).collect()
    };
    match (&commit.old, &commit.new) {
        (None, Some(new)) => [vec![head(", created")], marked('+', &yaml_of(new.root()))].concat(),
        (_, None) => vec![head(", removed")],
        (Some(old), Some(new)) => {
            let changes = changes(old.root(), new.root());
            let told = changes.iter().filter(|change| !change.is_revision());
            let told = told.flat_map(|change| marked('~', &change.to_string()));
            std::iter::once(head("")).chain(told).collect()
        }
    }
}

/// The request that caused the commit with this number in the record, as far as one did: `patch websites/status`.
fn request_of(history: &History, at: usize, commit: &Commit) -> String {
    let entries = history.record.entries();
    let (actor, time) = (entries[at].actor, entries[at].time);
    let before = entries[..at].iter().rev().take_while(|entry| entry.actor == actor && entry.time == time);
    let mut requests = before.skip_while(|entry| matches!(entry.what, What::Commit(_)));
    let plural = commit.resource.plural();
    match requests.next().map(|entry| &entry.what) {
        Some(What::Request { verb, subresource, .. }) if subresource.is_empty() => {
            format!("{} {plural}", verb.as_str())
        }
        Some(What::Request { verb, subresource, .. }) => {
            format!("{} {plural}/{subresource}", verb.as_str())
        }
        _ => plural.to_owned(),
    }
}

/// An object at a time.
pub(super) struct At {
    named: Named,
    kinds: Kinds,
    told: usize,
    /// When to look; without it, at the end.
    at: Option<Time>,
    json: bool,
    /// The object, as far as the time has not come.
    object: Option<Arc<Object>>,
    /// When it was created and removed, in words.
    lives: Vec<String>,
    shown: bool,
}

impl At {
    pub(super) fn new(named: Named, at: Option<Time>, json: bool) -> Self {
        let kinds = Kinds::default();
        Self { named, kinds, told: 0, at, json, object: None, lives: Vec::new(), shown: false }
    }

    fn show(&mut self, lines: &mut Vec<String>) {
        if let Some(object) = self.object.take().filter(|_| !self.shown) {
            self.shown = true;
            let text = if self.json { pretty(&object) } else { yaml_of(object.root()) };
            lines.push(text.trim_end().to_owned());
        }
    }
}

/// JSON for people.
fn pretty(object: &Object) -> String {
    serde_json::to_string_pretty(object.root()).unwrap_or_else(|_| object.root().to_json())
}

impl Shown for At {
    fn go_on(&mut self, history: &History, lines: &mut Vec<String>) -> ControlFlow<()> {
        let entries = history.record.entries();
        for entry in &entries[self.told..] {
            // A setup may be tried again from the beginning until t = 0 has come.
            if self.at.is_some_and(|at| entry.time > at.max(Time::ZERO)) {
                self.show(lines);
            }
            let What::Commit(commit) = &entry.what else { continue };
            self.kinds.learn(commit);
            if !self.named.is(commit, &self.kinds) {
                continue;
            }
            match (&commit.old, &commit.new) {
                (None, _) => self.lives.push(format!("created at {}", entry.time)),
                (_, None) => self.lives.push(format!("removed at {}", entry.time)),
                _ => {}
            }
            if self.at.is_none_or(|at| entry.time <= at) {
                self.object.clone_from(&commit.new);
            }
        }
        self.told = entries.len();
        if self.shown { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn end(&mut self, history: &History, lines: &mut Vec<String>) -> Option<String> {
        let end = history.record.entries().last().map_or(Time::ZERO, |entry| entry.time);
        if let Some(at) = self.at.filter(|at| *at > end) {
            return Some(format!("the run ended at {end}, before {at}"));
        }
        self.show(lines);
        let when = self.at.map_or("at the end".to_owned(), |at| format!("at {at}"));
        match (self.shown, self.lives.is_empty()) {
            (true, _) => None,
            (false, true) => Some(self.named.absent(history)),
            (false, false) => {
                Some(format!("there is no {} {when}: it was {}", self.named, self.lives.join(", ")))
            }
        }
    }
}
