//! Wires the components into one cluster and moves it, one event at a time. The same with and without testing.
//!
//! Real: many machines and processes. Modelled: one queue of messages and timers; each component is an actor with an
//! address. Not modelled: authorization (every actor may do all), several API servers.
//!
//! Architecture invariant: never names `faults`, `oracles`, `explore`.

use std::collections::BTreeMap;

use crate::apiserver::{ApiServer, Replies};
use crate::engine::{Draws, Queue, Time};
use crate::events::Recorder;
use crate::object::Str;
use crate::programs::{Hosts, Runtime};
use crate::wire::{
    Actor, ActorClass, Addr, Answer, Birth, Command, Component, Effect, History, Latency, ObjectKey, Outbox,
    Renewals, Request, RequestId, Resource, RuntimeEvent, Status, Streams, Strike, WatchEvent, What,
};

mod boot;
mod booted;
mod dispatch;
mod hosting;
mod nodes;
mod pump;
mod renewals;
mod telling;

pub use boot::{ClusterConfig, NodeConfig};
pub use booted::Booted;
pub use hosting::with_env;

/// Where the API server stands in the list of actors.
pub const API_SERVER: Addr = Addr(0);
/// The user: the steps of a scenario, and the code that asks at its end.
pub const USER: Addr = Addr(1);
/// The faults.
pub const CHAOS: Addr = Addr(2);
/// The container runtime of all nodes.
const RUNTIME: Addr = Addr(3);
/// The kubelets follow, then the other components.
const FIRST_NODE: Addr = Addr(4);

/// A whole cluster in motion.
pub struct Cluster {
    queue: Queue<Event>,
    draws: Draws,
    latency: Latency,
    server: ApiServer,
    replies: Replies,
    streams: Streams,
    parts: Vec<Part>,
    outbox: Outbox,
    runtime: Runtime,
    /// Birth names of pods, by uid.
    births: BTreeMap<Str, Birth>,
    hosts: Hosts,
    /// What hosts of pods have to do with containers.
    hosting: hosting::Hosting,
    machines: nodes::Machines,
    /// How the Leases of kubelets are renewed that leave it to the wire.
    renewals: BTreeMap<Addr, renewals::Renewed>,
    /// When the last news of them arrives.
    announced: Time,
    /// Whether none is left to the wire.
    leases_are_seen: bool,
    history: History,
    /// Tells Events, once somebody reads them.
    recorder: Option<Recorder>,
    /// What it will tell of refused creates.
    refusals: Vec<telling::Refusal>,
    /// Answers to the user and to chaos that nobody has taken yet.
    desk: BTreeMap<(Addr, RequestId), Answer>,
    requests: RequestId,
    strikes: Vec<Strike>,
    /// Events for hosts that the rule has not seen yet; none is the end of a stream.
    to_hosts: Vec<(Addr, RequestId, Option<WatchEvent>)>,
    /// Room for effects, kept between inputs.
    effects: Vec<Effect>,
    /// An answer that its host has got and is still working on.
    answered: Option<(Box<Request>, Answer)>,
    /// Something happened that programs may react to before the next event.
    restless: bool,
}

/// What an actor is.
enum Part {
    /// No code of its own: the server, the user, chaos.
    Desk,
    /// The container runtime of all nodes.
    Runtime,
    /// A component of the control plane or of a node.
    Component(Box<dyn Component>),
    /// A program under test.
    Host,
}

/// What waits in the queue.
#[derive(Debug)]
enum Event {
    /// A host starts.
    Start(Addr),
    /// A request reaches the server.
    Arrive(Box<Request>, Ending),
    /// An answer reaches its client.
    Answer(Addr, RequestId, Answer),
    /// The client's connection breaks before the answer.
    Reset(Addr, RequestId),
    /// What is pending on a watch reaches its client.
    Deliver(Addr, RequestId),
    /// An event that was held up joins its stream; none is the stream's end.
    Join(Addr, RequestId, Option<WatchEvent>),
    /// A timer of the server.
    ServerTimer(u64),
    /// A timer of a component.
    Timer(Addr, u64),
    /// A component hears how a Lease is being renewed.
    Renewals(Addr, ObjectKey, Option<Renewals>),
    /// A kubelet's order reaches its container runtime.
    Order(Addr, Command),
    /// News reach a kubelet from its container runtime.
    Runtime(Addr, RuntimeEvent),
    /// The machine with the kubelet at this address has booted.
    PowerOn(Addr),
    /// The time that `wake_at` asked for.
    Wake(u64),
}

/// How a request ends that the server has handled.
#[derive(Clone, PartialEq, Debug)]
enum Ending {
    /// With its answer.
    Answer,
    /// With this answer instead.
    Lost(Box<Status>),
    /// With a broken connection.
    Reset,
}

/// What one step of the cluster was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stepped {
    /// An event of the cluster.
    Event,
    /// The time that `wake_at` asked for, with its token.
    Woke(u64),
    /// Nothing is left to happen.
    Idle,
    /// A program does not stop being polled at one instant.
    Spinning,
}

impl Cluster {
    /// The time.
    pub fn now(&self) -> Time {
        self.queue.now()
    }

    /// The API server: the store's truth.
    pub fn server(&self) -> &ApiServer {
        &self.server
    }

    /// The record so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Takes the record out, with all Leases as they are now.
    pub fn into_history(mut self) -> History {
        self.carry_out_all_renewals();
        self.history
    }

    /// The draws of this run.
    pub fn draws(&mut self) -> &mut Draws {
        &mut self.draws
    }

    /// The hosts.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Adds an entry to the record.
    pub fn note(&mut self, actor: Addr, what: What) {
        let time = self.now();
        self.history.record.push(crate::wire::Entry { time, actor, what });
    }

    /// Makes [`step`](Self::step) return [`Stepped::Woke`] at this time.
    pub fn wake_at(&mut self, time: Time, token: u64) {
        self.queue.push(time, token, Event::Wake(token));
    }

    /// Sends a request as the user or as chaos; the answer is for [`take_answer`](Self::take_answer).
    pub fn ask(&mut self, who: Addr, mut request: Request) -> RequestId {
        self.requests += 1;
        (request.from, request.id) = (who, self.requests);
        self.send(Box::new(request));
        self.requests
    }

    /// Takes the answer to a request of the user or of chaos, once it is there.
    pub fn take_answer(&mut self, who: Addr, id: RequestId) -> Option<Answer> {
        self.desk.remove(&(who, id))
    }

    /// The watches that a host has open, with the resource and the kind that they follow.
    pub fn watches_of(&self, host: Addr) -> impl Iterator<Item = (RequestId, Resource, &Str)> {
        self.streams.of(host)
    }

    /// The API server forgets its history but for this many revisions.
    pub fn compact(&mut self, keep: u64) {
        self.server.compact(self.server.revision().saturating_sub(keep));
    }

    /// Where the next actor will stand in the list.
    fn next_addr(&self) -> Addr {
        Addr(u32::try_from(self.parts.len()).expect("a cluster has fewer actors"))
    }

    fn add_part(&mut self, name: impl Into<Str>, class: ActorClass, part: Part) -> Addr {
        let addr = self.next_addr();
        self.parts.push(part);
        self.history.actors.push(Actor { name: name.into(), class });
        addr
    }

    fn add_component(&mut self, name: impl Into<Str>, component: impl Component + 'static) -> Addr {
        self.add_part(name, ActorClass::System, Part::Component(Box::new(component)))
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cluster(at {}, {} actors)", self.now(), self.parts.len())
    }
}
