//! What becomes of the words of components: Events and counts, as client-go's recorders send them.
//!
//! Real: tools/record `EventCorrelator` for controllers and kubelets, tools/events for the scheduler. Modelled: both. Not
//! modelled: their caches forgetting the oldest of 4096 objects; series of the scheduler, which grow while a pod's
//! resourceVersion and what is said of it stay as they are, and so without a commit.

use std::collections::{BTreeMap, BTreeSet};

use super::known::Known;
use super::words::{About, Related, Source, Word, refusal, words};
use crate::engine::{Millis, SECOND, Time};
use crate::object::names::DEFAULT_NAMESPACE;
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::resource::EVENTS;
use crate::wire::{Commit, ObjectKey, Options, PatchType, Request, Resource, Status};

/// For how long an Event is kept (kube-apiserver `--event-ttl`).
pub(super) const TTL_MS: Millis = 3600 * SECOND;
/// So many different messages on one matter, within this time of each other, are told as one (tools/record
/// `defaultAggregateMaxEvents`, `defaultAggregateIntervalInSeconds`).
const ALIKE: (usize, Millis) = (10, 600 * SECOND);
/// So many Events of a source on one object at once, and one more each so often (tools/record `defaultSpamBurst`,
/// `defaultSpamQPS`).
const SPAM: (u64, Millis) = (25, 300 * SECOND);
/// What an Event of many begins with (tools/record `EventAggregatorByReasonMessageFunc`).
const COMBINED: &str = "(combined from similar events): ";
/// The instance of the scheduler: its name and its host's.
const SCHEDULER: (&str, &str) = ("default-scheduler", "default-scheduler-control-plane");

/// Tells Events from commits, in their order.
#[derive(Debug, Default)]
pub struct Recorder {
    known: Known,
    told: BTreeMap<Matter, Told>,
    alike: BTreeMap<Matter, Alike>,
    said: BTreeMap<(Source, About), Spam>,
    names: u64,
}

/// What is told as one Event; without a message what is alike.
type Matter = (Source, About, Str, Option<String>);

#[derive(Debug)]
struct Told {
    key: ObjectKey,
    count: i64,
    last: Time,
}

#[derive(Debug)]
struct Alike {
    messages: BTreeSet<String>,
    last: Time,
}

#[derive(Debug)]
struct Spam {
    left: u64,
    since: Time,
}

impl Recorder {
    /// Takes in a commit of this actor, and says which Events to write. Those from before `floor` are forgotten.
    pub fn commit(&mut self, time: Time, floor: Time, actor: &str, commit: &Commit) -> Vec<Request> {
        if commit.resource == *EVENTS {
            return Vec::new();
        }
        let words = words(&self.known, actor, commit);
        self.known.learn(actor, commit);
        words
            .iter()
            .filter(|word| word.reason == "Preempted")
            .for_each(|word| self.known.note_preempted(&word.about.uid));
        self.write_all(time, floor, &words)
    }

    /// Takes in a create of the controllers that the server refused, and says which Events to write.
    pub fn refused(
        &mut self,
        time: Time,
        floor: Time,
        (resource, object): (Resource, &Object),
        failure: &Status,
    ) -> Vec<Request> {
        let words = refusal(&self.known, resource, object, failure);
        self.write_all(time, floor, &words)
    }

    /// The time before which an Event is gone at this time.
    pub fn floor(now: Time) -> Time {
        now - TTL_MS
    }

    fn write_all(&mut self, time: Time, floor: Time, words: &[Word]) -> Vec<Request> {
        words.iter().filter(|_| time >= floor).filter_map(|word| self.write(time, word)).collect()
    }

    fn write(&mut self, now: Time, word: &Word) -> Option<Request> {
        let (manager, request) = match &word.source {
            Source::Scheduler => ("kube-scheduler", self.scheduler(now, word)),
            Source::Controller(name) => ("kube-controller-manager", self.count(now, word, name, None)?),
            Source::Kubelet(node) => ("kubelet", self.count(now, word, "kubelet", Some(node.clone()))?),
        };
        Some(request.options(Options { field_manager: Str::new_static(manager), ..Options::default() }))
    }

