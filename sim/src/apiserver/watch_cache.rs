//! Open watches: which watch gets an event for a change.
//!
//! Real: the watch cache of a resource offers each event to all its watches; for pods it finds them by node, through a
//! trigger index. Differs, with the same result: watches are found by resource, and by the node or name that their field
//! selector requires, so that thousands of kubelets cost nothing. Differs: each minute, a bookmark goes to the watches
//! that are behind the store; a real server sends one to every watch. Not modelled: closing the watches of slow clients.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::select::Selection;
use super::store::{StoreChange, Table, set_version};
use super::view::ClientView;
use crate::object::{Object, Str, Value};
use crate::wire::{Addr, ObjectKey, RequestId, Resource, WatchEvent};

/// The identity of a stream.
pub(super) type StreamId = (Addr, RequestId);
/// Events to send, each with its stream.
type Events = Vec<(Addr, RequestId, WatchEvent)>;

/// The field by which watches of one node's pods are found.
const NODE_NAME: &[&str] = &["spec", "nodeName"];
/// The field by which watches of one object are found.
const NAME: &[&str] = &["metadata", "name"];

/// One open watch.
#[derive(Clone, Debug)]
pub(super) struct Watcher {
    /// The stream of its events.
    pub(super) stream: StreamId,
    /// Which objects it selects.
    pub(super) selection: Selection,
    /// How its client sees them.
    pub(super) view: ClientView,
    /// Whether it asked for bookmarks.
    pub(super) bookmarks: bool,
    /// The revision up to which changes are not sent (any more).
    pub(super) seen: u64,
}

/// All open watches.
#[derive(Clone, Debug, Default)]
pub(super) struct Watchers {
    by_stream: BTreeMap<StreamId, (Resource, IndexKey)>,
    by_resource: BTreeMap<Resource, WatchIndex>,
    /// How many watches asked for bookmarks.
    bookmarked: usize,
}

/// Under which key of the index a watch is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum IndexKey {
    All,
    Node(Str),
    Name(Str),
}

/// The watches of one resource.
#[derive(Clone, Debug, Default)]
struct WatchIndex {
    /// Those to which every change is offered.
    all: Vec<Watcher>,
    /// Those that select pods of one node.
    by_node: BTreeMap<Str, Vec<Watcher>>,
    /// Those that select one name.
    by_name: BTreeMap<Str, Vec<Watcher>>,
}

impl Watchers {
    /// Adds a watch of a stored resource.
    pub(super) fn add(&mut self, resource: Resource, watcher: Watcher) {
        self.remove(watcher.stream);
        let key = IndexKey::of(&watcher.selection);
        self.bookmarked += usize::from(watcher.bookmarks);
        self.by_stream.insert(watcher.stream, (resource, key.clone()));
        debug_assert!(self.bookmarked <= self.by_stream.len(), "each watch is counted once");
        let index = self.by_resource.entry(resource).or_default();
        match key {
            IndexKey::All => index.all.push(watcher),
            IndexKey::Node(node) => index.by_node.entry(node).or_default().push(watcher),
            IndexKey::Name(name) => index.by_name.entry(name).or_default().push(watcher),
        }
    }

    /// Removes a watch. Returns whether it was open.
    pub(super) fn remove(&mut self, stream: StreamId) -> bool {
        let Some((resource, key)) = self.by_stream.remove(&stream) else { return false };
        let index = self.by_resource.get_mut(&resource).expect("a watch is under its resource");
        let (index, key) = match key {
            IndexKey::All => {
                self.bookmarked -= usize::from(take(&mut index.all, stream));
                return true;
            }
            IndexKey::Node(node) => (&mut index.by_node, node),
            IndexKey::Name(name) => (&mut index.by_name, name),
        };
        let list = index.get_mut(&key).expect("a watch is under its key");
        self.bookmarked -= usize::from(take(list, stream));
        if list.is_empty() {
            index.remove(&key);
        }
        true
    }

    /// The streams of a stored resource.
    pub(super) fn of(&self, resource: Resource) -> Vec<StreamId> {
        self.by_stream.iter().filter(|(_, (r, _))| *r == resource).map(|(stream, _)| *stream).collect()
    }

    /// Whether any watch asked for bookmarks.
    pub(super) fn wants_bookmarks(&self) -> bool {
        self.bookmarked > 0
    }

    /// Sends a change to the watches that select it.
    pub(super) fn notify(&mut self, resource: Resource, change: &StoreChange, out: &mut Events) {
        let Some(index) = self.by_resource.get_mut(&resource) else { return };
        let mut deleted = None;
        let mut offer = |watchers: Option<&mut Vec<Watcher>>| {
            watchers.into_iter().flatten().for_each(|watcher| watcher.receive(change, &mut deleted, out));
        };
        offer(Some(&mut index.all));
        if !index.by_node.is_empty() {
            let node = |o: &Option<Arc<Object>>| {
                o.as_ref().map(|o| o.at(NODE_NAME).and_then(Value::as_text).cloned().unwrap_or_default())
            };
            let (old, new) = (node(&change.old), node(&change.new));
            offer(new.as_ref().and_then(|node| index.by_node.get_mut(node)));
            if old != new {
                offer(old.as_ref().and_then(|node| index.by_node.get_mut(node)));
            }
        }
        offer(index.by_name.get_mut(&change.key.name));
    }

