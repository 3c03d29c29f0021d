//! Open watches: who watches what, and which of them hear of a change.
//!
//! Real: each watcher of a resource is looked at for each event, those of pods by node through a trigger index.
//! Modelled: the same results; watchers are found by resource and by the node or name that their selection asks for, so
//! that thousands of kubelets cost nothing. Bookmarks come each full minute to whoever is behind the store by then; a
//! real server sends one about each minute to all. Not modelled: slow watchers being cut.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::select::Selection;
use super::store::{Change, Table, set_version};
use super::view::View;
use crate::object::{Object, Str, Value};
use crate::wire::{Addr, ObjectKey, RequestId, Resource, WatchEvent};

/// The name of a stream.
pub(super) type StreamId = (Addr, RequestId);

/// The path by which watchers of pods are found.
const NODE_NAME: &[&str] = &["spec", "nodeName"];
/// The path by which watchers of one object are found.
const NAME: &[&str] = &["metadata", "name"];

/// One open watch.
#[derive(Clone, Debug)]
pub(super) struct Watcher {
    /// Where events go.
    pub(super) stream: StreamId,
    /// What it hears of.
    pub(super) selection: Selection,
    /// In what form.
    pub(super) view: View,
    /// Whether it asked for bookmarks.
    pub(super) bookmarks: bool,
    /// The revision up to which it has heard of everything.
    pub(super) seen: u64,
}

/// All open watches.
#[derive(Clone, Debug, Default)]
pub(super) struct Watchers {
    by_stream: BTreeMap<StreamId, (Resource, Group)>,
    by_resource: BTreeMap<Resource, Groups>,
    bookmarked: usize,
}

/// In which list a watcher is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    All,
    Node(Str),
    Name(Str),
}

#[derive(Clone, Debug, Default)]
struct Groups {
    /// Those that must be asked for every change.
    all: Vec<Watcher>,
    /// Those that ask for pods of one node.
    by_node: BTreeMap<Str, Vec<Watcher>>,
    /// Those that ask for one name.
    by_name: BTreeMap<Str, Vec<Watcher>>,
}

impl Watchers {
    /// Adds a watch of a stored resource.
    pub(super) fn add(&mut self, resource: Resource, watcher: Watcher) {
        self.remove(watcher.stream);
        let group = Group::of(&watcher.selection);
        self.bookmarked += usize::from(watcher.bookmarks);
        self.by_stream.insert(watcher.stream, (resource, group.clone()));
        let groups = self.by_resource.entry(resource).or_default();
        match group {
            Group::All => groups.all.push(watcher),
            Group::Node(node) => groups.by_node.entry(node).or_default().push(watcher),
            Group::Name(name) => groups.by_name.entry(name).or_default().push(watcher),
        }
    }

    /// Removes a watch. Says whether it was there.
    pub(super) fn remove(&mut self, stream: StreamId) -> bool {
        let Some((resource, group)) = self.by_stream.remove(&stream) else { return false };
        let groups = self.by_resource.get_mut(&resource).expect("a watch is under its resource");
        let (index, key) = match group {
            Group::All => {
                self.bookmarked -= usize::from(take(&mut groups.all, stream));
                return true;
            }
            Group::Node(node) => (&mut groups.by_node, node),
            Group::Name(name) => (&mut groups.by_name, name),
        };
        let list = index.get_mut(&key).expect("a watch is in its group");
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

    /// Whether anyone wants bookmarks.
    pub(super) fn wants_bookmarks(&self) -> bool {
        self.bookmarked > 0
    }

    /// Tells all whom it concerns of a change.
    pub(super) fn tell(
        &mut self,
        resource: Resource,
        change: &Change,
        out: &mut Vec<(Addr, RequestId, WatchEvent)>,
    ) {
        let Some(groups) = self.by_resource.get_mut(&resource) else { return };
        let mut gone = None;
        for watcher in &mut groups.all {
            watcher.hear(change, &mut gone, out);
        }
        if !groups.by_node.is_empty() {
            let node = |o: &Option<Arc<Object>>| {
                o.as_ref().map(|o| o.at(NODE_NAME).and_then(Value::as_text).cloned().unwrap_or_default())
            };
            let (old, new) = (node(&change.old), node(&change.new));
            groups.by_node.hear(new.as_ref(), change, &mut gone, out);
            if old != new {
                groups.by_node.hear(old.as_ref(), change, &mut gone, out);
            }
        }
        if !groups.by_name.is_empty() {
            groups.by_name.hear(Some(&change.key.name), change, &mut gone, out);
        }
    }

    /// Sends a bookmark to those that want it and are behind.
    pub(super) fn bookmark(&mut self, revision: u64, out: &mut Vec<(Addr, RequestId, WatchEvent)>) {
        for groups in self.by_resource.values_mut() {
            let indexed = groups.by_node.values_mut().chain(groups.by_name.values_mut()).flatten();
            for watcher in groups.all.iter_mut().chain(indexed) {
                if watcher.bookmarks && watcher.seen < revision {
                    watcher.seen = revision;
                    let (to, id) = watcher.stream;
                    out.push((to, id, WatchEvent::Bookmark { revision, initial_events_end: false }));
                }
            }
        }
    }
}

trait Hear {
    fn hear(
        &mut self,
        key: Option<&Str>,
        change: &Change,
        gone: &mut Option<Arc<Object>>,
        out: &mut Vec<(Addr, RequestId, WatchEvent)>,
    );
}

impl Hear for BTreeMap<Str, Vec<Watcher>> {
    fn hear(
        &mut self,
        key: Option<&Str>,
        change: &Change,
        gone: &mut Option<Arc<Object>>,
        out: &mut Vec<(Addr, RequestId, WatchEvent)>,
    ) {
        for watcher in key.and_then(|key| self.get_mut(key)).into_iter().flatten() {
            watcher.hear(change, gone, out);
        }
    }
}

impl Group {
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
    /// Sends what this watch hears of the changes since a revision.
    pub(super) fn catch_up(
        &mut self,
        table: &Table,
        since: u64,
        out: &mut Vec<(Addr, RequestId, WatchEvent)>,
    ) {
        // Of one object that is there and older, nothing has come since.
        let one =
            self.selection.exact(NAME).map(|name| ObjectKey::new(self.selection.namespace(), name.clone()));
        if one.and_then(|key| table.get(&key)).is_some_and(|object| object.revision() <= since) {
            return;
        }
        for change in table.since(since) {
            self.hear(change, &mut None, out);
        }
    }

