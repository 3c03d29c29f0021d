//! `watch-cut`: watch connections break: at once, and while the fault lasts each new one too.

use super::fault::{Acting, Fault, is_about};
use super::victims::Victims;
use crate::cluster::Cluster;
use crate::scenario::PlannedFault;
use crate::wire::{Fate, Passing, Verb};

pub(super) struct Behaviour;

impl Fault for Behaviour {
    /// While it lasts: a new watch is refused by a broken connection.
    fn leaving(&self, fault: Acting<'_>, passing: Passing<'_>) -> Fate {
        let watches = passing.request.verb == Verb::Watch;
        let hit = passing.request.resource.is_some_and(|resource| is_about(&fault, resource, passing.kind));
        if watches && hit { Fate::Reset { committed: false } } else { Fate::Pass }
    }

    fn strike(&self, fault: &PlannedFault, victims: &Victims, cluster: &mut Cluster) {
        for host in &victims.hosts {
            let watches = cluster.watches_of(*host);
            let meant = watches.filter(|(_, resource, kind)| is_about(fault, *resource, kind));
            let cut: Vec<_> = meant.map(|(id, ..)| id).collect();
            cut.into_iter().for_each(|id| cluster.cut_watch(*host, id));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::explore::tests::program::{played_with_copiers, requests};

    /// How many watches each of two copiers opens from 5 s on.
    fn watches(plan: &str) -> [usize; 2] {
        let run = played_with_copiers(2, plan);
        assert!(run.violation.is_none(), "{:?}", run.violation);
        let all = requests(&run);
        ["copier-0", "copier-1"].map(|name| {
            let of = all
                .iter()
                .filter(|(who, at, what)| *who == name && *at > 5_000 && what == "watch configmaps");
            of.count()
        })
    }

    #[test]
    fn a_cut_is_of_the_victims_watches_of_the_kind() {
        assert_eq!(watches(""), [0, 0]);
        assert_eq!(watches("watch-cut(copier:all)@10s"), [1, 1]);
        assert_eq!(watches("watch-cut(copier:all, kind=ConfigMap)@10s"), [1, 1]);
        assert_eq!(watches("watch-cut(copier:all, kind=Pod)@10s"), [0, 0]);
        let mut one = watches("watch-cut(copier)@10s");
        one.sort_unstable();
        assert_eq!(one, [0, 1]);
    }

    #[test]
    fn while_it_lasts_new_watches_of_the_victim_break_and_those_of_others_do_not() {
        let run = played_with_copiers(2, "watch-cut(copier)@10s+30s; watch-cut(copier:all)@20s");
        let all = requests(&run);
        let opened = |name: &str| {
            let of = all
                .iter()
                .filter(|(who, at, what)| *who == name && *at > 5_000 && what == "watch configmaps");
            of.map(|(_, at, _)| at / 1000).collect::<Vec<_>>()
        };
        let mut both = [opened("copier-0"), opened("copier-1")];
        both.sort_unstable();
        assert_eq!(both[0], [20], "it watches again at once");
        assert!(
            both[1].len() == 1 && (40..=41).contains(&both[1][0]),
            "{both:?}: not before the fault is over"
        );
    }
}
