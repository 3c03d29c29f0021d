//! The trait of controllers: changes in, keys out; keys in, requests out. Controllers hold no connection and no clock.

use std::collections::VecDeque;

use dyn_clone::DynClone;

use crate::client::Change;
use crate::controllers::Caches;
use crate::engine::{Millis, Time};
use crate::object::{Object, Str, Value};
use crate::wire::{Answer, ObjectKey, Renewals, Request, Resource, Verb};

/// What a sync does. Keys that differ in the task alone are synced independently of each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Task {
    /// Reconciles the object. Most controllers have no other task.
    Object,
    /// A periodic pass over all objects; the key is empty.
    Pass,
    /// Node lifecycle: changes the NoExecute taints of the node.
    NoExecute,
    /// Node lifecycle: writes the status of a silent node.
    NodeStatus,
    /// Node lifecycle: serves the eviction queue of a zone; the name is the zone's.
    Zone,
}

/// A key in a controller's work queue: the target of a sync.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, derive_more::Debug)]
#[debug("{task:?} {resource} {key}")]
pub struct SyncKey {
    /// The resource.
    pub resource: Resource,
    /// What to do.
    pub task: Task,
    /// The object.
    pub key: ObjectKey,
}

impl SyncKey {
    /// This object of this resource.
    pub fn new(resource: Resource, key: ObjectKey) -> Self {
        Self { resource, task: Task::Object, key }
    }

    /// The object, as one of this resource.
    pub fn of(resource: Resource, object: &Object) -> Self {
        Self::new(resource, ObjectKey::of(object))
    }

    /// Another task than the object itself, about a cluster-wide name.
    pub fn task(resource: Resource, task: Task, name: impl Into<Str>) -> Self {
        Self { resource, task, key: ObjectKey::new("", name.into()) }
    }
}

/// The resources whose changes a controller receives.
#[derive(Clone, Debug)]
pub enum Watches {
    /// These.
    These(Vec<Resource>),
    /// All, custom ones included.
    All,
}

/// One controller of the manager. `Clone` because all runs of a scenario start from copies of one booted cluster.
pub trait Controller: DynClone + Send + Sync {
    /// Its name, as in `--controllers`.
    fn name(&self) -> &'static str;

    /// The resources whose changes it receives. It syncs nothing before the caches of these have their first list.
    fn watches(&self) -> Watches;

    /// Adds the keys that a change of `resource` concerns to `out`. The caches have the change already.
    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<SyncKey>);

    /// The renewal schedule of a Lease from now on; `None`: each renewal arrives through the cache.
    fn renewed(&mut self, lease: &ObjectKey, renewals: Option<Renewals>) {
        let _ = (lease, renewals);
    }

    /// How long a key waits after such a change, in ms, so that one sync covers several changes.
    fn delay_ms(&self, target: &SyncKey, resource: Resource, change: &Change) -> Millis {
        let _ = (target, resource, change);
        0
    }

    /// One sync: what to do about a key, decided from the caches alone.
    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, now: Time) -> Outcome;

    /// What an answer means for the sync that sent the request. Answers to reads arrive here, too.
    fn answered(&mut self, target: &SyncKey, call: &Call, answer: &Answer, caches: &Caches) -> Verdict {
        let _ = (target, caches);
        Verdict::usual(call, answer)
    }
}

dyn_clone::clone_trait_object!(Controller);

/// What a sync does: rounds of requests, one round after the other, the requests of a round in parallel.
#[derive(Debug, Default)]
pub struct Outcome {
    pub(crate) rounds: VecDeque<Vec<Request>>,
    pub(crate) after: Option<Millis>,
    pub(crate) again: bool,
    pub(crate) failed: bool,
    pub(crate) settles: bool,
    pub(crate) others: Vec<SyncKey>,
}

impl Outcome {
    /// Nothing to do.
    pub fn done() -> Self {
        Self::default()
    }

    /// Sends this request when all before it have succeeded.
    pub fn then(&mut self, request: Request) {
        self.rounds.push_back(vec![request]);
    }

    /// As [`then`](Self::then), for a status of the target after which nothing is left to do: when the cache shows this
    /// write, the target is not synced again.
    pub fn settle(&mut self, status: Request) {
        self.settles = true;
        self.then(status);
    }

    /// Sends these in parallel when all before them have succeeded.
    pub fn together(&mut self, requests: Vec<Request>) {
        if !requests.is_empty() {
            self.rounds.push_back(requests);
        }
    }

    /// Whether there are no requests so far.
    pub fn is_empty(&self) -> bool {
        self.rounds.is_empty()
    }

    /// Syncs again this much later; the earliest of several times counts.
    pub fn after(&mut self, ms: Millis) {
        self.after = Some(self.after.map_or(ms, |sooner| sooner.min(ms)));
    }

    /// Queues another key, too.
    pub fn also(&mut self, target: SyncKey) {
        self.others.push(target);
    }

    /// Without requests: syncs again after a back-off, as a failed sync does.
    pub fn retry(&mut self) {
        self.failed = true;
    }

    /// Syncs again when the requests are answered: they read something.
    pub fn again(&mut self) {
        self.again = true;
    }
}

/// One request of a sync, as [`Controller::answered`] receives it.
#[derive(Clone, Debug)]
pub struct Call {
    /// The verb.
    pub verb: Verb,
    /// The resource.
    pub resource: Resource,
    /// The object; without a name where the server generates one.
    pub key: ObjectKey,
    /// The uid precondition of a delete.
    pub uid: Option<Str>,
}

impl Call {
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let uid = request.options.precondition_uid.clone();
        Some(Self { verb: request.verb, resource: request.resource?, key: request.key(), uid })
    }
}

/// What an answer means for its sync.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Go on.
    Fine,
    /// The sync failed: no further rounds, and again after a back-off.
    Retry,
}

impl Verdict {
    /// Success is fine; so is a delete of an object that no longer exists, and a create in a terminating namespace.
    pub fn usual(call: &Call, answer: &Answer) -> Self {
        let Some(failure) = answer.failure() else { return Self::Fine };
        let is_terminating = || {
            let causes = failure.details.items_at(&["causes"]).iter();
            causes
                .filter_map(|cause| cause.get("reason").and_then(Value::as_str))
                .any(|r| r == "NamespaceTerminating")
        };
        match call.verb {
            Verb::Delete if failure.code == 404 => Self::Fine,
            Verb::Create if failure.code == 403 && is_terminating() => Self::Fine,
            _ => Self::Retry,
        }
    }
}
