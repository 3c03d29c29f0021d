//! The renewal schedule of a Lease: the same write again and again, each time with a newer `renewTime`.
//!
//! Real: each renewal is a request. Differs: a kubelet with nothing else to write leaves its renewals to the wire, which
//! writes only the one that somebody is about to see. Otherwise renewals would be most requests of a quiet cluster.

use crate::engine::{Millis, Time};

/// A renewal at `first`, and one every `period_ms` from then on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Renewals {
    /// The time of the first renewal.
    pub first: Time,
    /// The time between two renewals.
    pub period_ms: Millis,
}

impl Renewals {
    /// The time of the last renewal up to `now`, if there was one.
    pub fn last(&self, now: Time) -> Option<Time> {
        debug_assert!(self.period_ms > 0, "renewals have a period");
        (now >= self.first).then(|| {
            let ago = now.since(self.first) % self.period_ms;
            Time(now.0 - ago as i64)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_renewal_is_the_one_at_or_before_now() {
        let renewals = Renewals { first: Time(-500), period_ms: 1000 };
        let last = |now| renewals.last(Time(now)).map(|time| time.0);
        assert_eq!(
            [last(-501), last(-500), last(499), last(500), last(2700)],
            [None, Some(-500), Some(-500), Some(500), Some(2500)]
        );
    }
}