    /// Controllers and kubelets write core/v1 and count.
    fn count(&mut self, now: Time, word: &Word, component: &str, host: Option<Str>) -> Option<Request> {
        let mut matter =
            (word.source.clone(), word.about.clone(), word.reason.clone(), Some(word.message.clone()));
        let combined = self.is_one_of_many(now, word);
        if combined {
            matter.3 = None;
        }
        let message = if combined { format!("{COMBINED}{}", word.message) } else { word.message.clone() };
        if self.is_spam(now, word) {
            return None;
        }
        if let Some(told) = self.told.get_mut(&matter) {
            (told.count, told.last) = (told.count + 1, now);
            let patch = value!({"count": (told.count), "lastTimestamp": (now.rfc3339()), "message": (message.as_str())});
            return Some(Request::patch(*EVENTS, &told.key.clone(), PatchType::Merge, patch));
        }
        let key = self.name(now, word);
        let mut event = event(&key, word, &message);
        event.set_at(&["source", "component"], component);
        let instance = host.clone().unwrap_or_default();
        if let Some(host) = host {
            event.set_at(&["source", "host"], host);
        }
        for field in ["firstTimestamp", "lastTimestamp"] {
            event.set_at(&[field], now.rfc3339());
        }
        event.set_at(&["count"], 1);
        if !combined {
            // Recorded: an Event of many names no reporter.
            event.set_at(&["reportingComponent"], component);
            event.set_at(&["reportingInstance"], instance);
        }
        self.told.insert(matter, Told { key, count: 1, last: now });
        Some(Request::create(*EVENTS, Object::shared(event)))
    }

    /// The scheduler writes events.k8s.io/v1. What it says again of a pod that has changed is an Event of its own.
    fn scheduler(&mut self, now: Time, word: &Word) -> Request {
        let mut event = event(&self.name(now, word), word, &word.message);
        let action = match word.reason.as_str() {
            "Scheduled" => "Binding",
            "Preempted" => "Preempting",
            _ => "Scheduling",
        };
        for (field, text) in [
            ("eventTime", now.rfc3339_micro()),
            ("action", action.into()),
            ("reportingComponent", SCHEDULER.0.into()),
            ("reportingInstance", SCHEDULER.1.into()),
        ] {
            event.set_at(&[field], text);
        }
        if let Some(Related(about, version)) = word.related.as_deref() {
            event.set_at(&["related"], reference(about, version));
        }
        Request::create(*EVENTS, Object::shared(event))
    }

    /// Whether so many different messages came on its matter that it is told with them.
    fn is_one_of_many(&mut self, now: Time, word: &Word) -> bool {
        let matter = (word.source.clone(), whole(&word.about), word.reason.clone(), None);
        let fresh = || Alike { messages: BTreeSet::new(), last: now };
        let alike = self.alike.entry(matter).or_insert_with(fresh);
        if now.since(alike.last) > ALIKE.1 {
            *alike = fresh();
        }
        alike.messages.insert(word.message.clone());
        alike.last = now;
        let many = alike.messages.len() >= ALIKE.0;
        if many {
            alike.messages.pop_first();
        }
        many
    }

    /// Whether its source says too much about its object.
    fn is_spam(&mut self, now: Time, word: &Word) -> bool {
        let key = (word.source.clone(), whole(&word.about));
        let spam = self.said.entry(key).or_insert(Spam { left: SPAM.0, since: now });
        let more = now.since(spam.since) / SPAM.1;
        if more > 0 {
            spam.left = (spam.left + more).min(SPAM.0);
            spam.since = spam.since + more * SPAM.1;
        }
        let is_spam = spam.left == 0;
        spam.left = spam.left.saturating_sub(1);
        is_spam
    }

    /// The object's name and the time; two of one millisecond differ in their nanoseconds.
    fn name(&mut self, now: Time, word: &Word) -> ObjectKey {
        self.names += 1;
        let nanos = now.wall_ns() + self.names % 1_000_000;
        let namespace = if word.about.namespace.is_empty() {
            DEFAULT_NAMESPACE.into()
        } else {
            word.about.namespace.clone()
        };
        ObjectKey::new(namespace, smol_str::format_smolstr!("{}.{nanos:x}", word.about.name))
    }
}

/// The object without its part: what is alike and what is spam do not look at it.
fn whole(about: &About) -> About {
    About { field_path: Str::default(), ..about.clone() }
}

/// What all Events have.
fn event(key: &ObjectKey, word: &Word, message: &str) -> Value {
    value!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"namespace": (key.namespace.clone()), "name": (key.name.clone())},
        "involvedObject": (reference(&word.about, &word.version)),
        "type": (if word.warning { "Warning" } else { "Normal" }),
        "reason": (word.reason.clone()),
        "message": message,
    })
}

/// An object as an Event names it.
fn reference(about: &About, version: &Str) -> Value {
    let mut reference = value!({
        "kind": (about.kind.clone()), "name": (about.name.clone()), "apiVersion": (about.api_version.clone()),
    });
    for (field, text) in [
        ("namespace", &about.namespace),
        ("uid", &about.uid),
        ("resourceVersion", version),
        ("fieldPath", &about.field_path),
    ] {
        if !text.is_empty() {
            reference.set_at(&[field], text.clone());
        }
    }
    reference
}
