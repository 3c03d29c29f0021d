//! For tests: a server with its clock, and stores with a few objects.

use std::sync::Arc;

use super::store::{Store, set_version};
use super::{ApiServer, Plugins, Replies, ServerInput};
use crate::engine::{Millis, Time};
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::CONFIG_MAPS;
use crate::wire::{
    Addr, Answer, Body, Commit, List, ObjectKey, Options, PatchType, Request, RequestId, Resource, Status,
    Verb, WatchEvent,
};

/// A server, its clock, and its output so far.
pub(super) struct Server {
    pub(super) api: ApiServer,
    pub(super) now: Time,
    pub(super) replies: Replies,
    requests: RequestId,
}

impl Server {
    pub(super) fn new() -> Self {
        let mut api = ApiServer::new(1, Time(0));
        api.set_plugins(Plugins { service_account: false, object_in_use: false });
        Self { api, now: Time(0), replies: Replies::default(), requests: 0 }
    }

    /// Lets time pass, with the timers that the server set.
    pub(super) fn wait(&mut self, ms: Millis) {
        let until = self.now + ms;
        loop {
            self.replies.timers.sort();
            let Some((due, timer)) = self.replies.timers.first().copied().filter(|(due, _)| *due <= until)
            else {
                break;
            };
            self.replies.timers.remove(0);
            self.now = self.now.max(due);
            self.api.on(self.now, ServerInput::Timer(timer), &mut self.replies);
        }
        self.now = until;
    }

    /// Sends a request and returns its answer.
    pub(super) fn send(&mut self, mut request: Request) -> Answer {
        self.requests += 1;
        request.id = self.requests;
        self.api.on(self.now, ServerInput::Request(Box::new(request)), &mut self.replies);
        self.replies.answers.pop().expect("each request is answered").2
    }

    /// Sends a request, and returns the object or the error of its answer.
    pub(super) fn object(&mut self, request: Request) -> Result<Arc<Object>, Box<Status>> {
        match self.send(request) {
            Answer::Object { object, .. } => Ok(object),
            Answer::Status(status) => Err(status),
            other => panic!("{other:?} is no object"),
        }
    }

    pub(super) fn create(&mut self, root: Value) -> Result<Arc<Object>, Box<Status>> {
        let object = Object::shared(root);
        let resource = self.resource_of(&object);
        let mut request = Request::create(resource, object);
        if self.api.registry.lookup(resource).unwrap().namespaced && request.namespace.is_empty() {
            request.namespace = "default".into();
        }
        self.object(request)
    }

    pub(super) fn update(&mut self, root: Value) -> Result<Arc<Object>, Box<Status>> {
        let object = Object::shared(root);
        self.object(Request::update(self.resource_of(&object), object))
    }

    pub(super) fn delete(&mut self, object: &Object) -> Answer {
        let request = Request::delete(self.resource_of(object), &ObjectKey::of(object));
        self.send(request)
    }

    pub(super) fn list(&mut self, resource: Resource, options: Options) -> Result<List, Box<Status>> {
        match self.send(Request::many(Verb::List, resource, "").options(options)) {
            Answer::List(list) => Ok(*list),
            Answer::Status(status) => Err(status),
            other => panic!("{other:?} is no list"),
        }
    }

    /// Opens a watch over all namespaces and returns its stream.
    pub(super) fn watch(&mut self, resource: Resource, options: Options) -> (Addr, RequestId) {
        let answer = self.send(Request::many(Verb::Watch, resource, "").options(options));
        assert!(matches!(answer, Answer::Watching), "{answer:?}");
        (Addr(0), self.requests)
    }

    /// The watch events since the last call, as texts: `ADDED a 7`.
    pub(super) fn events(&mut self) -> Vec<String> {
        self.replies.events.drain(..).map(|(_, _, event)| event_text(&event)).collect()
    }

    pub(super) fn commits(&mut self) -> Vec<Commit> {
        self.replies.commits.drain(..).collect()
    }

    fn resource_of(&self, object: &Object) -> Resource {
        let kind = self.api.registry.by_kind(object.api_version(), object.kind());
        kind.expect("tests name known kinds").resource
    }
}

/// A watch event as a text.
pub(super) fn event_text(event: &WatchEvent) -> String {
    let object = |what: &str, object: &Object| format!("{what} {} {}", object.name(), object.revision());
    match event {
        WatchEvent::Added(o) => object("ADDED", o),
        WatchEvent::Modified(o) => object("MODIFIED", o),
        WatchEvent::Deleted(o) => object("DELETED", o),
        WatchEvent::Bookmark { revision, initial_events_end: true } => {
            format!("BOOKMARK, end of initial events {revision}")
        }
        WatchEvent::Bookmark { revision, .. } => format!("BOOKMARK {revision}"),
        WatchEvent::Error(status) => format!("ERROR {} {}", status.code, status.message),
    }
}

/// A ConfigMap in `default` with one key.
pub(super) fn config_map(name: &str, datum: &str) -> Value {
    value!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"},
        "data": {"k": datum}
    })
}

/// A merge patch of a ConfigMap in `default`.
pub(super) fn merge_patch(name: &str, patch: Value) -> Request {
    let key = ObjectKey::new("default", name);
    Request { body: Body::Patch(PatchType::Merge, patch), ..Request::one(Verb::Patch, *CONFIG_MAPS, &key) }
}

/// Options with this resourceVersion.
pub(super) fn from_version(version: u64) -> Options {
    Options { resource_version: Some(version.to_string().into()), ..Options::default() }
}

/// A store with these objects.
pub(super) fn stored(objects: impl IntoIterator<Item = (Resource, Value)>) -> Store {
    let mut store = Store::default();
    for (resource, mut root) in objects {
        set_version(&mut root, store.next_revision());
        let object = Object::shared(root);
        store.write(Time(0), resource, ObjectKey::of(&object), Some(object));
    }
    store
}
