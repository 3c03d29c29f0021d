//! How long a failing container or image pull waits until the next try.
//!
//! Real: `flowcontrol.Backoff`, one for containers and one for pulls. Modelled: doubling, the cap, and the reset after
//! twice the cap without a failure. Not modelled: jitter (the kubelet's is 0).

use crate::engine::{Millis, SECOND, Time};

/// First delay (kubelet `backOffPeriod`, `imageBackOffPeriod`).
const FIRST_MS: Millis = 10 * SECOND;
/// Longest delay (kubelet `MaxContainerBackOff`, `maxImageBackOff`).
const LONGEST_MS: Millis = 300 * SECOND;
/// Delays start again from the first after this time without a failure (client-go flowcontrol `hasExpired`: twice the longest delay).
const FORGET_MS: Millis = 2 * LONGEST_MS;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    last: Time,
}

impl Backoff {
    /// Counts a failed pull. Returns the delay before the next one.
    pub(super) fn failed(&mut self, now: Time) -> Millis {
        if now.since(self.last) > FORGET_MS {
            self.failures = 0;
        }
        self.failures += 1;
        self.last = now;
        (FIRST_MS << (self.failures - 1).min(10)).min(LONGEST_MS)
    }

    /// Counts a failed container; the first restart has no delay. Returns the delay before the next one.
    pub(super) fn failed_after_a_free_one(&mut self, now: Time) -> Millis {
        if self.failures == 0 || now.since(self.last) > FORGET_MS {
            *self = Self { failures: 1, last: now };
            return 0;
        }
        self.failures += 1;
        self.last = now;
        (FIRST_MS << (self.failures - 2).min(10)).min(LONGEST_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_from_10_s_to_300_s_and_start_anew_after_ten_quiet_minutes() {
        let mut pulls = Backoff::default();
        let delays: Vec<Millis> = (0..7).map(|_| pulls.failed(Time(0)) / SECOND).collect();
        assert_eq!(delays, [10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(pulls.failed(Time(600_000)) / SECOND, 300);
        assert_eq!(pulls.failed(Time(1_200_001)) / SECOND, 10);
    }

    #[test]
    fn the_first_restart_in_a_row_comes_at_once() {
        let mut crashes = Backoff::default();
        let mut next = |at| crashes.failed_after_a_free_one(Time(at)) / SECOND;
        assert_eq!([next(0), next(1), next(20_000), next(620_001)], [0, 10, 20, 0]);
    }
}
