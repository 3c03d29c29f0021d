//! The hosts of a run: which program each runs, the calls it waits for, the watches it follows.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::program::HostInner;
use super::switchboard::{FromHost, Reply};
use super::{Host, Program, Stage};
use crate::object::{Object, Str};
use crate::wire::http::{ResponseBody, encode, encode_events};
use crate::wire::{Addr, Answer, Form, Request, RequestId, WatchEvent};

/// What a host is, whatever incarnation of it lives.
#[derive(Clone, Debug)]
pub struct HostSpec {
    /// The program it runs.
    pub program: Program,
    /// The name of the process.
    pub name: Str,
    /// The user that the API server sees.
    pub identity: Str,
    /// Environment variables.
    pub env: Vec<(Str, Str)>,
}

/// The hosts of a run and the stage they run on.
#[derive(Debug)]
pub struct Hosts {
    stage: Stage,
    hosts: BTreeMap<Addr, Incarnations>,
}

#[derive(Debug)]
struct Incarnations {
    spec: HostSpec,
    count: u32,
    runs: bool,
    calls: BTreeMap<RequestId, Call>,
    watches: BTreeMap<RequestId, WatchOut>,
}

/// A call whose answer is awaited.
#[derive(Debug)]
struct Call {
    request: Box<Request>,
    reply: Reply,
}

/// The lines of a watch on their way to the program.
#[derive(Debug)]
struct WatchOut {
    lines: UnboundedSender<Bytes>,
    form: Form,
    bookmark: Arc<Object>,
}

impl Hosts {
    /// No hosts yet.
    pub fn new(stage: Stage) -> Self {
        Self { stage, hosts: BTreeMap::new() }
    }

    /// The stage.
    pub fn stage(&mut self) -> &mut Stage {
        &mut self.stage
    }

    /// Adds a host; it does not run yet.
    pub fn add(&mut self, addr: Addr, spec: HostSpec) {
        let (calls, watches) = (BTreeMap::new(), BTreeMap::new());
        self.hosts.insert(addr, Incarnations { spec, count: 0, runs: false, calls, watches });
    }

    /// The host at this address.
    pub fn spec(&self, addr: Addr) -> Option<&HostSpec> {
        self.hosts.get(&addr).map(|host| &host.spec)
    }

    /// All hosts with their addresses.
    pub fn iter(&self) -> impl Iterator<Item = (Addr, &HostSpec)> {
        self.hosts.iter().map(|(addr, host)| (*addr, &host.spec))
    }

    /// Whether the host at this address runs.
    pub fn runs(&self, addr: Addr) -> bool {
        self.hosts.get(&addr).is_some_and(|host| host.runs)
    }

    /// Which incarnation of the host lives or lived last, from 1.
    pub fn incarnation(&self, addr: Addr) -> u32 {
        self.hosts.get(&addr).map_or(0, |host| host.count)
    }

    /// Starts the next incarnation of a host.
    pub fn start(&mut self, addr: Addr) {
        let Some(host) = self.hosts.get_mut(&addr).filter(|host| !host.runs) else { return };
        host.count += 1;
        host.runs = true;
        let inner = self.stage.handle(addr, host.count, &host.spec);
        let root = host.spec.program.start(inner);
        self.stage.enter(addr, root);
    }

    /// Ends the living incarnation: fences it, drops its root future, forgets its calls and watches. Returns the watches.
    pub fn fence(&mut self, addr: Addr) -> Vec<RequestId> {
        let Some(host) = self.hosts.get_mut(&addr) else { return Vec::new() };
        host.runs = false;
        let watches = std::mem::take(&mut host.watches).into_keys().collect();
        // Replies and lines are dropped: what is left of the incarnation waits for ever.
        host.calls.clear();
        self.stage.switchboard().fence(addr);
        self.stage.leave(addr);
        watches
    }

    /// Takes the oldest act of any program. A call is remembered until it is answered.
    pub fn next_act(&mut self) -> Option<Act> {
        match self.stage.switchboard().take()? {
            FromHost::Call { request, reply } => {
                if let Some(host) = self.hosts.get_mut(&request.from) {
                    host.calls.insert(request.id, Call { request: request.clone(), reply });
                }
                Some(Act::Call(request))
            }
            FromHost::CloseWatch(addr, id) => {
                self.hosts.get_mut(&addr)?.watches.remove(&id);
                Some(Act::CloseWatch(addr, id))
            }
        }
    }

    /// The request that a host awaits an answer to, if its incarnation still lives.
    pub fn request(&self, addr: Addr, id: RequestId) -> Option<&Request> {
        self.hosts.get(&addr)?.calls.get(&id).map(|call| &*call.request)
    }

    /// Delivers an answer and returns the request, unless the incarnation that asked is gone. For a watch, `bookmark` is
    /// the object that its bookmarks carry.
    pub fn answer(
        &mut self,
        addr: Addr,
        id: RequestId,
        answer: &Answer,
        bookmark: Option<Arc<Object>>,
    ) -> Option<Box<Request>> {
        let host = self.hosts.get_mut(&addr)?;
        let Call { request, reply } = host.calls.remove(&id)?;
        let form = request.options.form;
        let mut response = encode(answer, form);
        if let (Answer::Watching, Some(bookmark)) = (answer, bookmark) {
            let (lines, receiver) = unbounded_channel();
            let switchboard = self.stage.switchboard().clone();
            *response.body_mut() = ResponseBody::stream(receiver, move || switchboard.close_watch(addr, id));
            host.watches.insert(id, WatchOut { lines, form, bookmark });
        }
        // A program that no longer waits has dropped the receiver; the answer is dropped, the write stands.
        drop(reply.send(Ok(response)));
        Some(request)
    }

    /// Breaks the connection of a call.
    pub fn reset(&mut self, addr: Addr, id: RequestId) -> Option<Box<Request>> {
        let Call { request, reply } = self.hosts.get_mut(&addr)?.calls.remove(&id)?;
        let error = io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer");
        drop(reply.send(Err(error)));
        Some(request)
    }

    /// Delivers events of a watch. False: nobody follows it any more.
    pub fn deliver(&mut self, addr: Addr, id: RequestId, events: &[WatchEvent]) -> bool {
        let Some(watch) = self.hosts.get_mut(&addr).and_then(|host| host.watches.get(&id)) else {
            return false;
        };
        let lines = encode_events(events, watch.form, watch.bookmark.root());
        watch.lines.send(lines).is_ok()
    }

    /// Ends a watch: the body ends.
    pub fn end_watch(&mut self, addr: Addr, id: RequestId) {
        if let Some(host) = self.hosts.get_mut(&addr) {
            host.watches.remove(&id);
        }
    }
}

/// One act of a program, taken from the switchboard.
#[derive(Debug)]
pub enum Act {
    /// It sent a request.
    Call(Box<Request>),
    /// It dropped a watch.
    CloseWatch(Addr, RequestId),
}

impl Stage {
    /// The handle of an incarnation, admitted to the switchboard.
    fn handle(&self, addr: Addr, incarnation: u32, spec: &HostSpec) -> Host {
        self.switchboard().admit(addr, incarnation);
        let inner = HostInner {
            addr,
            incarnation,
            name: spec.name.clone(),
            identity: spec.identity.clone(),
            env: spec.env.clone(),
            switchboard: self.switchboard().clone(),
        };
        Host { inner: Arc::new(inner) }
    }
}
