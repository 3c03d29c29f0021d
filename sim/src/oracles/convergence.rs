//! `no_convergence` and `unstable`: the system does not come to be as it should in time, or does not stay so.
//!
//! Converged is an instant at which nothing is [`pending`](crate::convergence::pending()), every `eventually` holds and all programs
//! run; quiet is a stretch in which the system stays converged and the [masked state](crate::convergence::MaskedState) does not
//! change. After the end of healing, a converged instant has to come within `converge.within` and to begin a quiet stretch of
//! `converge.settle`. If none does:
//! - `no_convergence`: the system was not converged at all, or for less than 5 s at a stretch, which is a mere look
//! - `unstable`: it was converged, but never for as long as `converge.settle`
//!
//! `explore::judge` follows the state commit by commit; here are the words. The same is asked of setup and of
//! `wait: {for: converged}`, with other limits. Not judged: whether the converged state is what the user wants, beyond each
//! `eventually`.

use super::Violation;
use crate::engine::{Millis, SECOND, Time};
use crate::scenario::oracle;

/// What to report of a system that was not converged and quiet in time. `why` is what was missing at the end; `states` are the
/// masked states since the faults healed, with the times at which they were reached.
pub fn not_converged(
    was_converged: bool,
    deadline: Time,
    window: Millis,
    why: Option<String>,
    states: &[(Time, u64)],
) -> Violation {
    let why = why.unwrap_or_else(|| "it does not come to rest".into());
    let healed = states.first().map_or(deadline, |(time, _)| *time);
    let waited = deadline.since(healed) / SECOND;
    if !was_converged {
        let message = format!("{why}, {waited} s after the last fault healed");
        return Violation::new(oracle::NO_CONVERGENCE, deadline, message);
    }
    let window = window / SECOND;
    let cycle =
        period(states).map_or(String::new(), |ms| format!("; the state repeats every {}", Time::ZERO + ms));
    let message =
        format!("converged more than once in {waited} s but never for {window} s at a stretch{cycle}: {why}");
    Violation::new(oracle::UNSTABLE, deadline, message)
}

/// The period of a state that keeps coming back: the time between the last three visits of the newest state, if equal.
fn period(states: &[(Time, u64)]) -> Option<Millis> {
    let (last, state) = states.last()?;
    let mut visits = states.iter().rev().skip(1).filter(|(_, s)| s == state).map(|(time, _)| *time);
    let (one, two) = (visits.next()?, visits.next()?);
    (last.since(one) == one.since(two)).then(|| last.since(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_comes_back_is_named_with_its_period() {
        let states: Vec<(Time, u64)> = (0..9).map(|i| (Time(i * 5000), (i % 2).cast_unsigned())).collect();
        let found = not_converged(true, Time(60_000), 30_000, None, &states);
        assert_eq!(found.oracle, oracle::UNSTABLE);
        assert!(found.message.contains("every 10s"), "{found}");
    }

    #[test]
    fn what_never_converged_says_what_was_missing() {
        let why = Some("Deployment default/web wants 3 ready, has 2".to_owned());
        let found = not_converged(false, Time(600_000), 30_000, why, &[(Time(0), 1)]);
        assert_eq!(
            found.to_string(),
            "no_convergence: Deployment default/web wants 3 ready, has 2, 600 s after the last fault healed"
        );
    }
}
