//! The inbox for calls of programs: the only thing that programs and the core share.
//!
//! The core never leaves its thread. What programs hold is `Send`, and reaches this inbox only. Calls of a fenced
//! incarnation stay pending for ever: a crashed process sees no errors, and an error would feed its retry loops.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use http::Response;
use tokio::sync::oneshot;

use crate::hermetic;
use crate::hermetic::owners::Owner;
use crate::wire::http::ResponseBody;
use crate::wire::{Addr, Request, RequestId};

/// Takes the response to a call. An error is a broken connection.
pub(crate) type ResponseSender = oneshot::Sender<io::Result<Response<ResponseBody>>>;

/// One life of a host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Incarnation {
    /// The host's address on the wire.
    pub(crate) addr: Addr,
    /// How many times its process has started, from 1.
    pub(crate) number: u32,
}

impl Incarnation {
    /// Its name for what surrounds a run.
    pub(crate) fn owner(self) -> Owner {
        Owner { host: self.addr.0, incarnation: self.number }
    }
}

/// What programs have done since the event loop looked last.
#[derive(Debug, Default)]
pub struct Switchboard(Mutex<SwitchboardState>);

#[derive(Debug, Default)]
struct SwitchboardState {
    inbox: VecDeque<FromHost>,
    /// The living incarnation of each host, 0 if none lives, and the number of the host's last request.
    hosts: BTreeMap<Addr, (u32, RequestId)>,
    /// Wakes the event loop when a message comes.
    event_loop: Option<Waker>,
}

/// A message from a program.
#[derive(Debug)]
pub(crate) enum FromHost {
    /// It sent a request.
    Call { request: Box<Request>, reply: ResponseSender },
    /// It dropped a watch.
    CloseWatch(Addr, RequestId),
}

impl Switchboard {
    fn state(&self) -> MutexGuard<'_, SwitchboardState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits this incarnation of a host.
    pub(crate) fn admit(&self, incarnation: Incarnation) {
        let mut state = self.state();
        let (living, _) = state.hosts.entry(incarnation.addr).or_default();
        debug_assert_eq!(*living, 0, "a host is fenced before its next incarnation starts");
        *living = incarnation.number;
    }

    /// Fences all incarnations of a host, and drops their messages that the event loop has not taken.
    pub(crate) fn fence(&self, addr: Addr) {
        let mut state = self.state();
        state.hosts.entry(addr).or_default().0 = 0;
        state.inbox.retain(|message| match message {
            FromHost::Call { request, .. } => request.from != addr,
            FromHost::CloseWatch(from, _) => *from != addr,
        });
    }

    /// Takes no more calls of a host, until its next incarnation is admitted. What it has sent stays.
    pub(crate) fn silence(&self, addr: Addr) {
        self.state().hosts.entry(addr).or_default().0 = 0;
    }

    /// Numbers a request, takes it in and wakes the event loop. It drops the request and the reply of a fenced incarnation:
    /// the caller waits for ever.
    pub(crate) fn call(&self, from: Incarnation, mut request: Box<Request>, reply: ResponseSender) {
        let mut state = self.state();
        let Some((living, last_request)) = state.hosts.get_mut(&from.addr) else { return };
        if *living != from.number {
            return;
        }
        hermetic::note_call(format_args!(
            "{} {}{}{}/{}{}{}",
            request.verb.as_str(),
            request.resource.map_or(&*request.path, |resource| resource.plural()),
            if request.subresource.is_empty() { "" } else { "/" },
            request.subresource,
            request.namespace,
            if request.name.is_empty() { "" } else { "/" },
            request.name,
        ));
        *last_request += 1;
        (request.from, request.id) = (from.addr, *last_request);
        state.inbox.push_back(FromHost::Call { request, reply });
        Self::wake(state);
    }

    /// Notes that a program dropped a watch.
    pub(crate) fn close_watch(&self, addr: Addr, id: RequestId) {
        let mut state = self.state();
        state.inbox.push_back(FromHost::CloseWatch(addr, id));
        Self::wake(state);
    }

    fn wake(mut state: MutexGuard<'_, SwitchboardState>) {
        let event_loop = state.event_loop.take();
        drop(state);
        if let Some(event_loop) = event_loop {
            event_loop.wake();
        }
    }

    /// Takes the oldest message.
    pub(crate) fn take(&self) -> Option<FromHost> {
        self.state().inbox.pop_front()
    }

    /// Whether no message waits. If so, the next message wakes `event_loop`.
    pub(crate) fn is_empty_else_wake(&self, event_loop: &Waker) -> bool {
        let mut state = self.state();
        if state.inbox.is_empty() {
            state.event_loop = Some(event_loop.clone());
            return true;
        }
        false
    }
}
