//! What the scheduler watches.

use crate::client::{Client, Informer};
use crate::wire::Outbox;
use crate::wire::resource::{
    NAMESPACES, NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, POD_DISRUPTION_BUDGETS, PODS,
    STORAGE_CLASSES,
};

/// One of the resources.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Feed {
    Pods,
    Nodes,
    Claims,
    Volumes,
    Classes,
    Budgets,
    Namespaces,
}

use Feed::{Budgets, Claims, Classes, Namespaces, Nodes, Pods, Volumes};

/// All of them, in the order of the enum.
const ALL: [Feed; 7] = [Pods, Nodes, Claims, Volumes, Classes, Budgets, Namespaces];

/// An informer of each.
#[derive(Clone, Debug)]
pub(super) struct Feeds([Informer; ALL.len()]);

impl Feeds {
    pub(super) fn new() -> Self {
        Self(ALL.map(|feed| {
            Informer::new(match feed {
                Pods => *PODS,
                Nodes => *NODES,
                Claims => *PERSISTENT_VOLUME_CLAIMS,
                Volumes => *PERSISTENT_VOLUMES,
                Classes => *STORAGE_CLASSES,
                Budgets => *POD_DISRUPTION_BUDGETS,
                Namespaces => *NAMESPACES,
            })
        }))
    }

    pub(super) fn of(&self, feed: Feed) -> &Informer {
        debug_assert_eq!(ALL[feed as usize], feed, "`ALL` has the order of the enum");
        &self.0[feed as usize]
    }

    pub(super) fn of_mut(&mut self, feed: Feed) -> &mut Informer {
        &mut self.0[feed as usize]
    }

    /// Whether all have been listed.
    pub(super) fn are_synced(&self) -> bool {
        self.0.iter().all(Informer::is_synced)
    }

    /// Starts them all; `purpose` is what the client remembers for the requests of each.
    pub(super) fn start<T>(&mut self, client: &mut Client<T>, purpose: fn(Feed) -> T, out: &mut Outbox) {
        for feed in ALL {
            self.of_mut(feed).start(client, purpose(feed), out);
        }
    }
}
