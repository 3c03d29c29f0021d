//! The CronJob controller: starts jobs by a schedule.
//!
//! - `controller`: which cron jobs a change concerns; one sync
//! - `schedule`: the five fields and the macros; when they fit next
//! - `zone`: time zones
//! - `history`: the status, and which finished jobs are kept
//! - `run`: the job of a scheduled time
//!
//! Real: pkg/controller/cronjob, version 2, and its parser robfig/cron. Modelled: concurrency policies, starting deadlines,
//! suspension, history limits, job names from the scheduled minute, status, common time zones. Not modelled: the other
//! zones, which `zone` names: a cron job with one of them starts nothing; live reads of active jobs that the cache lacks.

mod controller;
mod history;
mod run;
mod schedule;
#[cfg(test)]
mod tests;
mod zone;

pub(super) use controller::CronJobs;
