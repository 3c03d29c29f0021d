//! How requests and their answers travel between actors and the API server.
//!
//! Real: HTTP over TCP. Modelled: a request takes one leg to the server and its answer one leg back, each with a drawn
//! latency; the server handles a request at one instant. A rule, through which faults act, decides the fate of each request
//! of a host.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Cluster;
use super::actors::{API_SERVER, ActorKind, CHAOS};
use super::event_loop::QueuedEvent;
use crate::apiserver::{ApiServer, Replies, ServerInput};
use crate::engine::Time;
use crate::object::Str;
use crate::wire::{
    Addr, Answer, Commit, Fate, Input, Latency, ObjectKey, Passing, Request, RequestId, Resource, Rule,
    Status, Streams, Strike, Verb, WatchEvent, What,
};

/// What is on its way between actors and the API server.
#[derive(Default)]
pub(super) struct Traffic {
    pub(super) latency: Latency,
    pub(super) streams: Streams,
    /// The room for replies of the server, kept between requests.
    replies: Replies,
    /// Answers to the user and to chaos that nobody has taken yet.
    answers: BTreeMap<(Addr, RequestId), Answer>,
    /// The number of the last request of the user or of chaos.
    last_request: RequestId,
    /// What the rule wants done.
    pub(super) strikes: Vec<Strike>,
    /// Events for hosts that the rule has not seen yet. None is the end of a stream.
    pub(super) to_hosts: Vec<(Addr, RequestId, Option<WatchEvent>)>,
    /// An answer that a host has got and may still be working on.
    pub(super) answered: Option<(Box<Request>, Answer)>,
}

impl Traffic {
    pub(super) fn new(latency: Latency, streams: Streams) -> Self {
        Self { latency, streams, ..Self::default() }
    }
}

/// A request while the server's replies to it are taken.
struct Handled {
    from: Addr,
    id: RequestId,
    resource: Option<Resource>,
    /// The entry of the record, still without the code.
    entry: What,
    /// How long the answer takes, and its tie in the queue.
    leg: (u64, u64),
    fate: Fate,
}

impl Cluster {
    /// Sends a request as the user or as chaos. [`take_answer`](Self::take_answer) takes the answer.
    pub fn ask(&mut self, who: Addr, mut request: Request) -> RequestId {
        self.traffic.last_request += 1;
        (request.from, request.id) = (who, self.traffic.last_request);
        self.send(Box::new(request));
        self.traffic.last_request
    }

    /// Takes the answer to a request of the user or of chaos, if it has arrived.
    pub fn take_answer(&mut self, who: Addr, id: RequestId) -> Option<Answer> {
        self.traffic.answers.remove(&(who, id))
    }

    /// The latency of one leg of a request, and its tie in the queue, drawn by name.
    fn leg(&mut self, leg: &str, request: &Request) -> (u64, u64) {
        let actor = &self.history.actor(request.from).name;
        self.traffic.latency.of_request(&mut self.draws, leg, actor, request)
    }

    pub(super) fn send(&mut self, request: Box<Request>) {
        let (after, tie) = self.leg("request", &request);
        self.queue.push(self.now() + after, tie, QueuedEvent::Arrive(request, Fate::Pass));
    }

    /// Sends a host's request as far as the rule lets it.
    pub(super) fn send_from_host(&mut self, request: Box<Request>, rule: &mut dyn Rule) {
        let (from, id, now) = (request.from, request.id, self.now());
        let fate = rule.leaving(passing(&self.server, now, &request), &mut self.traffic.strikes);
        self.apply_strikes();
        if !self.hosts.runs(from) {
            return; // the process died before the request left
        }
        let (after, tie) = self.leg("request", &request);
        let arrives = now + after;
        let (time, event) = match fate {
            Fate::Delay(ms) => (arrives + ms, QueuedEvent::Arrive(request, Fate::Pass)),
            Fate::Refuse(status) => {
                let (back, _) = self.leg("answer", &request);
                (arrives + back, QueuedEvent::Answer(from, id, Answer::Status(status)))
            }
            Fate::Reset { committed: false } => (arrives, QueuedEvent::Reset(from, id)),
            of_answer => (arrives, QueuedEvent::Arrive(request, of_answer)),
        };
        self.queue.push(time, tie, event);
    }

