//! The garbage collector: deletes what has lost its owners, and lets owners go when their dependents have gone or are
//! orphaned.
//!
//! - `collector`: what a change concerns; cascades, foreground, orphans
//! - `graph`: who depends on whom, and which owners are known to be absent
//! - `verify`: the live reads before anything is deleted, and what follows from them
//!
//! Real: pkg/controller/garbagecollector. Modelled: all resources, custom ones included; background, foreground with
//! blockOwnerDeletion, orphan; absent, mismatched and cross-namespace owners; verification by live reads. Owners and
//! dependents are removed from each other by merge patches that carry the resourceVersion (a real one tries strategic
//! patches first). Not modelled: the fixed number of workers.

mod collector;
mod graph;
#[cfg(test)]
mod tests;
mod verify;

pub(super) use collector::GarbageCollector;
