//! Turns reports of components into Events and counts, as client-go's recorders do.
//!
//! Real: tools/record `EventCorrelator` for controllers and kubelets, tools/events for the scheduler. Modelled: both. Not
//! modelled: the size of their caches (4096 objects); series of the scheduler, which grow while the pod's resourceVersion and
//! the message stay the same, and so without a commit.

use std::collections::{BTreeMap, BTreeSet};

use super::derive::{Involved, Related, Report, Source, of_commit, of_refusal};
use super::state::PriorState;
use crate::engine::{Millis, SECOND, Time};
use crate::object::names::DEFAULT_NAMESPACE;
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::resource::EVENTS;
use crate::wire::{Commit, ObjectKey, Options, PatchType, Request, Resource, Status};

/// For how long an Event is kept (kube-apiserver `--event-ttl`).
pub(super) const TTL_MS: Millis = 3600 * SECOND;
/// From this many different messages on, within this time of each other, similar reports share an Event (tools/record
/// `defaultAggregateMaxEvents`, `defaultAggregateIntervalInSeconds`).
const AGGREGATE: (usize, Millis) = (10, 600 * SECOND);
/// A source may report this often about one object at once, and once more after each such time (tools/record
/// `defaultSpamBurst`, `defaultSpamQPS`).
const SPAM: (u64, Millis) = (25, 300 * SECOND);
/// The message of an aggregated Event begins with this (tools/record `EventAggregatorByReasonMessageFunc`).
const COMBINED: &str = "(combined from similar events): ";
/// The scheduler's `reportingComponent` and `reportingInstance` (its name and host).
const SCHEDULER: (&str, &str) = ("default-scheduler", "default-scheduler-control-plane");

/// Derives Events from commits, in their order.
#[derive(Debug, Default)]
pub struct Recorder {
    state: PriorState,
    written: BTreeMap<EventKey, Written>,
    similar: BTreeMap<EventKey, Similar>,
    buckets: BTreeMap<(Source, Involved), TokenBucket>,
    names: u64,
}

/// Reports with equal keys share an Event. Without a message: the key of similar reports.
type EventKey = (Source, Involved, Str, Option<String>);

#[derive(Debug)]
struct Written {
    key: ObjectKey,
    count: i64,
    last: Time,
}

#[derive(Debug)]
struct Similar {
    messages: BTreeSet<String>,
    last: Time,
}

#[derive(Debug)]
struct TokenBucket {
    left: u64,
    since: Time,
}

impl Recorder {
    /// Takes a commit of this actor and returns the Events to write; none for a commit from before `floor`.
    pub fn commit(&mut self, time: Time, floor: Time, actor: &str, commit: &Commit) -> Vec<Request> {
        if commit.resource == *EVENTS {
            return Vec::new();
        }
        let reports = of_commit(&self.state, actor, commit);
        self.state.apply(actor, commit);
        for report in reports.iter().filter(|report| report.reason == "Preempted") {
            self.state.note_preempted(&report.involved.uid);
        }
        self.write_all(time, floor, &reports)
    }

    /// Takes a create that the server refused the controllers, and returns the Events to write.
    pub fn refused(
        &mut self,
        time: Time,
        floor: Time,
        (resource, object): (Resource, &Object),
        failure: &Status,
    ) -> Vec<Request> {
        let reports = of_refusal(&self.state, resource, object, failure);
        self.write_all(time, floor, &reports)
    }

    /// Events from before this time have expired at `now`.
    pub fn floor(now: Time) -> Time {
        now - TTL_MS
    }

    fn write_all(&mut self, time: Time, floor: Time, reports: &[Report]) -> Vec<Request> {
        reports.iter().filter(|_| time >= floor).filter_map(|report| self.write(time, report)).collect()
    }

    fn write(&mut self, now: Time, report: &Report) -> Option<Request> {
        let (manager, request) = match &report.source {
            Source::Scheduler => ("kube-scheduler", self.scheduler(now, report)),
            Source::Controller(name) => ("kube-controller-manager", self.core(now, report, name, None)?),
            Source::Kubelet(node) => ("kubelet", self.core(now, report, "kubelet", Some(node.clone()))?),
        };
        Some(request.options(Options { field_manager: Str::new_static(manager), ..Options::default() }))
    }