    /// A request reaches the server, which handles it unless the rule stops it. `fate` is that of its answer.
    pub(super) fn arrive(&mut self, mut request: Box<Request>, mut fate: Fate, rule: &mut dyn Rule) {
        let (from, id, now) = (request.from, request.id, self.now());
        let of_host = self.actors.is_host(from);
        if of_host {
            let tie = u64::from(from.0);
            match rule.arriving(passing(&self.server, now, &request)) {
                Fate::Pass => {}
                Fate::Delay(ms) => {
                    return self.queue.push(now + ms, tie, QueuedEvent::Arrive(request, fate));
                }
                Fate::Refuse(status) => {
                    let (back, tie) = self.leg("answer", &request);
                    self.note(from, entry_of(&request, status.code));
                    let answer = QueuedEvent::Answer(from, id, Answer::Status(status));
                    return self.queue.push(now + back, tie, answer);
                }
                Fate::Reset { committed: false } => {
                    return self.queue.push(now, tie, QueuedEvent::Reset(from, id));
                }
                of_answer => fate = of_answer,
            }
        }
        self.record_events_for(&request);
        self.catch_up_leases(&request);
        let (resource, entry, leg) = (request.resource, entry_of(&request, 0), self.leg("answer", &request));
        let handled = Handled { from, id, resource, entry, leg, fate };
        let creates = self.created_by_controllers(&request);
        // The server consumes the request. The rule looks at requests of hosts only, and needs no body.
        let summary = of_host.then(|| {
            let body = std::mem::take(&mut request.body);
            let summary = request.clone();
            request.body = body;
            summary
        });
        self.server.on(now, ServerInput::Request(request), &mut self.traffic.replies);
        let (_, _, answer) = self.traffic.replies.answers.pop().expect("the server answers every request");
        let refused = creates.zip(answer.failure().cloned());
        self.answer(handled, answer);
        let commits = self.take_replies(from);
        if let Some(((resource, object), failure)) = refused {
            self.on_refused(resource, object, failure);
        }
        self.send_to_hosts(rule); // before a fault at this very request kills one of them
        if let Some(request) = summary {
            rule.handled(passing(&self.server, now, &request), &commits, &mut self.traffic.strikes);
            self.apply_strikes();
        }
    }

    /// The server handles a request of this cluster itself: without latency, an entry in the record or an answer.
    pub(super) fn serve_at_once(&mut self, request: Request) {
        let from = request.from;
        let input = ServerInput::Request(Box::new(request));
        self.server.on(self.queue.now(), input, &mut self.traffic.replies);
        self.traffic.replies.answers.clear();
        self.take_replies(from);
    }

    pub(super) fn server_timer(&mut self, token: u64) {
        self.server.on(self.queue.now(), ServerInput::Timer(token), &mut self.traffic.replies);
        self.take_replies(API_SERVER);
    }

    /// Records what the server did for this actor, and sends its events on. Returns the commits.
    fn take_replies(&mut self, actor: Addr) -> Vec<Arc<Commit>> {
        let mut replies = std::mem::take(&mut self.traffic.replies);
        debug_assert!(replies.answers.is_empty(), "the server answers the request that it handles");
        let commits: Vec<Arc<Commit>> = replies.commits.drain(..).map(Arc::new).collect();
        for commit in &commits {
            self.on_commit(commit);
            self.note(actor, What::Commit(commit.clone()));
        }
        for (to, id, event) in replies.events.drain(..) {
            self.send_watch_event(to, id, Some(event));
        }
        for (to, id) in replies.ended.drain(..) {
            self.send_watch_event(to, id, None);
        }
        for (time, token) in replies.timers.drain(..) {
            self.queue.push(time, token, QueuedEvent::ServerTimer(token));
        }
        self.traffic.replies = replies;
        let now = self.now();
        commits.iter().for_each(|commit| self.record_commit(now, actor, commit));
        commits
    }

    /// Records a request with the code of its answer, and sends the answer back, as far as its fate lets it.
    fn answer(&mut self, handled: Handled, answer: Answer) {
        let Handled { from, id, resource, mut entry, leg: (after, tie), fate } = handled;
        if let What::Request { code, .. } = &mut entry {
            *code = answer.code();
        }
        self.note(from, entry);
        let watching = matches!(answer, Answer::Watching);
        let event = match fate {
            Fate::Lose(status) => QueuedEvent::Answer(from, id, Answer::Status(status)),
            Fate::Reset { .. } => QueuedEvent::Reset(from, id),
            _ => QueuedEvent::Answer(from, id, answer),
        };
        if watching && matches!(event, QueuedEvent::Answer(_, _, Answer::Watching)) {
            let kind = self.server.registry().kind_name(resource).into();
            self.traffic.streams.add(from, id, resource.expect("watches are of resources"), kind);
        } else if watching {
            self.server.close_watch(from, id);
        }
        self.queue.push(self.now() + after, tie, event);
    }

