//! The CronJob controller: creates Jobs by a schedule.
//!
//! - `controller`: which CronJobs a change concerns; one sync
//! - `schedule`: the five fields and the macros; their next time
//! - `history`: the status, and which finished Jobs it keeps
//! - `run`: the Job of a scheduled time
//!
//! Real: pkg/controller/cronjob, version 2, and its parser robfig/cron. Modelled: concurrency policies, starting deadlines,
//! suspension, history limits, names of Jobs from the scheduled minute, status, time zones. Not modelled: live reads
//! of active Jobs that the cache lacks.

mod controller;
mod history;
mod run;
mod schedule;
#[cfg(test)]
mod tests;

pub(super) use controller::CronJobs;
