//! The Jobs of CronJobs and their pods. They come and go for ever, so they are never pending and not part of the state.

use std::collections::BTreeSet;

use crate::object::{Digest, Object};

/// The Jobs that CronJobs created, as hashes of their uids.
#[derive(Clone, Debug, Default)]
pub(super) struct Scheduled(BTreeSet<u64>);

impl Scheduled {
    /// Notes `object` and returns whether it is a CronJob's Job or a pod of one. A Job comes before its pods.
    pub(super) fn note(&mut self, object: &Object) -> bool {
        match object.kind() {
            "Job" => {
                let scheduled = object.controller().is_some_and(|owner| owner.kind == "CronJob");
                if scheduled {
                    self.0.insert(hash(object.uid()));
                }
                scheduled
            }
            "Pod" if !self.0.is_empty() => object
                .controller()
                .is_some_and(|owner| owner.kind == "Job" && self.0.contains(&hash(owner.uid))),
            _ => false,
        }
    }
}

/// The hash that stands for a uid.
pub(super) fn hash(uid: &str) -> u64 {
    let mut digest = Digest::new();
    digest.bytes(uid.as_bytes());
    digest.finish()
}
