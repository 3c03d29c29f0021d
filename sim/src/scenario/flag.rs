//! The flags of the components: their real names, their values, and whether the model has them. A scenario may not set a flag
//! without effect. The components have the defaults.

use super::near::{instead, this_version_has_no};
use super::range::Millis;

/// A flag of a component.
#[derive(Debug, PartialEq, Eq)]
pub struct FlagInfo {
    /// The component.
    pub component: &'static str,
    /// The flag without dashes in front.
    pub name: &'static str,
    /// Its values.
    pub takes: FlagValue,
    /// Whether the model has it.
    pub available: bool,
}

/// The values of a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagValue {
    /// A Go duration.
    Time,
    /// A whole number.
    Count,
    /// A decimal number.
    Decimal,
    /// `true` or `false`.
    Bool,
    /// Names of controllers, joined by commas: `*` for all, `name` to add one, `-name` to leave one out.
    Controllers,
}

/// The controllers of the model, by the names of the kube-controller-manager's flag `--controllers`.
pub const CONTROLLERS: &[&str] = &[
    "cronjob-controller",
    "daemonset-controller",
    "deployment-controller",
    "disruption-controller",
    "endpoints-controller",
    "endpointslice-controller",
    "endpointslice-mirroring-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "node-lifecycle-controller",
    "persistentvolume-binder-controller",
    "persistentvolume-protection-controller",
    "persistentvolumeclaim-protection-controller",
    "pod-garbage-collector-controller",
    "replicaset-controller",
    "replicationcontroller-controller",
    "resourcequota-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "statefulset-controller",
    "taint-eviction-controller",
    "ttl-after-finished-controller",
    "ttl-controller",
];

const fn flag(component: &'static str, name: &'static str, takes: FlagValue, available: bool) -> FlagInfo {
    FlagInfo { component, name, takes, available }
}

/// The flags of Kubernetes v1.36 that concern the model.
pub const FLAGS: &[FlagInfo] = {
    use FlagValue::{Bool, Controllers, Count, Decimal, Time};
    const MANAGER: &str = "kube-controller-manager";
    &[
        flag("kube-apiserver", "default-not-ready-toleration-seconds", Count, false),
        flag("kube-apiserver", "default-unreachable-toleration-seconds", Count, false),
        flag("kube-apiserver", "etcd-compaction-interval", Time, false),
        flag("kube-apiserver", "event-ttl", Time, false),
        flag("kube-apiserver", "min-request-timeout", Count, false),
        flag("kube-apiserver", "watch-cache", Bool, false),
        flag(MANAGER, "concurrent-deployment-syncs", Count, false),
        flag(MANAGER, "concurrent-gc-syncs", Count, false),
        flag(MANAGER, "concurrent-replicaset-syncs", Count, false),
        flag(MANAGER, "controllers", Controllers, true),
        flag(MANAGER, "kube-api-burst", Count, false),
        flag(MANAGER, "kube-api-qps", Decimal, false),
        flag(MANAGER, "large-cluster-size-threshold", Count, true),
        flag(MANAGER, "min-resync-period", Time, false),
        flag(MANAGER, "node-eviction-rate", Decimal, true),
        flag(MANAGER, "node-monitor-grace-period", Time, true),
        flag(MANAGER, "node-monitor-period", Time, true),
        flag(MANAGER, "node-startup-grace-period", Time, true),
        flag(MANAGER, "secondary-node-eviction-rate", Decimal, true),
        flag(MANAGER, "terminated-pod-gc-threshold", Count, true),
        flag(MANAGER, "unhealthy-zone-threshold", Decimal, true),
        flag("kube-scheduler", "kube-api-burst", Count, false),
        flag("kube-scheduler", "kube-api-qps", Decimal, false),
        flag("kube-scheduler", "pod-max-in-unschedulable-pods-duration", Time, false),
        flag("kubelet", "max-pods", Count, false),
        flag("kubelet", "node-status-update-frequency", Time, false),
        flag("kubelet", "serialize-image-pulls", Bool, false),
        flag("kubelet", "sync-frequency", Time, false),
    ]
};

impl FlagInfo {
    /// The flag of a component, if the model has it; else what is wrong and what would be right.
    pub fn usable(component: &str, name: &str) -> Result<&'static Self, String> {
        let of_component = FLAGS.iter().filter(|flag| flag.component == component);
        let known = of_component.clone().filter(|flag| flag.available).map(|flag| flag.name);
        match of_component.clone().find(|flag| flag.name == name) {
            Some(flag) if flag.available => Ok(flag),
            Some(_) => Err(this_version_has_no(&format!("flag of {component}"), name, known)),
            None => Err(format!("{component} has no flag `{name}`; {}", instead(name, known))),
        }
    }

    /// Checks the name of a component; else what would be right.
    pub fn component(component: &str) -> Result<(), String> {
        let known = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet"];
        if known.contains(&component) {
            return Ok(());
        }
        Err(format!("there is no component `{component}`; {}", instead(component, known)))
    }

    /// Checks a value; else what would be right.
    pub fn check(&self, value: &str) -> Result<(), String> {
        let (right, example) = match self.takes {
            FlagValue::Time => (value.parse::<Millis>().is_ok(), "a duration such as `50s`"),
            FlagValue::Count => (value.parse::<u32>().is_ok(), "a whole number such as `5`"),
            FlagValue::Decimal => {
                (value.parse::<f64>().is_ok_and(|n| n.is_finite() && n >= 0.0), "a number such as `0.1`")
            }
            FlagValue::Bool => (value == "true" || value == "false", "`true` or `false`"),
            FlagValue::Controllers => return controllers(value),
        };
        if right { Ok(()) } else { Err(format!("`{value}` is no value of `{}`: write {example}", self.name)) }
    }
}

/// Checks the names in a list of controllers; else what would be right.
fn controllers(list: &str) -> Result<(), String> {
    let names =
        list.split(',').map(|name| name.strip_prefix('-').unwrap_or(name)).filter(|name| *name != "*");
    for name in names {
        if !CONTROLLERS.contains(&name) {
            return Err(format!(
                "there is no controller `{name}`; {}",
                instead(name, CONTROLLERS.iter().copied())
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_that_the_model_lacks_is_refused_by_name() {
        let component = "kube-controller-manager";
        let refused = |name| FlagInfo::usable(component, name).unwrap_err();
        assert!(
            refused("kube-api-qps")
                .starts_with("this version has no flag of kube-controller-manager `kube-api-qps`; known: ")
        );
        assert!(refused("node-monitor-grace").contains("did you mean `node-monitor-grace-period`?"));
        assert!(FlagInfo::component("kubelett").unwrap_err().contains("`kubelet`"));
    }

    #[test]
    fn a_flag_takes_values_of_its_type() {
        let flag = FLAGS.iter().find(|flag| flag.name == "node-eviction-rate").unwrap();
        assert_eq!(flag.check("0.1"), Ok(()));
        assert!(flag.check("fast").unwrap_err().contains("write a number such as `0.1`"));
        let flag = FLAGS.iter().find(|flag| flag.name == "controllers").unwrap();
        assert_eq!(flag.check("*,-job-controller"), Ok(()));
        assert!(flag.check("*,-job-controler").unwrap_err().contains("did you mean `job-controller`?"));
    }
}
