//! How watch events travel from the API server to clients.
//!
//! Real: a chunked HTTP response for each watch. Modelled: a stream neither loses nor reorders events. An event that comes
//! while a delivery is under way joins that delivery.

use std::sync::Arc;

use super::Cluster;
use super::event_loop::QueuedEvent;
use crate::object::{Object, Str};
use crate::value;
use crate::wire::{Addr, Input, RequestId, Resource, Rule, StreamFate, Streaming, WatchEvent, What};

impl Cluster {
    /// The watches that a host has open, with the resource and the kind that they watch.
    pub fn watches_of(&self, host: Addr) -> impl Iterator<Item = (RequestId, Resource, &Str)> {
        self.traffic.streams.of(host)
    }

    /// The server sends an event, or the end, on a watch. The rule sees those of hosts first.
    pub(super) fn send_watch_event(&mut self, to: Addr, id: RequestId, event: Option<WatchEvent>) {
        if self.actors.is_host(to) {
            self.traffic.to_hosts.push((to, id, event));
        } else {
            self.queue_watch_event(to, id, event);
        }
    }

    /// Puts the events that the server has sent to hosts on their streams, as far as the rule lets them.
    pub(super) fn send_to_hosts(&mut self, rule: &mut dyn Rule) {
        let now = self.queue.now();
        for (to, id, event) in std::mem::take(&mut self.traffic.to_hosts) {
            let Some(stream) = self.traffic.streams.get(to, id) else { continue };
            let streaming = Streaming { now, to, id, resource: stream.resource, kind: &stream.kind };
            match event.as_ref().map(|event| rule.queueing(streaming, event)) {
                Some(StreamFate::Cut) => {
                    self.cut_watch(to, id);
                    continue;
                }
                Some(StreamFate::Delay(ms)) => stream.clear_at = stream.clear_at.max(now + ms),
                Some(StreamFate::Pass) | None => {}
            }
            // At that very time the delayed events may still be in the queue, before which none joins.
            if stream.clear_at >= now {
                self.queue.push(stream.clear_at, u64::from(to.0), QueuedEvent::Join(to, id, event));
            } else {
                self.queue_watch_event(to, id, event);
            }
        }
    }

    /// Adds an event to the pending ones of a watch, or its end, and schedules the delivery.
    pub(super) fn queue_watch_event(&mut self, to: Addr, id: RequestId, event: Option<WatchEvent>) {
        let Some(stream) = self.traffic.streams.get(to, id) else { return };
        match event {
            Some(event) => stream.pending.push(event),
            None => stream.ended = true,
        }
        if stream.due || !stream.open {
            return; // it joins the delivery that is under way
        }
        stream.due = true;
        let resource = stream.resource;
        let draw = ["watch", self.history.actor(to).name.as_str(), resource.as_str()];
        let (after, tie) = self.traffic.latency.draw(&mut self.draws, &draw);
        self.queue.push(self.now() + after, tie, QueuedEvent::Deliver(to, id));
    }

    /// The client has got the headers of its watch: events that came before are delivered now.
    pub(super) fn open_watch(&mut self, to: Addr, id: RequestId) {
        let Some(stream) = self.traffic.streams.get(to, id) else { return };
        stream.open = true;
        if !stream.pending.is_empty() || stream.ended {
            stream.due = true;
            self.queue.push(self.now(), u64::MAX, QueuedEvent::Deliver(to, id));
        }
    }

    /// The object that the bookmarks of a watch carry.
    pub(super) fn bookmark(&mut self, to: Addr, id: RequestId) -> Arc<Object> {
        let stream = self.traffic.streams.get(to, id);
        let (kind, api_version) =
            stream.map_or(("", ""), |stream| (stream.kind.as_str(), stream.resource.api_version()));
        Object::shared(value!({"kind": kind, "apiVersion": api_version, "metadata": {}}))
    }

    /// The pending events of a watch reach their client.
    pub(super) fn deliver_events(&mut self, to: Addr, id: RequestId, rule: &mut dyn Rule) {
        let to_host = self.actors.is_host(to);
        if to_host && !self.may_deliver(to, id, rule) {
            return;
        }
        let Some(stream) = self.traffic.streams.get(to, id) else { return };
        stream.due = false;
        let (events, ended, resource) = (std::mem::take(&mut stream.pending), stream.ended, stream.resource);
        if ended {
            self.traffic.streams.remove(to, id);
        }
        if to_host {
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

    /// Whether the rule lets a host get the pending events of its watch now.
    fn may_deliver(&mut self, to: Addr, id: RequestId, rule: &mut dyn Rule) -> bool {
        let now = self.queue.now();
        let Some(stream) = self.traffic.streams.get(to, id) else { return false };
        let streaming = Streaming { now, to, id, resource: stream.resource, kind: &stream.kind };
        let fate = rule.delivering(streaming, &stream.pending, &mut self.traffic.strikes);
        self.apply_strikes();
        match fate {
            StreamFate::Pass => {}
            StreamFate::Delay(ms) => {
                self.queue.push(now + ms, u64::from(to.0), QueuedEvent::Deliver(to, id));
            }
            StreamFate::Cut => self.cut_watch(to, id),
        }
        fate == StreamFate::Pass
    }

    fn deliver_to_host(&mut self, to: Addr, id: RequestId, resource: Resource, events: &[WatchEvent]) {
        self.programs_may_act = true;
        if events.is_empty() || !self.hosts.deliver(to, id, events) {
            return;
        }
        let revision = events.iter().rev().find_map(|event| match event {
            WatchEvent::Bookmark { revision, .. } => Some(*revision),
            _ => event.object().map(|object| object.revision()),
        });
        let error = if let Some(WatchEvent::Error(status)) = events.last() { status.code } else { 0 };
        let bookmarks = events.iter().filter(|event| matches!(event, WatchEvent::Bookmark { .. })).count();
        let [events, bookmarks] =
            [events.len(), bookmarks].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        let revision = revision.unwrap_or(0);
        self.note(to, What::Delivered { resource, events, bookmarks, revision, error });
    }

    /// A client closes its watch.
    pub(super) fn close_watch(&mut self, addr: Addr, id: RequestId) {
        self.server.close_watch(addr, id);
        self.traffic.streams.remove(addr, id);
    }

    /// Breaks the connection of a host's watch. Pending events are lost, and the response body ends.
    pub fn cut_watch(&mut self, addr: Addr, id: RequestId) {
        self.close_watch(addr, id);
        self.hosts.end_watch(addr, id);
        self.programs_may_act = true;
    }
}