    /// Controllers and kubelets write core/v1 Events with counts.
    fn core(&mut self, now: Time, report: &Report, component: &str, host: Option<Str>) -> Option<Request> {
        let combined = self.is_aggregated(now, report);
        let own = (!combined).then(|| report.message.clone());
        let shared = (report.source.clone(), report.involved.clone(), report.reason.clone(), own);
        let message = if combined { format!("{COMBINED}{}", report.message) } else { report.message.clone() };
        if self.is_spam(now, report) {
            return None;
        }
        if let Some(written) = self.written.get_mut(&shared) {
            debug_assert!(written.last <= now, "the recorder takes commits in the order of their times");
            (written.count, written.last) = (written.count + 1, now);
            let patch = value!({"count": (written.count), "lastTimestamp": (now.rfc3339()), "message": (message.as_str())});
            return Some(Request::patch(*EVENTS, &written.key.clone(), PatchType::Merge, patch));
        }
        let key = self.name(now, report);
        let mut event = event(&key, report, &message);
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
            // Recorded: an aggregated Event names no reporter.
            event.set_at(&["reportingComponent"], component);
            event.set_at(&["reportingInstance"], instance);
        }
        self.written.insert(shared, Written { key, count: 1, last: now });
        Some(Request::create(*EVENTS, Object::shared(event)))
    }

    /// The scheduler writes events.k8s.io/v1, a new Event for each report.
    fn scheduler(&mut self, now: Time, report: &Report) -> Request {
        let mut event = event(&self.name(now, report), report, &report.message);
        let action = match report.reason.as_str() {
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
        if let Some(Related(object, version)) = report.related.as_deref() {
            event.set_at(&["related"], reference(object, version));
        }
        Request::create(*EVENTS, Object::shared(event))
    }

    /// Whether so many similar reports came that this one joins their aggregated Event.
    fn is_aggregated(&mut self, now: Time, report: &Report) -> bool {
        let key = (report.source.clone(), whole(&report.involved), report.reason.clone(), None);
        let fresh = || Similar { messages: BTreeSet::new(), last: now };
        let similar = self.similar.entry(key).or_insert_with(fresh);
        if now.since(similar.last) > AGGREGATE.1 {
            *similar = fresh();
        }
        similar.messages.insert(report.message.clone());
        similar.last = now;
        let many = similar.messages.len() >= AGGREGATE.0;
        if many {
            similar.messages.pop_first();
        }
        many
    }

    /// Whether the source has used up its reports about the object.
    fn is_spam(&mut self, now: Time, report: &Report) -> bool {
        let key = (report.source.clone(), whole(&report.involved));
        let bucket = self.buckets.entry(key).or_insert(TokenBucket { left: SPAM.0, since: now });
        let more = now.since(bucket.since) / SPAM.1;
        if more > 0 {
            bucket.left = (bucket.left + more).min(SPAM.0);
            bucket.since = bucket.since + more * SPAM.1;
        }
        let is_spam = bucket.left == 0;
        bucket.left = bucket.left.saturating_sub(1);
        is_spam
    }

    /// The name of an Event: its object's name and the time. Two of one millisecond differ in their nanoseconds.
    fn name(&mut self, now: Time, report: &Report) -> ObjectKey {
        self.names += 1;
        let nanos = now.wall_ns() + self.names % 1_000_000;
        let namespace = match &report.involved.namespace {
            none if none.is_empty() => DEFAULT_NAMESPACE.into(),
            namespace => namespace.clone(),
        };
        ObjectKey::new(namespace, smol_str::format_smolstr!("{}.{nanos:x}", report.involved.name))
    }
}

/// The object without its field path, which aggregation and spam filter ignore.
fn whole(involved: &Involved) -> Involved {
    Involved { field_path: Str::default(), ..involved.clone() }
}

/// The fields that all Events have.
fn event(key: &ObjectKey, report: &Report, message: &str) -> Value {
    value!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"namespace": (key.namespace.clone()), "name": (key.name.clone())},
        "involvedObject": (reference(&report.involved, &report.version)),
        "type": (if report.warning { "Warning" } else { "Normal" }),
        "reason": (report.reason.clone()),
        "message": message,
    })
}

fn reference(involved: &Involved, version: &Str) -> Value {
    let mut reference = value!({
        "kind": (involved.kind.clone()), "name": (involved.name.clone()), "apiVersion": (involved.api_version.clone()),
    });
    for (field, text) in [
        ("namespace", &involved.namespace),
        ("uid", &involved.uid),
        ("resourceVersion", version),
        ("fieldPath", &involved.field_path),
    ] {
        if !text.is_empty() {
            reference.set_at(&[field], text.clone());
        }
    }
    reference
}
