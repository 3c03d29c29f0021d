//! How requests, answers and watch events travel between actors and the server.

use std::sync::Arc;

use super::{API_SERVER, CHAOS, Cluster, Ending, Event, Part};
use crate::apiserver::ServerInput;
use crate::object::Object;
use crate::value;
use crate::wire::{
    ActorClass, Addr, Answer, Commit, Fate, Input, Request, RequestId, Resource, Rule, Strike, WatchEvent,
    What,
};

/// The request whose replies are taken.
pub(super) struct Asked {
    from: Addr,
    id: RequestId,
    resource: Option<Resource>,
    /// The entry of the record, still without the code.
    entry: What,
    /// How long the answer takes, and its tie in the queue.
    leg: (u64, u64),
    ending: Ending,
    /// What the controllers want to create: if it is refused, they say so.
    creates: Option<Arc<Object>>,
}

impl Cluster {
    /// One leg of a request, drawn by name.
    fn leg(&mut self, leg: &str, request: &Request) -> (u64, u64) {
        let actor = &self.history.actors[request.from.0 as usize].name;
        self.latency.of_request(&mut self.draws, leg, actor, request)
    }

    /// Sends a request on its way to the server.
    pub(super) fn send(&mut self, request: Box<Request>) {
        let (after, tie) = self.leg("request", &request);
        self.queue.push(self.now() + after, tie, Event::Arrive(request, Ending::Answer));
    }

    /// Sends a host's request as far as the rule lets it go.
    pub(super) fn send_from_host(&mut self, request: Box<Request>, rule: &mut dyn Rule) {
        let fate = rule.leaving(self.now(), &request, &mut self.strikes);
        let (from, id) = (request.from, request.id);
        if self.strike() && !self.hosts.runs(from) {
            return; // the process died before the request left
        }
        let (after, tie) = self.leg("request", &request);
        let now = self.now();
        let (time, event) = match fate {
            Fate::Pass => (now + after, Event::Arrive(request, Ending::Answer)),
            Fate::Delay(ms) => (now + after + ms, Event::Arrive(request, Ending::Answer)),
            Fate::Lose(status) => (now + after, Event::Arrive(request, Ending::Lost(status))),
            Fate::Reset { committed: true } => (now + after, Event::Arrive(request, Ending::Reset)),
            Fate::Reset { committed: false } => (now + after, Event::Reset(from, id)),
            Fate::Refuse(status) => {
                let (back, _) = self.leg("answer", &request);
                (now + after + back, Event::Answer(from, id, Answer::Status(status)))
            }
        };
        self.queue.push(time, tie, event);
    }

    /// The server handles a request.
    pub(super) fn arrive(&mut self, mut request: Box<Request>, ending: Ending, rule: &mut dyn Rule) {
        self.tell_a_reader(&request);
        self.show_renewals(&request);
        let asked = Asked {
            from: request.from,
            id: request.id,
            resource: request.resource,
            entry: What::Request {
                verb: request.verb,
                resource: request.resource,
                subresource: request.subresource.clone(),
                key: request.key(),
                code: 0,
            },
            leg: self.leg("answer", &request),
            ending,
            creates: self.created_by_controllers(&request),
        };
        // The server consumes the request; the rule, which looks at hosts only, needs no body.
        let summary = (self.history.actor(request.from).class == ActorClass::Host).then(|| {
            let body = std::mem::take(&mut request.body);
            let summary = request.clone();
            request.body = body;
            summary
        });
        self.server.on(self.queue.now(), ServerInput::Request(request), &mut self.replies);
        let commits = self.take_replies(asked.from, Some(asked));
        if let Some(summary) = summary {
            rule.handled(self.now(), &summary, &commits, &mut self.strikes);
            self.strike();
        }
    }

    /// A timer of the server is due.
    pub(super) fn server_timer(&mut self, token: u64) {
        self.server.on(self.queue.now(), ServerInput::Timer(token), &mut self.replies);
        self.take_more_replies();
    }

    /// Records and sends on what the server did without a request of an actor.
    pub(super) fn take_more_replies(&mut self) {
        self.take_replies(API_SERVER, None);
    }

    /// Records and sends on what the server replied to what this actor did. Returns the commits.
    pub(super) fn take_replies(&mut self, actor: Addr, asked: Option<Asked>) -> Vec<Arc<Commit>> {
        let mut replies = std::mem::take(&mut self.replies);
        let mut refused = None;
        if let Some(mut asked) = asked {
            let found = replies.answers.iter().position(|(to, id, _)| (*to, *id) == (asked.from, asked.id));
            let (_, _, answer) =
                replies.answers.swap_remove(found.expect("the server answers every request"));
            let creates = asked.resource.zip(asked.creates.take());
            refused = creates.zip(answer.failure().cloned());
            self.answer(asked, answer);
        }
        let commits: Vec<Arc<Commit>> = replies.commits.drain(..).map(Arc::new).collect();
        for commit in &commits {
            self.on_commit(commit);
            self.note(actor, What::Commit(commit.clone()));
        }
        for (to, id, event) in replies.events.drain(..) {
            self.queue_event(to, id, Some(event));
        }
        for (to, id) in replies.ended.drain(..) {
            self.queue_event(to, id, None);
        }
        for (time, token) in replies.timers.drain(..) {
            self.queue.push(time, token, Event::ServerTimer(token));
        }
        self.replies = replies;
        if let Some((creates, failure)) = refused {
            self.refused(creates, failure);
        }
        if self.recorder.is_some() {
            let now = self.now();
            commits.iter().for_each(|commit| self.tell(now, actor, commit));
        }
        commits
    }

