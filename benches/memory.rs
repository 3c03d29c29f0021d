//! Guards the memory of a stored pod: at most three times its JSON, with a history of three revisions, for any number of pods.
//! It measures no time: it counts allocated bytes and prints the ratio.

#![expect(clippy::disallowed_macros, reason = "a bench prints what it measured")]

use std::alloc::System;
use std::sync::Arc;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use wavetank::sim::apiserver::{ApiServer, Replies, ServerInput};
use wavetank::sim::engine::Time;
use wavetank::sim::object::{Object, Value};
use wavetank::sim::value;
use wavetank::sim::wire::resource::{PODS, SERVICE_ACCOUNTS};
use wavetank::sim::wire::{Addr, Entry, History, ObjectKey, PatchType, Request, What};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The pod that a client creates.
const POD: &[u8] = include_bytes!("fixtures/pod.json");
/// The statuses that a kubelet reports: when the pod has started, and when it is ready.
const STATUSES: [&[u8]; 2] =
    [include_bytes!("fixtures/pod-started.json"), include_bytes!("fixtures/pod-ready.json")];

/// Our goal, in bytes in memory per byte of JSON.
const GOAL: f64 = 3.0;

fn main() {
    for pods in [1_000, 10_000] {
        let [unread, read] = [false, true].map(|read| measure(pods, read));
        println!(
            "memory, {pods} pods: {unread:.2} bytes per byte of JSON; {read:.2} after a client has read each; goal {GOAL}"
        );
    }
}

/// The bytes in memory per byte of JSON, for this number of pods with three revisions each, all in the record. With `read`, a
/// client has read the last revision, so that the object keeps its JSON.
fn measure(pods: usize, read: bool) -> f64 {
    let mut cluster = Server::new();
    // The first pod allocates what all pods share, before we count.
    cluster.pod("first").json();
    let names: Vec<String> = (0..pods).map(|n| format!("checkout-6c5d8b7f9-{n:05}")).collect();
    let region = Region::new(ALLOCATOR);
    let stored: Vec<Arc<Object>> = names.iter().map(|name| cluster.pod(name)).collect();
    if read {
        stored.iter().for_each(|pod| assert!(!pod.json().is_empty()));
    }
    let change = region.change();
    let taken = change.bytes_allocated - change.bytes_deallocated;
    let json: usize = stored.iter().map(|pod| pod.json().len()).sum();
    taken as f64 / json as f64
}

/// A server and its record.
struct Server {
    server: ApiServer,
    replies: Replies,
    history: History,
}

impl Server {
    fn new() -> Self {
        let (server, replies) = (ApiServer::new(1, Time::ZERO), Replies::default());
        let mut new = Self { server, replies, history: History::default() };
        let account = value!({"metadata": {"name": "default", "namespace": "default"}});
        new.ask(Request::create(*SERVICE_ACCOUNTS, Object::shared(account)));
        new
    }

    /// Creates a pod, starts it and makes it ready. Returns it as stored. Each pod is parsed anew, so that pods share only what
    /// the server makes them share.
    fn pod(&mut self, name: &str) -> Arc<Object> {
        let mut pod = Value::from_json(POD).expect("the fixture is JSON");
        pod.set_at(&["metadata", "name"], name);
        let mut stored = self.ask(Request::create(*PODS, Object::shared(pod)));
        for status in STATUSES {
            let patch = Value::from_json(status).expect("the fixture is JSON");
            let request = Request::patch(*PODS, &ObjectKey::of(&stored), PatchType::Merge, patch);
            stored = self.ask(request.subresource("status"));
        }
        stored
    }

    /// Sends a request and records its commits, as a cluster does.
    fn ask(&mut self, mut request: Request) -> Arc<Object> {
        request.options.field_manager = "kubelet".into();
        self.server.on(Time::ZERO, ServerInput::Request(Box::new(request)), &mut self.replies);
        for commit in self.replies.commits.drain(..) {
            let what = What::Commit(Arc::new(commit));
            self.history.record.push(Entry { time: Time::ZERO, actor: Addr(0), what });
        }
        let (_, _, answer) = self.replies.answers.pop().expect("every request is answered");
        answer.object().expect("the fixtures are valid").clone()
    }
}
