//! Events of the control plane, for whoever reads them first: the record so far is told, then each commit as it comes.
//!
//! The record does not hold why a create was refused, nor for whom it was: those of the controllers are kept beside it.

use std::sync::Arc;

use super::{API_SERVER, Cluster};
use crate::apiserver::ServerInput;
use crate::engine::Time;
use crate::events::Recorder;
use crate::object::Object;
use crate::wire::{ActorClass, Addr, Body, Commit, Request, Resource, Status, Verb, What};

/// The name of the actor that the controllers are.
const CONTROLLERS: &str = "kube-controller-manager";

/// A create of the controllers that the server refused.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The entry of the record that came next.
    before: usize,
    time: Time,
    resource: Resource,
    object: Arc<Object>,
    failure: Status,
}

impl Cluster {
    /// Tells all that has happened, if this request is the first of a host or the user that reads Events.
    pub(super) fn tell_a_reader(&mut self, request: &Request) {
        let asks = self.recorder.is_none()
            && matches!(request.verb, Verb::Get | Verb::List | Verb::Watch)
            && request.resource.is_some_and(|resource| resource.plural() == "events")
            && self.history.actor(request.from).class != ActorClass::System;
        if !asks {
            return;
        }
        self.recorder = Some(Recorder::default());
        let entries = self.history.record.entries().iter().enumerate();
        let commits: Vec<(usize, Time, Addr, Arc<Commit>)> = entries
            .filter_map(|(index, entry)| match &entry.what {
                What::Commit(commit) => Some((index, entry.time, entry.actor, commit.clone())),
                _ => None,
            })
            .collect();
        let mut refusals = std::mem::take(&mut self.refusals).into_iter().peekable();
        for (index, time, actor, commit) in commits {
            while let Some(refusal) = refusals.next_if(|refusal| refusal.before <= index) {
                self.tell_refusal(&refusal);
            }
            self.tell(time, actor, &commit);
        }
        refusals.for_each(|refusal| self.tell_refusal(&refusal));
    }

    /// The object, if the controllers want to create one.
    pub(super) fn created_by_controllers(&self, request: &Request) -> Option<Arc<Object>> {
        let creates = request.verb == Verb::Create && self.history.actor(request.from).name == CONTROLLERS;
        match &request.body {
            Body::Object(object) if creates => Some(object.clone()),
            _ => None,
        }
    }

    /// The server has refused a create of the controllers.
    pub(super) fn refused(&mut self, (resource, object): (Resource, Arc<Object>), failure: Status) {
        let before = self.history.record.entries().len();
        let refusal = Refusal { before, time: self.queue.now(), resource, object, failure };
        if self.recorder.is_some() {
            self.tell_refusal(&refusal);
        } else {
            self.refusals.push(refusal);
        }
    }

    fn tell_refusal(&mut self, refusal: &Refusal) {
        let Some(recorder) = &mut self.recorder else { return };
        let Refusal { time, resource, object, failure, .. } = refusal;
        let floor = Recorder::floor(self.queue.now());
        let requests = recorder.refused(*time, floor, (*resource, &**object), failure);
        self.write(requests);
    }

    /// Writes what a commit says, where somebody reads Events. What the server refuses, in a namespace that goes, is lost.
    pub(super) fn tell(&mut self, time: Time, actor: Addr, commit: &Commit) {
        let Some(recorder) = &mut self.recorder else { return };
        let floor = Recorder::floor(self.queue.now());
        let requests = recorder.commit(time, floor, &self.history.actors[actor.0 as usize].name, commit);
        self.write(requests);
    }

    fn write(&mut self, events: Vec<Request>) {
        for mut request in events {
            request.from = API_SERVER;
            self.server.on(self.queue.now(), ServerInput::Request(Box::new(request)), &mut self.replies);
            self.replies.answers.clear();
            self.take_more_replies();
        }
    }
}