    /// Records a request with its answer and sends the answer back, as the ending wants it.
    fn answer(&mut self, asked: Asked, answer: Answer) {
        let Asked { from, id, resource, mut entry, leg: (after, tie), ending, .. } = asked;
        if let What::Request { code, .. } = &mut entry {
            *code = answer.code();
        }
        self.note(from, entry);
        let watching = matches!(answer, Answer::Watching);
        let event = match ending {
            Ending::Answer => Event::Answer(from, id, answer),
            Ending::Lost(status) => Event::Answer(from, id, Answer::Status(status)),
            Ending::Reset => Event::Reset(from, id),
        };
        if watching && matches!(event, Event::Answer(_, _, Answer::Watching)) {
            self.streams.add(from, id, resource.expect("watches are of resources"));
        } else if watching {
            self.server.close_watch(from, id);
        }
        self.queue.push(self.now() + after, tie, event);
    }

    /// Puts an event, or the end, behind what is pending on a watch, and sees that it is delivered.
    fn queue_event(&mut self, to: Addr, id: RequestId, event: Option<WatchEvent>) {
        let Some(stream) = self.streams.get(to, id) else { return };
        match event {
            Some(event) => stream.pending.push(event),
            None => stream.ended = true,
        }
        if stream.due || !stream.open {
            return; // it joins the delivery that is under way
        }
        stream.due = true;
        let resource = stream.resource;
        let actor = &self.history.actors[to.0 as usize].name;
        let (after, tie) = self.latency.draw(&mut self.draws, &["watch", actor, resource.as_str()]);
        self.queue.push(self.now() + after, tie, Event::Deliver(to, id));
    }

    /// An answer reaches its client.
    pub(super) fn deliver_answer(&mut self, to: Addr, id: RequestId, answer: Answer) {
        match &self.parts[to.0 as usize] {
            Part::Component(_) | Part::Runtime => self.input(to, Input::Answer(id, answer.clone())),
            Part::Desk => drop(self.desk.insert((to, id), answer.clone())),
            Part::Host => {
                let bookmark = matches!(answer, Answer::Watching).then(|| self.bookmark(to, id));
                if let Some(request) = self.hosts.answer(to, id, &answer, bookmark) {
                    self.note(to, What::Answered { code: answer.code() });
                    self.answered = Some((request, answer.clone()));
                    self.restless = true;
                } else if matches!(answer, Answer::Watching) {
                    self.close_watch(to, id); // its incarnation is gone
                }
            }
        }
        if matches!(answer, Answer::Watching)
            && let Some(stream) = self.streams.get(to, id)
        {
            stream.open = true;
            if !stream.pending.is_empty() || stream.ended {
                stream.due = true;
                self.queue.push(self.now(), u64::MAX, Event::Deliver(to, id));
            }
        }
    }

    /// The object that the bookmarks of a watch carry.
    fn bookmark(&mut self, to: Addr, id: RequestId) -> Arc<Object> {
        let resource = self.streams.get(to, id).map(|stream| stream.resource);
        let kind = resource.and_then(|resource| self.server.registry().lookup(resource));
        let (kind, api_version) =
            kind.map_or(("", ""), |kind| (kind.kind.as_str(), kind.resource.api_version()));
        Object::shared(value!({"kind": kind, "apiVersion": api_version, "metadata": {}}))
    }

    /// What is pending on a watch reaches its client.
    pub(super) fn deliver_events(&mut self, to: Addr, id: RequestId, rule: &mut dyn Rule) {
        let now = self.now();
        let Some(stream) = self.streams.get(to, id) else { return };
        stream.due = false;
        let (events, ended, resource) = (std::mem::take(&mut stream.pending), stream.ended, stream.resource);
        if ended {
            self.streams.remove(to, id);
        }
        if matches!(self.parts[to.0 as usize], Part::Host) {
            rule.delivering(now, to, resource, &events, &mut self.strikes);
            self.strike();
            self.deliver_to_host(to, id, resource, &events);
            if ended {
                self.hosts.end_watch(to, id);
            }
            return;
        }
        if !events.is_empty() {
            self.input(to, Input::Watch(id, events));
        }
        if ended {
            self.input(to, Input::WatchEnded(id));
        }
    }

    fn deliver_to_host(&mut self, to: Addr, id: RequestId, resource: Resource, events: &[WatchEvent]) {
        self.restless = true;
        if events.is_empty() || !self.hosts.deliver(to, id, events) {
            return;
        }
        let revision = events.iter().rev().find_map(|event| match event {
            WatchEvent::Bookmark { revision, .. } => Some(*revision),
            _ => event.object().map(|object| object.revision()),
        });
        let error = if let Some(WatchEvent::Error(status)) = events.last() { status.code } else { 0 };
        let events = u32::try_from(events.len()).unwrap_or(u32::MAX);
        self.note(to, What::Delivered { resource, events, revision: revision.unwrap_or(0), error });
    }

    /// A client closes its watch.
    pub(super) fn close_watch(&mut self, addr: Addr, id: RequestId) {
        self.server.close_watch(addr, id);
        self.streams.remove(addr, id);
    }

    /// A host's watch connection breaks: what was under way is lost, the body ends.
    pub fn cut_watch(&mut self, addr: Addr, id: RequestId) {
        self.close_watch(addr, id);
        self.hosts.end_watch(addr, id);
        self.restless = true;
    }

    /// Does what the rule wants done. True: there was something.
    pub(super) fn strike(&mut self) -> bool {
        let mut any = false;
        for strike in std::mem::take(&mut self.strikes) {
            any = true;
            match strike {
                Strike::Crash(addr, text) => {
                    self.note(CHAOS, What::Fault(text));
                    self.crash(addr);
                }
                Strike::Note(text) => self.note(CHAOS, What::Fault(text)),
            }
        }
        any
    }
}
