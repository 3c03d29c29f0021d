//! Many renewals of a Lease told at once: the same write again and again, each time with a newer `renewTime`.
//!
//! Real: each is a request of its own. Modelled: a kubelet with nothing else to say leaves its renewals to the wire, which
//! carries them out only when somebody could tell the difference: thousands of nodes renew in most of a cluster's requests,
//! and hardly ever does anybody look.

use crate::engine::{Millis, Time};

/// One renewal at `first`, and one each `period_ms` from then on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Renewals {
    /// The first one.
    pub first: Time,
    /// Between two of them.
    pub period_ms: Millis,
}

impl Renewals {
    /// The last renewal up to now, if there was one.
    pub fn last(&self, now: Time) -> Option<Time> {
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
