//! For how long a pod tolerates the taints of its node.
//!
//! Real: `Toleration.ToleratesTaint`, `GetMatchingTolerations`, `getMinTolerationTime`. Modelled: `Exists` and `Equal`. Not
//! modelled: the comparison operators `Lt` and `Gt`, which are behind a feature gate.

use crate::engine::{Millis, SECOND};
use crate::object::{Object, Value, tolerates_one};

/// How long a pod may stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stay {
    /// For good.
    ForGood,
    /// This long after the taint was added.
    For(Millis),
}

/// The NoExecute taints of a node.
pub(crate) fn no_execute(node: &Object) -> impl Iterator<Item = &Value> {
    node.items_at(&["spec", "taints"]).iter().filter(|taint| taint.str_at(&["effect"]) == Some("NoExecute"))
}

/// How long a pod may stay on a node with these taints.
pub(crate) fn stay<'a>(pod: &Object, taints: impl Iterator<Item = &'a Value>) -> Stay {
    let tolerations = pod.items_at(&["spec", "tolerations"]);
    let mut least: Option<i64> = None;
    for taint in taints {
        let Some(toleration) = tolerations.iter().find(|t| tolerates_one(t, taint)) else {
            return Stay::For(0);
        };
        if let Some(seconds) = toleration.i64_at(&["tolerationSeconds"]) {
            least = Some(least.map_or(seconds, |least| least.min(seconds)));
        }
    }
    least.map_or(Stay::ForGood, |seconds| Stay::For(u64::try_from(seconds).unwrap_or(0) * SECOND))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn a_pod_stays_for_the_shortest_toleration_and_not_at_all_without_one() {
        let pod = Object::new(value!({"spec": {"tolerations": [
            {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
            {"key": "b", "value": "x", "tolerationSeconds": 20},
            {"key": "c", "operator": "Exists"}, {"key": "d", "operator": "Exists", "tolerationSeconds": (-1)},
        ]}}));
        let stay = |taints: Value| super::stay(&pod, taints.items().iter());
        let taint = |key: &str, value: &str| value!({"key": key, "value": value, "effect": "NoExecute"});
        assert_eq!(stay(value!([(taint("a", "")), (taint("b", "x")), (taint("c", ""))])), Stay::For(20_000));
        assert_eq!(stay(value!([(taint("b", "y"))])), Stay::For(0));
        assert_eq!(stay(value!([(taint("c", "y"))])), Stay::ForGood);
        assert_eq!(stay(value!([(taint("d", "y"))])), Stay::For(0));
        assert_eq!(stay(value!([])), Stay::ForGood);
    }
}
