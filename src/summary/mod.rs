//! What a sweep comes to: all runs of a scenario, carried out and counted. Prints nothing.
//!
//! - `conduct`: carries out the runs, within limits
//! - `counted`: [`Summary`], the counts and the verdict
//! - `failures`: failed runs, grouped by oracle and by the pattern of the message
//! - `notes`: what a user should know besides the verdict
#![cfg_attr(
    not(feature = "cli"),
    allow(dead_code, unused_imports, reason = "the command line uses more than tests do")
)]

mod conduct;
mod counted;
mod failures;
mod notes;

pub(crate) use conduct::{Audience, Limits, conduct};
pub(crate) use counted::{Cut, Summary};
pub(crate) use failures::Failure;
