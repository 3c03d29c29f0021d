//! What the scheduler watches.

use super::component::Purpose;
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

/// All of them, each at its place.
const ALL: [Feed; 7] = [Pods, Nodes, Claims, Volumes, Classes, Budgets, Namespaces];

/// A cache of each.
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
        &self.0[feed as usize]
    }

    pub(super) fn of_mut(&mut self, feed: Feed) -> &mut Informer {
        &mut self.0[feed as usize]
    }

    /// Whether all have been listed.
    pub(super) fn are_synced(&self) -> bool {
        self.0.iter().all(Informer::is_synced)
    }

    pub(super) fn start(&mut self, client: &mut Client<Purpose>, out: &mut Outbox) {
        for feed in ALL {
            self.of_mut(feed).start(client, Purpose::Feed(feed), out);
        }
    }
}
