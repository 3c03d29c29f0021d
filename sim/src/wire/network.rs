//! Latency and order: how long a message takes, and that a watch stream never reorders or loses.
//!
//! Real: TCP connections over a network. Modelled: two legs per request, drawn by name; events of a stream that come while
//! one delivery is under way join it. Not modelled: bandwidth, connection limits.

use std::collections::BTreeMap;

use super::{Addr, Request, RequestId, Resource, WatchEvent};
use crate::engine::{Draws, Millis, Time};
use crate::object::Str;

/// One leg of a request takes this long, in ms, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// Shortest.
    pub low_ms: Millis,
    /// Longest.
    pub high_ms: Millis,
}

impl Default for Latency {
    /// A few milliseconds, as in one data centre with TLS and an etcd write. Our choice, not a constant of Kubernetes.
    fn default() -> Self {
        Self { low_ms: 1, high_ms: 3 }
    }
}

impl Latency {
    /// The length of a leg and a tie for the queue, drawn under a name.
    pub fn draw(self, draws: &mut Draws, name: &[&str]) -> (Millis, u64) {
        let bits = draws.next(name);
        let span = self.high_ms - self.low_ms + 1;
        (self.low_ms + (bits >> 32) % span, bits & 0xffff_ffff)
    }

    /// The length of a leg of a request of the actor with this name.
    pub fn of_request(self, draws: &mut Draws, leg: &str, actor: &str, request: &Request) -> (Millis, u64) {
        let resource = request.resource.map_or(request.path.as_str(), |resource| resource.as_str());
        let name = [leg, actor, request.verb.as_str(), resource, &request.namespace, &request.name];
        self.draw(draws, &name)
    }
}

/// The streams that are open between the server and its clients.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    open: BTreeMap<(Addr, RequestId), Stream>,
    /// Who watches what, in order of opening.
    followers: BTreeMap<Resource, Vec<(Addr, RequestId)>>,
}

/// One watch stream.
#[derive(Clone, Debug)]
pub struct Stream {
    /// What is watched.
    pub resource: Resource,
    /// Its kind.
    pub kind: Str,
    /// Events sent by the server and not yet delivered, in order.
    pub pending: Vec<WatchEvent>,
    /// Whether the client has got the headers.
    pub open: bool,
    /// Whether a delivery is under way.
    pub due: bool,
    /// Whether the server has closed it: it ends after what is pending.
    pub ended: bool,
    /// Until when what the server sends is held up.
    pub clear_at: Time,
}

impl Streams {
    /// Adds the stream of a watch request that the server has accepted.
    pub fn add(&mut self, to: Addr, id: RequestId, resource: Resource, kind: Str) -> &mut Stream {
        let (pending, clear_at) = (Vec::new(), Time(i64::MIN));
        let stream = Stream { resource, kind, pending, open: false, due: false, ended: false, clear_at };
        self.remove(to, id); // of two streams with one name the later counts
        self.followers.entry(resource).or_default().push((to, id));
        self.open.entry((to, id)).or_insert(stream)
    }

    /// The stream, if it is still there.
    pub fn get(&mut self, to: Addr, id: RequestId) -> Option<&mut Stream> {
        self.open.get_mut(&(to, id))
    }

    /// Removes the stream; what is pending is lost, as on a broken connection.
    pub fn remove(&mut self, to: Addr, id: RequestId) -> Option<Stream> {
        let stream = self.open.remove(&(to, id))?;
        if let Some(followers) = self.followers.get_mut(&stream.resource) {
            followers.retain(|follower| *follower != (to, id));
        }
        Some(stream)
    }

    /// Whose streams watch this.
    pub fn followers(&self, resource: Resource) -> impl Iterator<Item = Addr> {
        self.followers.get(&resource).into_iter().flatten().map(|(to, _)| *to)
    }

    /// The streams of one client, with the resource and the kind that they watch.
    pub fn of(&self, to: Addr) -> impl Iterator<Item = (RequestId, Resource, &Str)> {
        let streams = self.open.range((to, 0)..=(to, RequestId::MAX));
        streams.map(|((_, id), stream)| (*id, stream.resource, &stream.kind))
    }
}
