//! The hosts of a run: which program each one runs, the calls it awaits, its open watches.
//!
//! Real: processes with HTTP connections. Modelled: incarnations. The next incarnation of a host shares nothing with the
//! one before.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use super::program::HostInner;
use super::stage::panic_text;
use super::switchboard::{FromHost, Incarnation, ResponseSender};
use super::{Ended, Host, Program, Stage};
use crate::hermetic::{self, HostIdentity, exits, owners, signals};
use crate::object::{Object, Str};
use crate::wire::http::{ResponseBody, encode, encode_events};
use crate::wire::{Addr, Answer, Form, Request, RequestId, WatchEvent};

/// What all incarnations of a host have in common.
#[derive(Clone, Debug)]
pub struct HostSpec {
    /// The program it runs.
    pub program: Program,
    /// The name of the process.
    pub name: Str,
    /// The user name that the API server sees.
    pub identity: Str,
    /// Environment variables.
    pub env: Vec<(Str, Str)>,
}

impl HostSpec {
    /// What its process knows of the machine.
    fn identity_on_machine(&self) -> Arc<HostIdentity> {
        let variables = self.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        HostIdentity::new(&self.name, self.program.name(), variables, self.program.permitted())
    }
}

/// The hosts of a run, and the stage on which they run.
#[derive(Debug)]
pub struct Hosts {
    stage: Stage,
    hosts: BTreeMap<Addr, HostState>,
}

#[derive(Debug)]
struct HostState {
    spec: HostSpec,
    /// How many incarnations there were.
    incarnations: u32,
    runs: bool,
    calls: BTreeMap<RequestId, PendingCall>,
    watches: BTreeMap<RequestId, OpenWatch>,
    /// Tells the living incarnation to stop.
    terminate: Option<watch::Sender<bool>>,
}

#[derive(Debug)]
struct PendingCall {
    request: Box<Request>,
    reply: ResponseSender,
}

#[derive(Debug)]
struct OpenWatch {
    lines: UnboundedSender<Bytes>,
    form: Form,
    /// The object that bookmarks carry.
    bookmark: Arc<Object>,
}

impl Hosts {
    /// No hosts, on this stage.
    pub fn new(stage: Stage) -> Self {
        Self { stage, hosts: BTreeMap::new() }
    }

    /// The stage.
    pub fn stage(&mut self) -> &mut Stage {
        &mut self.stage
    }

    /// Adds a host. It does not run before [`start`](Self::start).
    pub fn add(&mut self, addr: Addr, spec: HostSpec) {
        let (calls, watches) = (BTreeMap::new(), BTreeMap::new());
        let host = HostState { spec, incarnations: 0, runs: false, calls, watches, terminate: None };
        self.hosts.insert(addr, host);
    }

    /// All hosts with their addresses.
    pub fn iter(&self) -> impl Iterator<Item = (Addr, &HostSpec)> {
        self.hosts.iter().map(|(addr, host)| (*addr, &host.spec))
    }

    /// Whether the host at this address runs.
    pub fn runs(&self, addr: Addr) -> bool {
        self.hosts.get(&addr).is_some_and(|host| host.runs)
    }

    /// The number of the incarnation that lives or lived last, from 1.
    pub fn incarnation(&self, addr: Addr) -> u32 {
        self.hosts.get(&addr).map_or(0, |host| host.incarnations)
    }

    /// Starts the next incarnation of a host that does not run.
    pub fn start(&mut self, addr: Addr) {
        let Some(host) = self.hosts.get_mut(&addr).filter(|host| !host.runs) else { return };
        debug_assert!(host.calls.is_empty() && host.watches.is_empty(), "the incarnation before was fenced");
        host.incarnations += 1;
        host.runs = true;
        let incarnation = Incarnation { addr, number: host.incarnations };
        self.stage.switchboard().admit(incarnation);
        let (spec, switchboard) = (host.spec.clone(), self.stage.switchboard().clone());
        let identity = spec.identity_on_machine();
        hermetic::admit(&identity);
        let (terminate, terminated) = watch::channel(false);
        host.terminate = Some(terminate);
        let inner = HostInner { incarnation, spec, switchboard, terminated };
        let (program, owner) = (&host.spec.program, incarnation.owner());
        owners::started(owner, &in_words(&host.spec));
        if let Some(code) = exits::due(owner, true) {
            return self.stage.add_ended(addr, Ended::Code(code));
        }
        let run = || program.start(Host { inner: Arc::new(inner) });
        let start = || hermetic::run_as(owner, &identity, run);
        // The closure is the user's code, and so is its panic.
        match catch_unwind(AssertUnwindSafe(start)) {
            Ok(root) => self.stage.add(incarnation, root, identity),
            Err(panic) => self.stage.add_ended(addr, Ended::StartPanic(panic_text(panic.as_ref()))),
        }
    }

