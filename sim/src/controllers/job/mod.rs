//! The Job controller: runs pods to completion and counts each of them once.
//!
//! - `controller`: which jobs a change concerns; what it remembers between syncs
//! - `spec`: the fields of a job's spec
//! - `sync`: one sync from the pods to the requests
//! - `finish`: whether and why a job is finished
//! - `manage`: which pods to create or delete; `pod`: the pod of an index
//! - `track`: counting through finalizers and `uncountedTerminatedPods`; `status`: the status
//! - `indexes`, `policy`, `backoff`: completion indexes, failure and success policies, waiting after failures
//!
//! Real: pkg/controller/job. Modelled: completions and parallelism, work queues, indexed jobs, back-off limits for the job
//! and per index, pod failure and success policies, suspension, deadlines, replacement policies, tracking finalizers,
//! interim conditions, batching of changes over a second, at most 500 creations or deletions per sync. Differs: if a pod
//! cannot be created, the next sync writes the status; two status writes in a row become one. Not modelled: gang
//! scheduling.

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
