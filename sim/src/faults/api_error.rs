//! `api-error`: the server, or what stands before it, fails: without handling the request, or after it.
//!
//! Only failures that a real server could answer at that moment: 429, 500, 503, 504 and a broken connection.

use super::fault::{Acting, Fault};
use crate::engine::SECOND;
use crate::scenario::PlannedFault;
use crate::value;
use crate::wire::{Fate, Passing, Request, Status};

pub(super) struct Behaviour;

impl Fault for Behaviour {
    fn bends(&self) -> bool {
        true
    }

    fn leaving(&self, fault: Acting<'_>, passing: Passing<'_>) -> Fate {
        let committed = fault.args.flag("committed");
        let status = match fault.args.text("status") {
            Some("429") => too_many_requests(&fault),
            Some("503") => {
                Status::new(503, "ServiceUnavailable", "the server is currently unable to handle the request")
            }
            Some("504") => timeout(passing.request),
            Some("reset") => return Fate::Reset { committed },
            _ => Status::new(500, "InternalError", "Internal error occurred: etcdserver: leader changed"),
        };
        if committed { Fate::Lose(Box::new(status)) } else { Fate::Refuse(Box::new(status)) }
    }
}

/// What API Priority and Fairness answers.
fn too_many_requests(fault: &PlannedFault) -> Status {
    let seconds = fault.args.time_ms("retryAfter").map_or(1, |ms| ms.div_ceil(SECOND));
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let message = "the server has received too many requests and has asked us to try again later";
    Status::new(429, "TooManyRequests", message).details(value!({"retryAfterSeconds": seconds}))
}

/// What the timeout filter answers.
fn timeout(request: &Request) -> Status {
    let message = "Timeout: request did not complete within the allotted timeout";
    let kind = request.resource.map_or("", |resource| resource.plural());
    Status::new(504, "Timeout", message).details(value!({"kind": kind}))
}
