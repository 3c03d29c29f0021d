//! One report of a component: who reports, about which object, and what.

use crate::events::state::PriorState;
use crate::object::{Object, OwnerRef, Str};

/// The component that reports.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::events) enum Source {
    /// A controller, by its name.
    Controller(&'static str),
    /// The kubelet of a node.
    Kubelet(Str),
    /// The scheduler, which writes `events.k8s.io/v1`.
    Scheduler,
}

/// The object that an Event is about (`involvedObject`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::events) struct Involved {
    pub(in crate::events) api_version: Str,
    pub(in crate::events) kind: Str,
    pub(in crate::events) namespace: Str,
    pub(in crate::events) name: Str,
    /// Empty where the source knows the object by name only.
    pub(in crate::events) uid: Str,
    /// A part of the object, such as one container.
    pub(in crate::events) field_path: Str,
}

/// The second object of an Event (`related`), with its resourceVersion.
#[derive(Clone, Debug)]
pub(in crate::events) struct Related(pub(in crate::events) Involved, pub(in crate::events) Str);

/// One report. The recorder decides whether it becomes a new Event or raises a count.
#[derive(Clone, Debug)]
pub(in crate::events) struct Report {
    pub(in crate::events) source: Source,
    pub(in crate::events) involved: Involved,
    /// The resourceVersion of the involved object; empty where the source does not send it.
    pub(in crate::events) version: Str,
    pub(in crate::events) related: Option<Box<Related>>,
    pub(in crate::events) warning: bool,
    pub(in crate::events) reason: Str,
    pub(in crate::events) message: String,
}

impl Involved {
    pub(in crate::events) fn of(object: &Object) -> Self {
        Self {
            api_version: object.api_version().into(),
            kind: object.kind().into(),
            namespace: object.namespace().into(),
            name: object.name().into(),
            uid: object.uid().into(),
            field_path: Str::default(),
        }
    }
}

impl Report {
    pub(super) fn warn(&mut self) -> &mut Self {
        self.warning = true;
        self
    }

    pub(super) fn without_version(&mut self) -> &mut Self {
        self.version = Str::default();
        self
    }

    /// Omits uid and resourceVersion: the source knows the object by name only.
    pub(super) fn by_name(&mut self) -> &mut Self {
        self.involved.uid = Str::default();
        self.without_version()
    }
}

/// The reports on one commit or refusal, with the state before it.
pub(super) struct Reports<'a> {
    pub(super) state: &'a PriorState,
    pub(super) list: Vec<Report>,
}

impl<'a> Reports<'a> {
    pub(super) fn new(state: &'a PriorState) -> Self {
        Self { state, list: Vec::new() }
    }

    pub(super) fn add(&mut self, source: Source, of: &Object, reason: &str, message: String) -> &mut Report {
        self.list.push(Report {
            source,
            involved: Involved::of(of),
            version: of.meta("resourceVersion").into(),
            related: None,
            warning: false,
            reason: reason.into(),
            message,
        });
        self.list.last_mut().expect("pushed above")
    }

    pub(super) fn by_controller(
        &mut self,
        name: &'static str,
        involved: &Object,
        reason: &str,
        message: String,
    ) -> &mut Report {
        self.add(Source::Controller(name), involved, reason, message)
    }

    /// Adds a report of a controller about the owner that controls `of`, if that owner exists.
    pub(super) fn add_about_owner(
        &mut self,
        of: &Object,
        report: impl Fn(OwnerRef<'_>) -> Option<(&'static str, Str, String)>,
    ) {
        let Some(owner) = of.controller() else { return };
        let Some(object) = self.state.get(owner.uid).cloned() else { return };
        if let Some((controller, reason, message)) = report(owner) {
            self.by_controller(controller, &object, &reason, message);
        }
    }
}
