//! `api-latency`: requests take longer on their way to the server.

use super::Fault;
use crate::scenario::PlannedFault;
use crate::wire::{Fate, Passing};

pub(super) struct Behaviour;

impl Fault for Behaviour {
    fn bends(&self) -> bool {
        true
    }

    fn leaving(&self, fault: &PlannedFault, _passing: Passing<'_>) -> Fate {
        Fate::Delay(fault.args.time_ms("by").unwrap_or(0))
    }
}
