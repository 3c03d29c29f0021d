//! The `resourceVersion` parameter of reads.

use super::super::errors;
use crate::wire::Status;

/// The version that a get or watch names; 0 if it names none.
pub(super) fn of_read(version: Option<&str>) -> Result<u64, Box<Status>> {
    match version.unwrap_or_default() {
        "" => Ok(0),
        text => text.parse().map_err(|_| {
            let why = errors::parse_uint(text);
            Box::new(Status::new(500, "", format!("resourceVersion: Invalid value: {text:?}: {why}")))
        }),
    }
}

/// As [`of_read`], for a list. For an invalid version a list gets 400, other reads get 500.
pub(super) fn of_list(version: Option<&str>) -> Result<u64, Box<Status>> {
    of_read(version).map_err(|status| {
        Box::new(Status::bad_request(format!("invalid resource version: {}", status.message)))
    })
}
