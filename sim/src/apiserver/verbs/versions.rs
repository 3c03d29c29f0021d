//! The `resourceVersion` parameter of reads.

use super::super::errors;
use crate::wire::Status;

/// The version that a read names; 0 where it names none.
pub(super) fn of_read(version: Option<&str>) -> Result<u64, Box<Status>> {
    match version.unwrap_or_default() {
        "" => Ok(0),
        text => text.parse().map_err(|_| {
            let why = errors::parse_uint(text);
            Box::new(Status::new(500, "", format!("resourceVersion: Invalid value: {text:?}: {why}")))
        }),
    }
}

/// The version that a list names; lists complain with 400 where other reads do with 500.
pub(super) fn of_list(version: Option<&str>) -> Result<u64, Box<Status>> {
    of_read(version).map_err(|status| {
        Box::new(Status::bad_request(format!("invalid resource version: {}", status.message)))
    })
}
