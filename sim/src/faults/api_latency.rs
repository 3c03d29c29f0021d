//! `api-latency`: requests take longer on their way to the server.

use super::Fault;
use crate::scenario::PlannedFault;
use crate::wire::{Fate, Request};

pub(super) struct ApiLatency;

impl Fault for ApiLatency {
    fn bends(&self) -> bool {
        true
    }

    fn bend(&self, fault: &PlannedFault, _request: &Request) -> Fate {
        Fate::Delay(fault.args.time_ms("by").unwrap_or(0))
    }
}
