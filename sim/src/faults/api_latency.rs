//! `api-latency`: requests take longer on their way to the server.

use super::fault::{Acting, Fault};
use crate::wire::{Fate, Passing};

pub(super) struct Behaviour;

impl Fault for Behaviour {
    fn bends(&self) -> bool {
        true
    }

    fn leaving(&self, fault: Acting<'_>, _passing: Passing<'_>) -> Fate {
        Fate::Delay(fault.args.time_ms("by").unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use crate::explore::tests::program::{faults, played_with_copiers, requests};

    /// When each of two copiers first writes the copy of what changes at 20 s, in ms.
    fn first_writes(plan: &str) -> Vec<i64> {
        let run = played_with_copiers(2, plan);
        assert!(run.violation.is_none(), "{:?}", run.violation);
        let all = requests(&run);
        let first = |name: &str| {
            let mut writes = all
                .iter()
                .filter(|(who, at, what)| *who == name && *at >= 20_000 && what == "create configmaps");
            writes.next().map_or(0, |(_, at, _)| *at)
        };
        let mut times = vec![first("copier-0"), first("copier-1")];
        times.sort_unstable();
        times
    }

    #[test]
    fn of_two_replicas_one_is_slowed_and_the_other_is_not() {
        let both = |times: &[i64]| [times[0] / 1000, times[1] / 1000];
        assert_eq!(both(&first_writes("")), [20, 20]);
        assert_eq!(both(&first_writes("api-latency(copier, by=5s)@10s+1m")), [20, 25]);
        assert_eq!(both(&first_writes("api-latency(copier:all, by=5s)@10s+1m")), [25, 25]);
        assert_eq!(both(&first_writes("api-latency(copier, by=5s)@10s+5s")), [20, 20], "it is over");
    }

    #[test]
    fn its_beginning_and_its_end_are_in_the_record() {
        let text = "api-latency(copier, by=5s)@10s+15s";
        let run = played_with_copiers(1, text);
        assert_eq!(faults(&run), [(10_000, text.to_owned()), (25_000, format!("{text} ends"))]);
    }

    #[test]
    fn set_off_by_a_request_it_slows_this_one_once() {
        let run =
            played_with_copiers(1, "api-latency(copier, by=5s)@after(create configmaps/default/a-copy#1)");
        let all = requests(&run);
        let creates: Vec<i64> = all
            .iter()
            .filter(|(_, _, what)| what == "create configmaps")
            .map(|(_, at, _)| at / 1000)
            .collect();
        assert_eq!(creates, [5, 5, 20], "b waits for a, and neither it nor the change is slowed");
    }
}
