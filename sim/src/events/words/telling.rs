//! Who tells what about whom.

use crate::events::known::Known;
use crate::object::{Object, OwnerRef, Str};

/// Who tells.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::events) enum Source {
    /// A controller, by its name.
    Controller(&'static str),
    /// The kubelet of a node.
    Kubelet(Str),
    /// The scheduler, which tells by the newer API.
    Scheduler,
}

/// Whom it is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(in crate::events) struct About {
    pub(in crate::events) api_version: Str,
    pub(in crate::events) kind: Str,
    pub(in crate::events) namespace: Str,
    pub(in crate::events) name: Str,
    /// Nothing where the source knows it by name alone.
    pub(in crate::events) uid: Str,
    /// The part of it, such as one container.
    pub(in crate::events) field_path: Str,
}

/// What else it is about, with its resourceVersion.
#[derive(Clone, Debug)]
pub(in crate::events) struct Related(pub(in crate::events) About, pub(in crate::events) Str);

/// One thing that is told.
#[derive(Clone, Debug)]
pub(in crate::events) struct Word {
    pub(in crate::events) source: Source,
    pub(in crate::events) about: About,
    /// The resourceVersion of what it is about; nothing where the source does not tell it.
    pub(in crate::events) version: Str,
    pub(in crate::events) related: Option<Box<Related>>,
    pub(in crate::events) warning: bool,
    pub(in crate::events) reason: Str,
    pub(in crate::events) message: String,
}

impl About {
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

impl Word {
    /// As a warning.
    pub(super) fn warn(&mut self) -> &mut Self {
        self.warning = true;
        self
    }

    /// About an object whose revision the source does not tell.
    pub(super) fn without_version(&mut self) -> &mut Self {
        self.version = Str::default();
        self
    }

    /// About an object that the source knows by name alone.
    pub(super) fn by_name(&mut self) -> &mut Self {
        self.about.uid = Str::default();
        self.without_version()
    }
}

/// The words on one commit.
pub(super) struct Telling<'a> {
    pub(super) known: &'a Known,
    pub(super) words: Vec<Word>,
}

impl<'a> Telling<'a> {
    pub(super) fn new(known: &'a Known) -> Self {
        Self { known, words: Vec::new() }
    }

    pub(super) fn tell(
        &mut self,
        source: Source,
        about: &Object,
        reason: &str,
        message: String,
    ) -> &mut Word {
        self.words.push(Word {
            source,
            about: About::of(about),
            version: about.meta("resourceVersion").into(),
            related: None,
            warning: false,
            reason: reason.into(),
            message,
        });
        self.words.last_mut().expect("pushed above")
    }

    /// As [`tell`](Self::tell), by a controller.
    pub(super) fn controller(
        &mut self,
        name: &'static str,
        about: &Object,
        reason: &str,
        message: String,
    ) -> &mut Word {
        self.tell(Source::Controller(name), about, reason, message)
    }

    /// As [`tell`](Self::tell), about the controller of an object, if it is there.
    pub(super) fn tell_owner(
        &mut self,
        of: &Object,
        told: impl Fn(OwnerRef<'_>) -> Option<(&'static str, Str, String)>,
    ) {
        let Some(owner) = of.controller() else { return };
        let Some(object) = self.known.get(owner.uid).cloned() else { return };
        if let Some((controller, reason, message)) = told(owner) {
            self.controller(controller, &object, &reason, message);
        }
    }
}