    /// An answer reaches its client.
    pub(super) fn deliver_answer(&mut self, to: Addr, id: RequestId, answer: Answer, rule: &mut dyn Rule) {
        let Some(answer) = self.let_through(to, id, answer, rule) else { return };
        let watching = matches!(answer, Answer::Watching);
        match self.actors.kind(to) {
            ActorKind::Component(_) | ActorKind::ContainerRuntime => {
                self.input(to, Input::Answer(id, answer));
            }
            ActorKind::Passive => drop(self.traffic.answers.insert((to, id), answer)),
            ActorKind::Host => {
                let bookmark = watching.then(|| self.bookmark(to, id));
                if let Some(request) = self.hosts.answer(to, id, &answer, bookmark) {
                    let why = answer.failure().map_or(Str::default(), |status| failed(&request, status));
                    let (code, resource) = (answer.code(), request.resource);
                    self.note(to, What::Answered { code, resource, why });
                    self.traffic.answered = Some((request, answer));
                    self.programs_may_act = true;
                } else if watching {
                    self.close_watch(to, id); // its incarnation is gone
                }
            }
        }
        if watching {
            self.open_watch(to, id);
        }
    }

    /// What the client gets in place of this answer, if the rule lets it have something now.
    fn let_through(
        &mut self,
        to: Addr,
        id: RequestId,
        answer: Answer,
        rule: &mut dyn Rule,
    ) -> Option<Answer> {
        let Some(request) = self.hosts.request(to, id) else { return Some(answer) };
        let now = self.queue.now();
        let fate = rule.answering(passing(&self.server, now, request), &answer);
        if !matches!(fate, Fate::Pass | Fate::Delay(_)) && matches!(answer, Answer::Watching) {
            self.close_watch(to, id);
        }
        match fate {
            Fate::Pass => return Some(answer),
            Fate::Delay(ms) => {
                self.queue.push(now + ms, u64::from(to.0), QueuedEvent::Answer(to, id, answer));
            }
            Fate::Refuse(status) | Fate::Lose(status) => return Some(Answer::Status(status)),
            Fate::Reset { .. } => self.reset(to, id),
        }
        None
    }

    /// The connection of a host's request breaks.
    pub(super) fn reset(&mut self, to: Addr, id: RequestId) {
        self.hosts.reset(to, id);
        self.programs_may_act = true;
    }

    /// A host has got an answer and has gone quiet.
    pub(super) fn tell_answered(&mut self, rule: &mut dyn Rule) {
        let Some((request, answer)) = self.traffic.answered.take() else { return };
        let passing = passing(&self.server, self.queue.now(), &request);
        rule.answered(passing, &answer, &mut self.traffic.strikes);
        self.apply_strikes();
    }

    pub(super) fn apply_strikes(&mut self) {
        for strike in std::mem::take(&mut self.traffic.strikes) {
            let (Strike::Crash(_, text) | Strike::Note(text)) = &strike;
            self.note(CHAOS, What::Fault(text.clone()));
            if let Strike::Crash(addr, _) = strike {
                self.crash(addr);
            }
        }
    }
}

/// A request as the rule sees it.
fn passing<'a>(server: &'a ApiServer, now: Time, request: &'a Request) -> Passing<'a> {
    Passing { now, request, kind: server.registry().kind_name(request.resource) }
}

/// A request that failed, and why, in words.
fn failed(request: &Request, status: &Status) -> Str {
    let (verb, resource) = (request.verb.as_str(), request.resource.map_or("", Resource::plural));
    let what = if resource.is_empty() { &*request.path } else { resource };
    smol_str::format_smolstr!("{verb} {what} {}: {}", request.key(), status.message)
}

/// The entry of the record for a request with this code of its answer.
fn entry_of(request: &Request, code: u16) -> What {
    let is_path = request.verb == Verb::Raw;
    What::Request {
        verb: request.verb,
        resource: request.resource,
        subresource: request.subresource.clone(),
        key: if is_path { ObjectKey::new("", request.path.clone()) } else { request.key() },
        code,
    }
}
