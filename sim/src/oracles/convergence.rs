//! `no_convergence`, `unstable` and `stalled`: the system does not come to be as it should in time, or does not stay so.
//!
//! Converged is an instant at which nothing is [`pending`](crate::convergence::pending()), every `eventually` holds and all programs
//! run; quiet is a stretch in which the system stays converged and the [masked state](crate::convergence::MaskedState) does not
//! change. After the end of healing, a converged instant has to come within `converge.within` and to begin a quiet stretch of
//! `converge.settle`. If none does:
//! - `stalled`: a custom resource says `Stalled=True` at the end, so that waiting does not help
//! - `no_convergence`: the system was not converged at all, or for less than 5 s at a stretch, which is a mere look; or a program
//!   keeps ending
//! - `unstable`: it was converged, but never for as long as `converge.settle`
//!
//! `explore::judge` follows the state commit by commit; here are the words. The same is asked of setup and of
//! `wait: {for: converged}`, with other limits and without `stalled`. Not judged: whether the converged state is what the user
//! wants, beyond each `eventually`.

use super::Violation;
use crate::engine::{Millis, SECOND, Time};
use crate::scenario::oracle;

/// A wait for the system to converge, at the end of which it had not converged or was not quiet.
#[derive(Clone, Debug)]
pub struct NotConverged<'a> {
    /// What the wait began with: `the last fault healed`.
    pub after: &'static str,
    /// When the wait began.
    pub since: Time,
    /// When it ended.
    pub deadline: Time,
    /// How long the system had to be quiet.
    pub window: Millis,
    /// Whether it was converged at any time, for more than a mere look.
    pub was_converged: bool,
    /// What was missing at the end.
    pub why: Option<String>,
    /// What the first custom resource says that is stalled at the end, where that is judged.
    pub stalled: Option<String>,
    /// Programs that keep ending, in words.
    pub failing: Vec<String>,
    /// The masked states since the wait began, with the times at which they were reached.
    pub states: &'a [(Time, u64)],
}

impl NotConverged<'_> {
    /// What to report.
    pub fn violation(self) -> Violation {
        let (oracle, mut message) = self.judged();
        for failing in &self.failing {
            message.push_str("; ");
            message.push_str(failing);
        }
        Violation::new(oracle, self.deadline, message)
    }

    fn judged(&self) -> (&'static oracle::OracleInfo, String) {
        let Self { after, stalled, .. } = self;
        let waited = self.deadline.since(self.since) / SECOND;
        let why = self.why.as_deref().unwrap_or("it does not come to rest");
        if let Some(stalled) = stalled {
            return (oracle::STALLED, format!("{stalled}, {waited} s after {after}"));
        }
        if !self.was_converged || !self.failing.is_empty() {
            return (oracle::NO_CONVERGENCE, format!("{why}, {waited} s after {after}"));
        }
        let window = self.window / SECOND;
        let cycle = period(self.states)
            .map_or(String::new(), |ms| format!("; the state repeats every {}", Time::ZERO + ms));
        let message = format!(
            "converged at times, but never for {window} s at a stretch in {waited} s after {after}{cycle}: {why}"
        );
        (oracle::UNSTABLE, message)
    }
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

    fn missed(states: &[(Time, u64)]) -> NotConverged<'_> {
        NotConverged {
            after: "the last fault healed",
            since: Time::ZERO,
            deadline: Time(600_000),
            window: 30_000,
            was_converged: false,
            why: Some("Deployment default/web wants 3 ready, has 2".to_owned()),
            stalled: None,
            failing: Vec::new(),
            states,
        }
    }

    #[test]
    fn a_state_that_comes_back_is_named_with_its_period() {
        let states: Vec<(Time, u64)> = (0..9).map(|i| (Time(i * 5000), (i % 2).cast_unsigned())).collect();
        let found = NotConverged { was_converged: true, why: None, ..missed(&states) }.violation();
        assert_eq!(
            found.to_string(),
            "unstable: converged at times, but never for 30 s at a stretch in 600 s after the last fault healed; \
             the state repeats every 10s: it does not come to rest"
        );
    }

    #[test]
    fn what_never_converged_says_what_was_missing_and_which_program_keeps_ending() {
        let words =
            "no_convergence: Deployment default/web wants 3 ready, has 2, 600 s after the last fault healed";
        assert_eq!(missed(&[(Time(0), 1)]).violation().to_string(), words);
        let failing = vec!["program op returned 3 times, last at 599s".to_owned()];
        let found = NotConverged { failing, ..missed(&[]) }.violation();
        assert_eq!(found.to_string(), format!("{words}; program op returned 3 times, last at 599s"));
    }

    #[test]
    fn what_is_stalled_at_the_end_is_no_lack_of_time() {
        let stalled = Some("Cache default/c has Stalled=True: NoQuota".to_owned());
        let found = NotConverged { stalled, was_converged: true, ..missed(&[]) }.violation();
        let words = "stalled: Cache default/c has Stalled=True: NoQuota, 600 s after the last fault healed";
        assert_eq!(found.to_string(), words);
    }
}
