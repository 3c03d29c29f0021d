//! Events of the control plane, for the first host or user who reads Events: the recorder gets all commits so far, and from
//! then on each new commit.
//!
//! Real: each component sends its Events as it goes. Modelled: an Event follows from a commit, or from a create that the
//! server refused to the controllers. Refusals are kept here: the record has neither their object nor their reason.

use std::sync::Arc;

use super::Cluster;
use super::actors::API_SERVER;
use crate::engine::Time;
use crate::events::Recorder;
use crate::object::Object;
use crate::wire::{ActorClass, Addr, Body, Commit, Entry, Request, Resource, Status, Verb, What};

/// The name of the actor that runs the controllers.
const CONTROLLERS: &str = "kube-controller-manager";

/// The recorder of Events, and what it needs beside the record.
#[derive(Debug, Default)]
pub(super) struct EventRecording {
    /// None until somebody reads Events.
    recorder: Option<Recorder>,
    /// Refused creates that the recorder has not got.
    refusals: Vec<RefusedCreate>,
}

#[derive(Debug)]
struct RefusedCreate {
    /// The index of the record's next entry.
    before: usize,
    time: Time,
    resource: Resource,
    object: Arc<Object>,
    failure: Status,
}

impl Cluster {
    /// Starts the recording, and makes up for all commits so far, if this is the first request of a host or the user that
    /// reads Events.
    pub(super) fn record_events_for(&mut self, request: &Request) {
        let is_first = self.event_recording.recorder.is_none()
            && matches!(request.verb, Verb::Get | Verb::List | Verb::Watch)
            && request.resource.is_some_and(|resource| resource.plural() == "events")
            && self.history.actor(request.from).class != ActorClass::System;
        if !is_first {
            return;
        }
        self.event_recording.recorder = Some(Recorder::default());
        let mut refusals = std::mem::take(&mut self.event_recording.refusals).into_iter().peekable();
        // What is written meanwhile are Events, of which nothing follows.
        for index in 0..self.history.record.entries().len() {
            while let Some(refusal) = refusals.next_if(|refusal| refusal.before <= index) {
                self.record_refusal(&refusal);
            }
            let Entry { time, actor, what } = self.history.record.entries()[index].clone();
            if let What::Commit(commit) = what {
                self.record_commit(time, actor, &commit);
            }
        }
        refusals.for_each(|refusal| self.record_refusal(&refusal));
    }

    /// What the controllers want to create with this request.
    pub(super) fn created_by_controllers(&self, request: &Request) -> Option<(Resource, Arc<Object>)> {
        let creates = request.verb == Verb::Create && self.history.actor(request.from).name == CONTROLLERS;
        match &request.body {
            Body::Object(object) if creates => request.resource.zip(Some(object.clone())),
            _ => None,
        }
    }

    /// The server has refused to create this object for the controllers.
    pub(super) fn on_refused(&mut self, resource: Resource, object: Arc<Object>, failure: Status) {
        let before = self.history.record.entries().len();
        let refusal = RefusedCreate { before, time: self.queue.now(), resource, object, failure };
        if self.event_recording.recorder.is_some() {
            self.record_refusal(&refusal);
        } else {
            self.event_recording.refusals.push(refusal);
        }
    }

    fn record_refusal(&mut self, refusal: &RefusedCreate) {
        let Some(recorder) = &mut self.event_recording.recorder else { return };
        let RefusedCreate { time, resource, object, failure, .. } = refusal;
        let floor = Recorder::floor(self.queue.now());
        let requests = recorder.refused(*time, floor, (*resource, &**object), failure);
        self.write_events(requests);
    }

    /// Writes the Events that follow from a commit, if somebody reads Events.
    pub(super) fn record_commit(&mut self, time: Time, actor: Addr, commit: &Commit) {
        let Some(recorder) = &mut self.event_recording.recorder else { return };
        let floor = Recorder::floor(self.queue.now());
        let requests = recorder.commit(time, floor, &self.history.actor(actor).name, commit);
        self.write_events(requests);
    }

    /// Writes Events. Those that the server refuses, such as Events in a terminating namespace, are lost.
    fn write_events(&mut self, events: Vec<Request>) {
        for event in events {
            self.serve_at_once(Request { from: API_SERVER, ..event });
        }
    }
}
