//! What a run says at its end without a violation: parts of the scenario that met nothing, and programs that fail.
//!
//! - an entry of `images`, of `converge.pending` or of `converge.ignore` that matched nothing
//! - a program that ended with an error [`ERRORS`] times or more; those while faults raged are left out
//! - a program that asked for a resource that the server does not have, not even at the end
//! - a convergence that only a timer of a program brought about, unless the scenario makes that a violation
//! - a program that was killed without a call of its handler of SIGTERM

use std::collections::{BTreeMap, BTreeSet};

use super::world::World;
use crate::apiserver::Registry;
use crate::cluster::KILLED_UNHEARD;
use crate::convergence::Ignore;
use crate::engine::Time;
use crate::object::{Object, Str};
use crate::oracles::{How, Note, endings, left_out, slow_convergence};
use crate::scenario::{ImageRule, Scenario, oracle};
use crate::wire::{ActorClass, Addr, Commit, Entry, Resource, Verb, What, resource};

/// How often a program ends with an error before it is worth a note. Our choice: one or two errors happen while the cluster
/// comes up.
const ERRORS: usize = 3;
/// The HTTP code of an absent path, resource or object.
const NOT_FOUND: u16 = 404;

impl World<'_> {
    /// Notes what the record shows at the end of the run.
    pub(super) fn note_at_end(&mut self) {
        let mut notes = std::mem::take(&mut self.notes);
        notes.extend(self.unmatched());
        notes.extend(self.errors());
        notes.extend(self.absent_kinds());
        let tells_slow =
            !self.scenario.converge.without_resync && !self.is_disabled(oracle::SLOW_CONVERGENCE);
        notes
            .extend(tells_slow.then(|| slow_convergence(&self.observed())).flatten().map(|slow| slow.note()));
        notes.extend(self.unheard());
        let mut told = BTreeSet::new();
        notes.retain(|note| told.insert(note.key.clone()));
        self.notes = notes;
    }

    fn commits(&self) -> impl Iterator<Item = &Commit> {
        self.cluster.history().record.entries().iter().filter_map(|entry| match &entry.what {
            What::Commit(commit) => Some(&**commit),
            _ => None,
        })
    }

    fn unmatched(&self) -> impl Iterator<Item = Note> {
        let scenario = self.scenario;
        let images = if scenario.images.is_empty() { BTreeSet::new() } else { images(self.commits()) };
        let of_images = scenario.images.iter().enumerate().filter_map(move |(index, rule)| {
            let words = idle_rule(&scenario.images[..index], rule, &images)?;
            Some(Note::unmatched(&format!("images {}", rule.image), words))
        });
        let mut entries = entries(scenario);
        if !entries.is_empty() {
            let objects = self.commits().map(Commit::object);
            objects.for_each(|object| entries.retain(|(_, entry)| !entry.covers(object)));
        }
        let of_entry = |(name, _): (String, Ignore)| {
            let words = format!("{name} matched no object");
            Note::unmatched(&name, words)
        };
        of_images.chain(entries.into_iter().map(of_entry))
    }

    /// Programs that ended with an error again and again, although no fault raged.
    fn errors(&self) -> impl Iterator<Item = Note> {
        let history = self.cluster.history();
        let is_fault = |what: &What| matches!(what, What::Fault(_));
        let struck = history.record.entries().iter().find(|entry| is_fault(&entry.what));
        let struck = struck.map_or(Time(i64::MAX), |entry| entry.time);
        let healed = self.healed.unwrap_or(Time(i64::MAX));
        let has_hosts = self.cluster.hosts().iter().next().is_some();
        let all =
            if has_hosts { endings(history, |time| time < struck || time >= healed) } else { Vec::new() };
        let often = all.into_iter().filter(|ending| ending.how == How::Error && ending.times >= ERRORS);
        often.map(|ending| Note::new(format!("errors {}", program_of(&ending.who)), ending.to_string()))
    }

    /// Programs that were killed although they may have wanted to stop: no handler of theirs was called.
    fn unheard(&self) -> impl Iterator<Item = Note> {
        let history = self.cluster.history();
        let killed = |entry: &&Entry| matches!(&entry.what, What::Host(text) if text == KILLED_UNHEARD);
        history.record.entries().iter().filter(killed).map(|entry| {
            let who = &history.actor(entry.actor).name;
            let words = format!(
                "program {who} was killed at {} when its grace was over: its handler of SIGTERM was not called, because \
                 other programs ran or isolation is not `fork`; `host.terminated()` tells it exactly",
                entry.time
            );
            Note::new(format!("signal {}", program_of(who)), words)
        })
    }

    /// Programs that asked for a kind which the server does not have, with the number of requests.
    pub(super) fn absent_kinds(&self) -> impl Iterator<Item = Note> {
        let (history, registry) = (self.cluster.history(), self.cluster.server().registry());
        let mut asked: BTreeMap<(Addr, Str), usize> = BTreeMap::new();
        for entry in history.record.entries() {
            let What::Request { verb, resource, key, code: NOT_FOUND, .. } = &entry.what else { continue };
            if history.actor(entry.actor).class == ActorClass::Host
                && let Some(what) = absent(registry, *verb, *resource, &key.name)
            {
                *asked.entry((entry.actor, what)).or_default() += 1;
            }
        }
        asked.into_iter().map(|((addr, what), times)| {
            let who = &history.actor(addr).name;
            let times = if times == 1 { String::new() } else { format!(" {times} times") };
            let words = format!("program {who} asked{times} for {what}");
            Note::new(format!("absent {} {what}", program_of(who)), words)
        })
    }
}

