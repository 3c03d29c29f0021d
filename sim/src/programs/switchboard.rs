//! Where calls of programs wait for the pump: the one thing that programs and the core share.
//!
//! The core never leaves its thread; what programs hold is `Send` and reaches only this inbox. A fenced incarnation's calls
//! stay pending for ever: an error would feed its retry loops, and a crashed process sees none.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use http::Response;
use tokio::sync::oneshot;

use super::program::HostInner;
use crate::wire::http::ResponseBody;
use crate::wire::{Addr, Request, RequestId};

/// Where the response of a call goes; an error is a broken connection.
pub(crate) type Reply = oneshot::Sender<io::Result<Response<ResponseBody>>>;

/// What programs have done since the pump looked last.
#[derive(Default)]
pub struct Switchboard(Mutex<State>);

#[derive(Default)]
struct State {
    inbox: VecDeque<FromHost>,
    /// Of each host: the incarnation that lives, and the number of its last request.
    hosts: BTreeMap<Addr, (u32, RequestId)>,
    pump: Option<Waker>,
}

/// One act of a program.
pub(crate) enum FromHost {
    /// It sent a request.
    Call { request: Box<Request>, reply: Reply },
    /// It dropped a watch.
    CloseWatch(Addr, RequestId),
}

impl Switchboard {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets this incarnation of a host in, and fences all others.
    pub(crate) fn admit(&self, addr: Addr, incarnation: u32) {
        self.state().hosts.entry(addr).or_default().0 = incarnation;
    }

    /// Fences all incarnations of a host and forgets what they sent that the pump has not taken.
    pub(crate) fn fence(&self, addr: Addr) {
        let mut state = self.state();
        state.hosts.entry(addr).or_default().0 = 0;
        state.inbox.retain(|act| match act {
            FromHost::Call { request, .. } => request.from != addr,
            FromHost::CloseWatch(from, _) => *from != addr,
        });
    }

    fn lives(state: &State, host: &HostInner) -> bool {
        state.hosts.get(&host.addr).is_some_and(|(incarnation, _)| *incarnation == host.incarnation)
    }

    /// Takes a request in, numbers it and wakes the pump. A fenced incarnation's request goes nowhere: its reply is
    /// dropped, and the caller waits.
    pub(crate) fn call(&self, host: &HostInner, mut request: Box<Request>, reply: Reply) -> RequestId {
        let mut state = self.state();
        if !Self::lives(&state, host) {
            return 0;
        }
        let last = &mut state.hosts.entry(host.addr).or_default().1;
        *last += 1;
        (request.from, request.id) = (host.addr, *last);
        let id = request.id;
        state.inbox.push_back(FromHost::Call { request, reply });
        Self::wake(state);
        id
    }

    /// Takes note that a program dropped a watch.
    pub(crate) fn close_watch(&self, addr: Addr, id: RequestId) {
        let mut state = self.state();
        state.inbox.push_back(FromHost::CloseWatch(addr, id));
        Self::wake(state);
    }

    fn wake(mut state: MutexGuard<'_, State>) {
        let pump = state.pump.take();
        drop(state);
        if let Some(pump) = pump {
            pump.wake();
        }
    }

    /// Takes the oldest act.
    pub(crate) fn take(&self) -> Option<FromHost> {
        self.state().inbox.pop_front()
    }

    /// Whether nothing waits; if so, `pump` is woken when something comes.
    pub(crate) fn is_empty_else_wake(&self, pump: &Waker) -> bool {
        let mut state = self.state();
        if state.inbox.is_empty() {
            state.pump = Some(pump.clone());
            return true;
        }
        false
    }
}

impl fmt::Debug for Switchboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Switchboard")
    }
}
