//! How requests, answers and watch events travel between actors and the server.

use std::sync::Arc;

use super::{API_SERVER, CHAOS, Cluster, Ending, Event, Part};
use crate::apiserver::ServerInput;
use crate::object::Object;
use crate::value;
use crate::wire::{
    ActorClass, Addr, Answer, Commit, Fate, Input, Passing, Request, RequestId, Resource, Rule, StreamFate,
    Streaming, Strike, WatchEvent, What,
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
        let (from, id, now) = (request.from, request.id, self.now());
        let passing =
            Passing { now, request: &request, kind: self.server.registry().kind_name(request.resource) };
        let fate = rule.leaving(passing, &mut self.strikes);
        if self.strike() && !self.hosts.runs(from) {
            return; // the process died before the request left
        }
        let (after, tie) = self.leg("request", &request);
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

    /// A request reaches the server, which handles it unless the rule stops it.
    pub(super) fn arrive(&mut self, mut request: Box<Request>, mut ending: Ending, rule: &mut dyn Rule) {
        let of_host = self.history.actor(request.from).class == ActorClass::Host;
        if of_host {
            let (now, tie) = (self.now(), u64::from(request.from.0));
            let passing =
                Passing { now, request: &request, kind: self.server.registry().kind_name(request.resource) };
            match rule.arriving(passing) {
                Fate::Pass => {}
                Fate::Delay(ms) => return self.queue.push(now + ms, tie, Event::Arrive(request, ending)),
                Fate::Refuse(status) => return self.refuse(&request, Answer::Status(status)),
                Fate::Lose(status) => ending = Ending::Lost(status),
                Fate::Reset { committed: true } => ending = Ending::Reset,
                Fate::Reset { committed: false } => {
                    return self.queue.push(now, tie, Event::Reset(request.from, request.id));
                }
            }
        }
        self.tell_a_reader(&request);
        self.show_renewals(&request);
        let asked = Asked {
            from: request.from,
            id: request.id,
            resource: request.resource,
            entry: entry_of(&request, 0),
            leg: self.leg("answer", &request),
            ending,
            creates: self.created_by_controllers(&request),
        };
        // The server consumes the request; the rule, which looks at hosts only, needs no body.
        let summary = of_host.then(|| {
            let body = std::mem::take(&mut request.body);
            let summary = request.clone();
            request.body = body;
            summary
        });
        self.server.on(self.queue.now(), ServerInput::Request(request), &mut self.replies);
        let commits = self.take_replies(asked.from, Some(asked));
        self.send_to_hosts(rule); // before a fault at this very request kills one of them
        if let Some(summary) = summary {
            let kind = self.server.registry().kind_name(summary.resource);
            let passing = Passing { now: self.queue.now(), request: &summary, kind };
            rule.handled(passing, &commits, &mut self.strikes);
            self.strike();
        }
    }

    /// Something before the server answers a request in its place.
    fn refuse(&mut self, request: &Request, answer: Answer) {
        let (after, tie) = self.leg("answer", request);
        self.note(request.from, entry_of(request, answer.code()));
        self.queue.push(self.now() + after, tie, Event::Answer(request.from, request.id, answer));
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
            self.send_event(to, id, Some(event));
        }
        for (to, id) in replies.ended.drain(..) {
            self.send_event(to, id, None);
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
            let kind = self.server.registry().kind_name(resource).into();
            self.streams.add(from, id, resource.expect("watches are of resources"), kind);
        } else if watching {
            self.server.close_watch(from, id);
        }
        self.queue.push(self.now() + after, tie, event);
    }

    /// The server sends an event, or the end, on a watch. The rule sees those of hosts first.
    fn send_event(&mut self, to: Addr, id: RequestId, event: Option<WatchEvent>) {
        if matches!(self.parts[to.0 as usize], Part::Host) {
            self.to_hosts.push((to, id, event));
        } else {
            self.queue_event(to, id, event);
        }
    }

    /// Puts what the server has sent to hosts on their streams, as the rule lets it go.
    pub(super) fn send_to_hosts(&mut self, rule: &mut dyn Rule) {
        for (to, id, event) in std::mem::take(&mut self.to_hosts) {
            let now = self.queue.now();
            let Some(stream) = self.streams.get(to, id) else { continue };
            let streaming = Streaming { now, to, id, resource: stream.resource, kind: &stream.kind };
            let fate = event.as_ref().map_or(StreamFate::Pass, |event| rule.queueing(streaming, event));
            match fate {
                StreamFate::Pass => {}
                StreamFate::Delay(ms) => stream.clear_at = stream.clear_at.max(now + ms),
                StreamFate::Cut => {
                    self.cut_watch(to, id);
                    continue;
                }
            }
            match stream.clear_at {
                at if at > now => self.queue.push(at, u64::from(to.0), Event::Join(to, id, event)),
                _ => self.queue_event(to, id, event),
            }
        }
    }

    /// Puts an event, or the end, behind what is pending on a watch, and sees that it is delivered.
    pub(super) fn queue_event(&mut self, to: Addr, id: RequestId, event: Option<WatchEvent>) {
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
    pub(super) fn deliver_answer(&mut self, to: Addr, id: RequestId, answer: Answer, rule: &mut dyn Rule) {
        let Some(answer) = self.let_through(to, id, answer, rule) else { return };
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

    /// The answer that the rule lets a client have now.
    fn let_through(
        &mut self,
        to: Addr,
        id: RequestId,
        answer: Answer,
        rule: &mut dyn Rule,
    ) -> Option<Answer> {
        let Some(request) = self.hosts.request(to, id) else { return Some(answer) };
        let now = self.queue.now();
        let passing = Passing { now, request, kind: self.server.registry().kind_name(request.resource) };
        let fate = rule.answering(passing, &answer);
        let watching = matches!(answer, Answer::Watching);
        match fate {
            Fate::Pass => return Some(answer),
            Fate::Delay(ms) => self.queue.push(now + ms, u64::from(to.0), Event::Answer(to, id, answer)),
            Fate::Refuse(status) | Fate::Lose(status) => {
                if watching {
                    self.close_watch(to, id);
                }
                return Some(Answer::Status(status));
            }
            Fate::Reset { .. } => {
                if watching {
                    self.close_watch(to, id);
                }
                self.hosts.reset(to, id);
                self.restless = true;
            }
        }
        None
    }

    /// The object that the bookmarks of a watch carry.
    fn bookmark(&mut self, to: Addr, id: RequestId) -> Arc<Object> {
        let stream = self.streams.get(to, id);
        let (kind, api_version) =
            stream.map_or(("", ""), |stream| (stream.kind.as_str(), stream.resource.api_version()));
        Object::shared(value!({"kind": kind, "apiVersion": api_version, "metadata": {}}))
    }

    /// What is pending on a watch reaches its client.
    pub(super) fn deliver_events(&mut self, to: Addr, id: RequestId, rule: &mut dyn Rule) {
        let (now, to_host) = (self.now(), matches!(self.parts[to.0 as usize], Part::Host));
        let Some(stream) = self.streams.get(to, id) else { return };
        if to_host {
            let streaming = Streaming { now, to, id, resource: stream.resource, kind: &stream.kind };
            match rule.delivering(streaming, &stream.pending, &mut self.strikes) {
                StreamFate::Pass => {}
                StreamFate::Delay(ms) => {
                    self.strike();
                    return self.queue.push(now + ms, u64::from(to.0), Event::Deliver(to, id));
                }
                StreamFate::Cut => {
                    self.strike();
                    return self.cut_watch(to, id);
                }
            }
        }
        stream.due = false;
        let (events, ended, resource) = (std::mem::take(&mut stream.pending), stream.ended, stream.resource);
        if ended {
            self.streams.remove(to, id);
        }
        if to_host {
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

/// The entry of the record for a request with this answer.
fn entry_of(request: &Request, code: u16) -> What {
    What::Request {
        verb: request.verb,
        resource: request.resource,
        subresource: request.subresource.clone(),
        key: request.key(),
        code,
    }
}