/// The program of a host, or the host's name where it runs beside the cluster: pods have other names in other runs.
fn program_of(host: &str) -> &str {
    host.split('@').next().unwrap_or(host)
}

/// What was asked for, if the server does not have the group, the version or the kind.
fn absent(registry: &Registry, verb: Verb, resource: Option<Resource>, path: &str) -> Option<Str> {
    let (api_version, plural) = match resource {
        Some(resource) if registry.lookup(resource).is_none() => (resource.api_version(), resource.plural()),
        None if verb == Verb::Raw => (path.strip_prefix("/apis/")?.trim_end_matches('/'), ""),
        _ => return None,
    };
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let served: BTreeSet<&str> = registry
        .iter()
        .map(|kind| kind.resource)
        .filter(|other| !group.is_empty() && other.group() == group)
        .filter(|other| plural.is_empty() || other.plural() == plural)
        .map(Resource::api_version)
        .collect();
    if served.contains(api_version) || (plural.is_empty() && group.is_empty()) {
        return None;
    }
    let what = if plural.is_empty() { api_version.to_owned() } else { format!("{plural} ({api_version})") };
    if served.is_empty() {
        return Some(smol_str::format_smolstr!("{what}, which no CRD defines"));
    }
    let served: Vec<&str> = served.into_iter().collect();
    Some(smol_str::format_smolstr!("{what}, which the server does not have: it serves {}", served.join(", ")))
}

/// The images of all containers.
fn images<'a>(commits: impl Iterator<Item = &'a Commit>) -> BTreeSet<&'a str> {
    let mut images = BTreeSet::new();
    for commit in commits.filter(|commit| commit.resource == *resource::PODS) {
        let spec = |object: &'a Object| object.at(&["spec"]).and_then(|spec| spec.as_map());
        let Some(new) = commit.new.as_deref() else { continue };
        let same = |old: &'a Object| spec(old).zip(spec(new)).is_some_and(|(old, new)| old.ptr_eq(new));
        if commit.old.as_deref().is_some_and(same) {
            continue;
        }
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            let all = new.items_at(&["spec", list]).iter();
            images.extend(all.filter_map(|container| container.str_at(&["image"])));
        }
    }
    images
}

/// Why a rule was of no use, if it was not; `before` are the rules before it.
fn idle_rule(before: &[ImageRule], rule: &ImageRule, images: &BTreeSet<&str>) -> Option<String> {
    let mut matched = images.iter().filter(|image| rule.image.matches(image)).peekable();
    let is_idle = matched.peek().is_none();
    let earlier = |image: &&&str| before.iter().find(|rule| rule.image.matches(image));
    if is_idle {
        return Some(format!("images: `{}` matched no container", rule.image));
    }
    let all: Option<Vec<&ImageRule>> = matched.map(|image| earlier(&image)).collect();
    let first = all?.first()?.image.clone();
    Some(format!("images: `{}` matched no container that `{first}` before it does not match", rule.image))
}

/// The entries that select objects by kind, each with its name in reports.
fn entries(scenario: &Scenario) -> Vec<(String, Ignore)> {
    let selector = |text: &Option<String>| text.as_ref().map_or(String::new(), |text| format!("[{text}]"));
    let ignored = scenario.converge.ignore.iter().map(|entry| {
        (format!("converge.ignore: {}{}", entry.kind, selector(&entry.selector)), left_out::ignored(entry))
    });
    let pending = scenario.converge.pending.iter().map(|entry| {
        let name = entry.name.as_ref().map_or(String::new(), |name| format!("/{name}"));
        let named = format!("converge.pending: {}{name}{}", entry.kind, selector(&entry.selector));
        (named, left_out::may_be_pending(entry))
    });
    ignored.chain(pending).collect()
}