    fn hear(
        &mut self,
        change: &Change,
        gone: &mut Option<Arc<Object>>,
        out: &mut Vec<(Addr, RequestId, WatchEvent)>,
    ) {
        if let Some(event) = self.event(change, gone) {
            self.seen = change.revision;
            out.push((self.stream.0, self.stream.1, event));
        }
    }

    /// What this watch hears of a change. `gone` keeps the object of a DELETED event for the next watcher.
    fn event(&self, change: &Change, gone: &mut Option<Arc<Object>>) -> Option<WatchEvent> {
        let elsewhere =
            !self.selection.namespace().is_empty() && self.selection.namespace() != change.key.namespace;
        if elsewhere || change.revision <= self.seen {
            return None;
        }
        let new = change.new.as_ref().filter(|new| self.selection.fits(new));
        let old = change.old.as_ref().filter(|old| self.selection.fits(old));
        match (old, new) {
            (None, None) => None,
            (None, Some(new)) => Some(WatchEvent::Added(self.view.of(new))),
            (Some(_), Some(new)) => Some(WatchEvent::Modified(self.view.of(new))),
            // Recorded: what it was before, with the revision of its going.
            (Some(old), None) => {
                let gone = gone.get_or_insert_with(|| at_revision(old, change.revision));
                Some(WatchEvent::Deleted(self.view.of(gone)))
            }
        }
    }
}

/// The object with another resourceVersion.
pub(super) fn at_revision(object: &Arc<Object>, revision: u64) -> Arc<Object> {
    Arc::new(object.edited(|root| set_version(root, revision)))
}

/// Takes a watcher out of a list and says whether it had bookmarks.
fn take(list: &mut Vec<Watcher>, stream: StreamId) -> bool {
    let at = list.iter().position(|w| w.stream == stream).expect("a watch is in its group");
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
    fn a_watch_from_a_version_hears_of_all_that_came_after_it() {
        let mut server = Server::new();
        let first = server.create(config_map("a", "1")).unwrap().revision();
        let b = server.create(config_map("b", "1")).unwrap();
        server.update(config_map("a", "2")).unwrap();
        server.watch(*CONFIG_MAPS, from_version(first));
        server.delete(&b);
        let (added, changed, gone) = (first + 1, first + 2, first + 3);
        let wanted =
            [format!("ADDED b {added}"), format!("MODIFIED a {changed}"), format!("DELETED b {gone}")];
        assert_eq!(server.events(), wanted);
    }

    #[test]
    fn pods_are_told_to_the_watchers_of_their_node() {
        let mut server = Server::new();
        let on = |node: &str| Options {
            field_selector: format!("spec.nodeName={node}").into(),
            ..from_version(server_revision())
        };
        fn server_revision() -> u64 {
            4
        }
        let first = server.watch(*PODS, on("n1"));
        let second = server.watch(*PODS, on("n2"));
        let pod = |node: &str| {
            value!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"},
                "spec": {"nodeName": node, "containers": [{"name": "c", "image": "i"}]}
            })
        };
        server.create(pod("n1")).unwrap();
        let told: Vec<_> = server.replies.events.drain(..).map(|(to, id, _)| (to, id)).collect();
        assert_eq!(told, [first]);
        assert_ne!(first, second);
    }

    #[test]
    fn bookmarks_go_to_those_that_are_behind() {
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
