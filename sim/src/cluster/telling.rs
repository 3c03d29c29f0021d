//! Events of the control plane, for whoever reads them first: the record so far is told, then each commit as it comes.

use std::sync::Arc;

use super::{API_SERVER, Cluster};
use crate::apiserver::ServerInput;
use crate::engine::Time;
use crate::events::Recorder;
use crate::wire::{ActorClass, Addr, Commit, Request, Verb, What};

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
        let entries = self.history.record.entries().iter();
        let commits: Vec<(Time, Addr, Arc<Commit>)> = entries
            .filter_map(|entry| match &entry.what {
                What::Commit(commit) => Some((entry.time, entry.actor, commit.clone())),
                _ => None,
            })
            .collect();
        for (time, actor, commit) in commits {
            self.tell(time, actor, &commit);
        }
    }

    /// Writes what a commit says, where somebody reads Events. What the server refuses, in a namespace that goes, is lost.
    pub(super) fn tell(&mut self, time: Time, actor: Addr, commit: &Commit) {
        let Some(recorder) = &mut self.recorder else { return };
        let floor = Recorder::floor(self.queue.now());
        let requests = recorder.commit(time, floor, &self.history.actors[actor.0 as usize].name, commit);
        for mut request in requests {
            request.from = API_SERVER;
            self.server.on(self.queue.now(), ServerInput::Request(Box::new(request)), &mut self.replies);
            self.replies.answers.clear();
            self.take_more_replies();
        }
    }
}
