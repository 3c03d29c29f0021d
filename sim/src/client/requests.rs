//! Requests with their purpose, which the sender gets back with the answer.

use std::collections::BTreeMap;

use crate::wire::{Effect, Outbox, Request, RequestId};

/// Sends requests and keeps a `T` for each until its answer is taken.
#[derive(Clone, Debug)]
pub struct Client<T> {
    last: RequestId,
    open: BTreeMap<RequestId, T>,
}

impl<T> Client<T> {
    /// A client without open requests.
    pub fn new() -> Self {
        Self { last: 0, open: BTreeMap::new() }
    }

    /// Sends a request.
    pub fn send(&mut self, mut request: Request, purpose: T, out: &mut Outbox) -> RequestId {
        self.last += 1;
        request.id = self.last;
        self.open.insert(self.last, purpose);
        out.push(Effect::Request(Box::new(request)));
        self.last
    }

    /// Removes and returns the purpose of a request; none if it was forgotten.
    pub fn take(&mut self, id: RequestId) -> Option<T> {
        self.open.remove(&id)
    }

    /// The purpose of an open request. A watch stays open until its purpose is taken.
    pub fn purpose(&self, id: RequestId) -> Option<&T> {
        self.open.get(&id)
    }

    /// Forgets all open requests; their answers will be ignored.
    pub fn forget_all(&mut self) {
        self.open.clear();
    }
}

impl<T> Default for Client<T> {
    fn default() -> Self {
        Self::new()
    }
}