    /// Tells the living incarnation to stop. False: a handler of SIGTERM is set, and is not called, because other code than
    /// this program's may have set it.
    pub fn terminate(&mut self, addr: Addr) -> bool {
        let only = self.hosts.values().filter(|host| host.runs).count() == 1;
        let Some(terminate) = self.hosts.get(&addr).and_then(|host| host.terminate.as_ref()) else {
            return true;
        };
        terminate.send_replace(true);
        if !signals::is_termination_handled() {
            return true;
        }
        let is_called = only && exits::owns_process();
        if is_called {
            let incarnation = Incarnation { addr, number: self.incarnation(addr) };
            owners::run_as(incarnation.owner(), signals::terminate);
        }
        is_called
    }

    /// Ends the living incarnation: fences it, drops its root future, and forgets its calls and watches. Returns the watches.
    pub fn fence(&mut self, addr: Addr) -> Vec<RequestId> {
        let Some(host) = self.hosts.get_mut(&addr) else { return Vec::new() };
        host.runs = false;
        host.terminate = None;
        let watches = std::mem::take(&mut host.watches).into_keys().collect();
        // This drops the senders of replies and lines: what is left of the incarnation waits for ever.
        host.calls.clear();
        self.stage.switchboard().fence(addr);
        owners::ended(addr.0);
        self.stage.remove(addr);
        watches
    }

    /// Takes the oldest message from any program. A call stays pending until its answer.
    pub fn next_action(&mut self) -> Option<HostAction> {
        match self.stage.switchboard().take()? {
            FromHost::Call { request, reply } => {
                if let Some(host) = self.hosts.get_mut(&request.from) {
                    host.calls.insert(request.id, PendingCall { request: request.clone(), reply });
                }
                Some(HostAction::Request(request))
            }
            FromHost::CloseWatch(addr, id) => {
                self.hosts.get_mut(&addr)?.watches.remove(&id);
                Some(HostAction::CloseWatch(addr, id))
            }
        }
    }

    /// The request that a host awaits an answer to, if its incarnation still lives.
    pub fn request(&self, addr: Addr, id: RequestId) -> Option<&Request> {
        self.hosts.get(&addr)?.calls.get(&id).map(|call| &*call.request)
    }

    /// Delivers an answer and returns its request. None: the incarnation that sent the request is gone. For a watch,
    /// `bookmark` is the object that bookmarks carry.
    pub fn answer(
        &mut self,
        addr: Addr,
        id: RequestId,
        answer: &Answer,
        bookmark: Option<Arc<Object>>,
    ) -> Option<Box<Request>> {
        let host = self.hosts.get_mut(&addr)?;
        let PendingCall { request, reply } = host.calls.remove(&id)?;
        let form = request.options.form;
        let mut response = encode(answer, form);
        if let (Answer::Watching, Some(bookmark)) = (answer, bookmark) {
            let (lines, receiver) = unbounded_channel();
            let switchboard = self.stage.switchboard().clone();
            *response.body_mut() = ResponseBody::stream(receiver, move || switchboard.close_watch(addr, id));
            host.watches.insert(id, OpenWatch { lines, form, bookmark });
        }
        // A program that no longer waits has dropped the receiver. That loses the answer; the write stands.
        drop(reply.send(Ok(response)));
        Some(request)
    }

    /// Breaks the connection of a call, if the program still awaits it.
    pub fn reset(&mut self, addr: Addr, id: RequestId) {
        let Some(call) = self.hosts.get_mut(&addr).and_then(|host| host.calls.remove(&id)) else { return };
        let error = io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer");
        drop(call.reply.send(Err(error)));
    }

    /// Delivers events of a watch. False: the program no longer reads it.
    pub fn deliver(&mut self, addr: Addr, id: RequestId, events: &[WatchEvent]) -> bool {
        let Some(watch) = self.hosts.get_mut(&addr).and_then(|host| host.watches.get(&id)) else {
            return false;
        };
        let lines = encode_events(events, watch.form, watch.bookmark.root());
        watch.lines.send(lines).is_ok()
    }

    /// Ends a watch: its response body ends.
    pub fn end_watch(&mut self, addr: Addr, id: RequestId) {
        if let Some(host) = self.hosts.get_mut(&addr) {
            host.watches.remove(&id);
        }
    }
}

/// A host's program as messages name it.
fn in_words(spec: &HostSpec) -> String {
    let (program, name) = (spec.program.name(), spec.name.as_str());
    if program == name { name.to_owned() } else { format!("{name} (program {program})") }
}

/// What a program did.
#[derive(Debug)]
pub enum HostAction {
    /// It sent a request.
    Request(Box<Request>),
    /// It dropped a watch.
    CloseWatch(Addr, RequestId),
}
