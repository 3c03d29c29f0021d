//! A client that lists and then watches gets each change exactly once, whatever it selects.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::apiserver::fixture::{Server, config_map, from_version};
use crate::object::Object;
use crate::wire::resource::CONFIG_MAPS;
use crate::wire::{Addr, Options, RequestId, WatchEvent};

#[derive(Clone, Debug)]
enum Op {
    /// Creates or updates the object with this name, with this label.
    Put(u8, u8),
    Delete(u8),
    /// A new follower lists and watches with one of the selections.
    Follow(usize),
    /// The oldest follower loses its connection and resumes from the last revision it saw. If that is too old, it lists.
    Resume,
    /// The store is compacted, and the oldest follower lists again.
    Compact,
}

const LABELS: [&str; 4] = ["", "l=0", "l!=0", "l in (0,1)"];
const FIELDS: [&str; 2] = ["", "metadata.name=n1"];

fn action() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (0..4u8, 0..3u8).prop_map(|(name, label)| Op::Put(name, label)),
        3 => (0..4u8).prop_map(Op::Delete),
        2 => (0..LABELS.len() * FIELDS.len()).prop_map(Op::Follow),
        1 => Just(Op::Resume),
        1 => Just(Op::Compact),
    ]
}

/// A client with its cache: name to revision.
struct Follower {
    options: Options,
    stream: (Addr, RequestId),
    seen: u64,
    cache: BTreeMap<String, u64>,
}

impl Follower {
    fn start(server: &mut Server, options: Options) -> Self {
        let list = server.list(*CONFIG_MAPS, options.clone()).unwrap();
        let cache = list.items.iter().map(|o| (o.name().to_owned(), o.revision())).collect();
        let stream = server.watch(*CONFIG_MAPS, from(&options, list.revision));
        Self { options, stream, seen: list.revision, cache }
    }

    fn receive(&mut self, event: &WatchEvent) {
        let object = event.object().expect("no bookmarks were asked for");
        assert!(object.revision() > self.seen, "{event:?} came again after {}", self.seen);
        self.seen = object.revision();
        let name = object.name().to_owned();
        let known = match event {
            WatchEvent::Deleted(_) => self.cache.remove(&name),
            _ => self.cache.insert(name, object.revision()),
        };
        assert_eq!(known.is_none(), matches!(event, WatchEvent::Added(_)), "{event:?}");
    }
}

fn from(options: &Options, revision: u64) -> Options {
    Options { resource_version: from_version(revision).resource_version, ..options.clone() }
}

fn deliver(server: &mut Server, followers: &mut [Follower]) {
    for (to, id, event) in server.replies.events.drain(..) {
        for follower in followers.iter_mut().filter(|f| f.stream == (to, id)) {
            follower.receive(&event);
        }
    }
}

fn carry_out(server: &mut Server, followers: &mut Vec<Follower>, action: Op) {
    match action {
        Op::Put(name, label) => {
            let mut map = config_map(&format!("n{name}"), "v");
            map.set_at(&["metadata", "labels", "l"], label.to_string());
            if server.create(map.clone()).is_err() {
                server.update(map).unwrap();
            }
        }
        Op::Delete(name) => drop(server.delete(&Object::new(config_map(&format!("n{name}"), "v")))),
        Op::Follow(which) => {
            let options = Options {
                label_selector: LABELS[which % LABELS.len()].into(),
                field_selector: FIELDS[which / LABELS.len()].into(),
                ..Options::default()
            };
            followers.push(Follower::start(server, options));
        }
        Op::Resume if !followers.is_empty() => {
            let mut follower = followers.remove(0);
            server.api.close_watch(follower.stream.0, follower.stream.1);
            server.update(config_map("n0", "unseen")).ok();
            deliver(server, followers);
            follower.stream = server.watch(*CONFIG_MAPS, from(&follower.options, follower.seen));
            if matches!(server.replies.events.last(), Some((_, _, WatchEvent::Error(_)))) {
                server.replies.events.clear();
                follower = Follower::start(server, follower.options);
            }
            followers.push(follower);
        }
        Op::Compact if !followers.is_empty() => {
            let old = followers.remove(0);
            server.api.close_watch(old.stream.0, old.stream.1);
            server.api.compact(server.api.revision());
            followers.push(Follower::start(server, old.options));
        }
        Op::Resume | Op::Compact => (),
    }
    deliver(server, followers);
}

proptest! {
    #[test]
    fn list_and_watch_lose_and_repeat_nothing(actions in proptest::collection::vec(action(), 1..40)) {
        let (mut server, mut followers) = (Server::new(), Vec::new());
        for action in actions {
            carry_out(&mut server, &mut followers, action);
        }
        for follower in followers {
            let list = server.list(*CONFIG_MAPS, follower.options.clone()).unwrap();
            let there: BTreeMap<String, u64> =
                list.items.iter().map(|o| (o.name().to_owned(), o.revision())).collect();
            prop_assert_eq!(&follower.cache, &there);
        }
    }
}
