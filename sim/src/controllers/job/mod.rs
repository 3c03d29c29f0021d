//! The Job controller: runs pods to completion and counts each of them once.
//!
//! - `controller`: which jobs a change concerns; what is remembered between syncs
//! - `spec`: what a job asks for
//! - `sync`: one sync from the pods to the requests
//! - `finish`: whether and why a job is over
//! - `manage`: which pods to create or delete; `pod`: the pod of an index
//! - `track`: counting through finalizers and `uncountedTerminatedPods`; `status`: the status as it is written
//! - `indexes`, `policy`, `backoff`: completion indexes, failure and success policies, waiting after failures
//!
//! Real: pkg/controller/job. Modelled: completions and parallelism, work queues, indexed jobs, back-off limits for the job
//! and per index, pod failure and success policies, suspension, deadlines, replacement policies, tracking finalizers,
//! interim conditions, batching of changes over a second. Not modelled: elastic limits on the requests of one
//! sync beyond the 500 of the real one; gang scheduling. When a pod cannot be created, the status follows in the next
//! sync. Two status writes with nothing between them are one.

mod backoff;
mod controller;
mod finish;
mod indexes;
mod manage;
mod pod;
mod policy;
mod spec;
mod status;
mod sync;
#[cfg(test)]
mod tests;
mod track;

pub(super) use controller::Jobs;
pub(super) use finish::finished_at;
