//! What a controller is: changes in, targets out; targets in, requests out. Controllers hold no connection and no clock.

use std::collections::VecDeque;
use std::fmt;

use dyn_clone::DynClone;

use crate::client::Change;
use crate::controllers::Caches;
use crate::engine::{Millis, Time};
use crate::object::{Object, Str, Value};
use crate::wire::{Answer, ObjectKey, Renewals, Request, Resource, Verb};

/// What one sync is about: an object of a resource.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Target {
    /// The resource.
    pub resource: Resource,
    /// The object.
    pub key: ObjectKey,
}

impl Target {
    /// This object of this resource.
    pub fn new(resource: Resource, key: ObjectKey) -> Self {
        Self { resource, key }
    }

    /// The object, as one of this resource.
    pub fn of(resource: Resource, object: &Object) -> Self {
        Self::new(resource, ObjectKey::of(object))
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.resource, self.key)
    }
}

/// Which changes a controller wants to see.
#[derive(Clone, Debug)]
pub enum Watches {
    /// Those of these resources.
    These(Vec<Resource>),
    /// Those of all resources, custom ones included.
    All,
}

/// One controller of the manager. It is copied with the booted cluster that all runs of a scenario start from.
pub trait Controller: DynClone + Send + Sync {
    /// Its name, as in `--controllers`.
    fn name(&self) -> &'static str;

    /// Which changes it wants to see. It syncs nothing before the caches of these have had their first list.
    fn watches(&self) -> Watches;

    /// The targets that a change of `resource` concerns, added to `out`. The caches have the change already.
    fn keys(&mut self, resource: Resource, change: &Change, caches: &Caches, out: &mut Vec<Target>);

    /// How this Lease is being renewed from now on; none: by itself, which the cache tells.
    fn renewed(&mut self, lease: &ObjectKey, renewals: Option<Renewals>) {
        let _ = (lease, renewals);
    }

    /// How long a target waits after such a change, so that several changes are one sync, in ms.
    fn delay_ms(&self, target: &Target, resource: Resource, change: &Change) -> Millis {
        let _ = (target, resource, change);
        0
    }

    /// One sync: what to do about a target, judged by the caches alone.
    fn reconcile(&mut self, target: &Target, caches: &Caches, now: Time) -> Outcome;

    /// What an answer means for its sync. Reads that a sync asked for arrive here, too.
    fn answered(&mut self, target: &Target, call: &Call, answer: &Answer, caches: &Caches) -> Verdict {
        let _ = (target, caches);
        Verdict::usual(call, answer)
    }
}

dyn_clone::clone_trait_object!(Controller);

/// What a sync wants done: rounds of requests, one after the other, those of a round side by side.
#[derive(Debug, Default)]
pub struct Outcome {
    pub(crate) rounds: VecDeque<Vec<Request>>,
    pub(crate) after: Option<Millis>,
    pub(crate) again: bool,
    pub(crate) failed: bool,
    pub(crate) settles: bool,
    pub(crate) others: Vec<Target>,
}

impl Outcome {
    /// Nothing to do.
    pub fn done() -> Self {
        Self::default()
    }

    /// Sends this when all before it have succeeded.
    pub fn then(&mut self, request: Request) {
        self.rounds.push_back(vec![request]);
    }

    /// Sends this status of the target as [`then`](Self::then) does; with it the target is as this sync wants it. To see it
    /// in the cache is no reason to sync once more.
    pub fn settle(&mut self, status: Request) {
        self.settles = true;
        self.then(status);
    }

    /// Sends these side by side when all before them have succeeded.
    pub fn together(&mut self, requests: Vec<Request>) {
        if !requests.is_empty() {
            self.rounds.push_back(requests);
        }
    }

    /// Whether nothing is asked for so far.
    pub fn is_empty(&self) -> bool {
        self.rounds.is_empty()
    }

    /// Syncs once more this much later, or earlier if something asked for that.
    pub fn after(&mut self, ms: Millis) {
        self.after = Some(self.after.map_or(ms, |sooner| sooner.min(ms)));
    }

    /// Syncs another target, too.
    pub fn also(&mut self, target: Target) {
        self.others.push(target);
    }

    /// Without requests: syncs once more after a back-off, as a failed sync does.
    pub fn retry(&mut self) {
        self.failed = true;
    }

    /// Syncs once more when the requests are answered: they read something.
    pub fn again(&mut self) {
        self.again = true;
    }
}

/// One request of a sync, as its answer is told.
#[derive(Clone, Debug)]
pub struct Call {
    /// The verb.
    pub verb: Verb,
    /// The resource.
    pub resource: Resource,
    /// The object; without a name where the server makes one.
    pub key: ObjectKey,
    /// The uid that a delete insists on.
    pub uid: Option<Str>,
}

impl Call {
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let uid = request.options.precondition_uid.clone();
        Some(Self { verb: request.verb, resource: request.resource?, key: request.key(), uid })
    }
}

/// What an answer means for the sync that asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Go on.
    Fine,
    /// The sync failed: no further rounds, and once more after a back-off.
    Retry,
}

impl Verdict {
    /// Success is fine, and so is what makes the request pointless: to delete what is gone, to create in a namespace that
    /// is going.
    pub fn usual(call: &Call, answer: &Answer) -> Self {
        let Some(failure) = answer.failure() else { return Self::Fine };
        let going = || {
            let causes = failure.details.items_at(&["causes"]).iter();
            causes
                .filter_map(|cause| cause.get("reason").and_then(Value::as_str))
                .any(|r| r == "NamespaceTerminating")
        };
        match call.verb {
            Verb::Delete if failure.code == 404 => Self::Fine,
            Verb::Create if failure.code == 403 && going() => Self::Fine,
            _ => Self::Retry,
        }
    }
}
