//! The garbage collector: deletes objects whose owners are gone, and finalizes owners whose dependents are deleted or
//! orphaned.
//!
//! - `collector`: what a change concerns; cascades, foreground, orphans
//! - `graph`: dependents by owner, and owners that are known to be absent
//! - `verify`: the live reads before anything is deleted, and what follows from them
//! - `writes`: the requests
//!
//! Real: pkg/controller/garbagecollector. Modelled: all resources, custom ones included; background, foreground with
//! blockOwnerDeletion, orphan; absent, mismatched and cross-namespace owners; verification by live reads. Differs: merge
//! patches that carry the resourceVersion, where the real one tries strategic patches first. Not modelled: the fixed
//! number of workers.

mod collector;
mod graph;
#[cfg(test)]
mod tests;
mod verify;
mod writes;

pub(super) use collector::GarbageCollector;