    /// Sends a bookmark to the watches that asked for bookmarks and are behind this revision.
    pub(super) fn bookmark(&mut self, revision: u64, out: &mut Events) {
        for index in self.by_resource.values_mut() {
            let indexed = index.by_node.values_mut().chain(index.by_name.values_mut()).flatten();
            for watcher in index.all.iter_mut().chain(indexed) {
                if watcher.bookmarks && watcher.seen < revision {
                    watcher.seen = revision;
                    let (to, id) = watcher.stream;
                    out.push((to, id, WatchEvent::Bookmark { revision, initial_events_end: false }));
                }
            }
        }
    }
}

impl IndexKey {
    fn of(selection: &Selection) -> Self {
        if let Some(name) = selection.exact(NAME) {
            Self::Name(name.clone())
        } else if let Some(node) = selection.exact(NODE_NAME) {
            Self::Node(node.clone())
        } else {
            Self::All
        }
    }
}

impl Watcher {
    /// Sends the changes since a revision that this watch selects.
    pub(super) fn catch_up(&mut self, table: &Table, since: u64, out: &mut Events) {
        debug_assert!(since >= table.watch_floor(), "a watch from below the floor would miss events");
        // A watch of one object that is stored and not newer has missed nothing.
        let one =
            self.selection.exact(NAME).map(|name| ObjectKey::new(self.selection.namespace(), name.clone()));
        if one.and_then(|key| table.get(&key)).is_some_and(|object| object.revision() <= since) {
            return;
        }
        for change in table.since(since) {
            self.receive(change, &mut None, out);
        }
    }

    fn receive(&mut self, change: &StoreChange, deleted: &mut Option<Arc<Object>>, out: &mut Events) {
        if let Some(event) = self.event(change, deleted) {
            self.seen = change.revision;
            out.push((self.stream.0, self.stream.1, event));
        }
    }

    /// The event of this watch for a change. `deleted` keeps the object of a DELETED event for the next watch.
    fn event(&self, change: &StoreChange, deleted: &mut Option<Arc<Object>>) -> Option<WatchEvent> {
        let elsewhere =
            !self.selection.namespace().is_empty() && self.selection.namespace() != change.key.namespace;
        if elsewhere || change.revision <= self.seen {
            return None;
        }
        let new = change.new.as_ref().filter(|new| self.selection.matches(new));
        let old = change.old.as_ref().filter(|old| self.selection.matches(old));
        match (old, new) {
            (None, None) => None,
            (None, Some(new)) => Some(WatchEvent::Added(self.view.of(new))),
            (Some(_), Some(new)) => Some(WatchEvent::Modified(self.view.of(new))),
            // As on a real server: the last state, with the revision of the deletion.
            (Some(old), None) => {
                let last = deleted.get_or_insert_with(|| at_revision(old, change.revision));
                Some(WatchEvent::Deleted(self.view.of(last)))
            }
        }
    }
}

/// The object with another resourceVersion.
pub(super) fn at_revision(object: &Arc<Object>, revision: u64) -> Arc<Object> {
    Arc::new(object.edited(|root| set_version(root, revision)))
}

/// Removes a watch from a list. Returns whether it asked for bookmarks.
fn take(list: &mut Vec<Watcher>, stream: StreamId) -> bool {
    let at = list.iter().position(|w| w.stream == stream).expect("a watch is under its key");
    list.remove(at).bookmarks
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Server, config_map, from_version};
    use crate::engine::Time;
    use crate::value;
    use crate::wire::Options;
    use crate::wire::resource::{CONFIG_MAPS, PODS};

    #[test]
    fn a_watch_from_a_version_gets_all_later_changes() {
        let mut server = Server::new();
        let first = server.create(config_map("a", "1")).unwrap().revision();
        let b = server.create(config_map("b", "1")).unwrap();
        server.update(config_map("a", "2")).unwrap();
        server.watch(*CONFIG_MAPS, from_version(first));
        server.delete(&b);
        let (added, changed, deleted) = (first + 1, first + 2, first + 3);
        let wanted =
            [format!("ADDED b {added}"), format!("MODIFIED a {changed}"), format!("DELETED b {deleted}")];
        assert_eq!(server.events(), wanted);
    }

    #[test]
    fn a_pod_event_goes_to_the_watches_of_its_node() {
        let mut server = Server::new();
        let on = |node: &str| Options {
            field_selector: format!("spec.nodeName={node}").into(),
            ..from_version(4) // the system namespaces
        };
        let first = server.watch(*PODS, on("n1"));
        let second = server.watch(*PODS, on("n2"));
        let pod = |node: &str| {
            value!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"},
                "spec": {"nodeName": node, "containers": [{"name": "c", "image": "i"}]}
            })
        };
        server.create(pod("n1")).unwrap();
        let sent: Vec<_> = server.replies.events.drain(..).map(|(to, id, _)| (to, id)).collect();
        assert_eq!(sent, [first]);
        assert_ne!(first, second);
    }

    #[test]
    fn bookmarks_go_to_watches_that_are_behind() {
        let mut server = Server::new();
        let options = Options { bookmarks: true, ..from_version(4) };
        server.watch(*CONFIG_MAPS, options.clone());
        server.watch(*PODS, options);
        let a = server.create(config_map("a", "1")).unwrap().revision();
        assert_eq!(server.events(), [format!("ADDED a {a}")]);
        let (due, timer) = *server.replies.timers.iter().find(|(_, timer)| *timer == 0).unwrap();
        assert_eq!(due, Time(60_000));
        server.replies.timers.clear();
        server.api.on(due, crate::apiserver::ServerInput::Timer(timer), &mut server.replies);
        assert_eq!(server.events(), [format!("BOOKMARK {a}")]);
        assert_eq!(server.replies.timers, [(Time(120_000), 0)]);
    }
}
