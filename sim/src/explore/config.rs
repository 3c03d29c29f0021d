//! The cluster that a scenario describes.

use crate::cluster::ClusterConfig;
use crate::controllers::Settings;
use crate::engine::Time;
use crate::kubelet::booted::NodeConfig;
use crate::object::Quantity;
use crate::programs::images::{FirstPull, Image, Readiness, Span};
use crate::scenario::range::Millis;
use crate::scenario::{Action, Check, Flag, ImageRule, NodePool, Pull, Ready, Scenario, TimeRange};
use crate::wire::Latency;
use crate::wire::resource::LEASES;

impl ClusterConfig {
    pub(super) fn of(scenario: &Scenario, start: Time) -> Self {
        Self {
            start,
            latency: Latency::default(),
            version: scenario.cluster.version.clone(),
            nodes: scenario.cluster.node_pools.iter().flat_map(nodes).collect(),
            images: scenario.images.iter().map(image).collect(),
            settings: settings(&scenario.cluster.flags),
            leases_are_seen: checks(scenario).any(sees_leases),
        }
    }
}

/// All that is checked against the store's truth.
fn checks(scenario: &Scenario) -> impl Iterator<Item = &Check> {
    let steps = scenario.setup.iter().chain(&scenario.steps).filter_map(|step| match &step.action {
        Action::Assert(check) => Some(check),
        _ => None,
    });
    scenario.expect.iter().map(|expectation| &expectation.check).chain(steps)
}

/// Whether a check may read Leases. What code of the user's reads is not known.
fn sees_leases(check: &Check) -> bool {
    match check {
        Check::Cel { vars, .. } => {
            vars.iter().any(|var| var.kind.matches(LEASES.group(), LEASES.plural(), "Lease"))
        }
        Check::Match(object) => object.str_at(&["kind"]) == Some("Lease"),
        Check::Rust(_) => true,
    }
}

fn nodes(pool: &NodePool) -> impl Iterator<Item = NodeConfig> + '_ {
    (0..pool.count).map(|i| NodeConfig {
        name: format!("{}-{}", pool.name, i + 1),
        pool: pool.name.clone(),
        zone: pool.zones.get(i as usize % pool.zones.len().max(1)).cloned(),
        labels: pool.labels.clone(),
        taints: pool.taints.clone(),
        capacity: pool.capacity.clone(),
    })
}

/// What the flags of the manager say. A value that is none is refused when the file is read.
fn settings(flags: &[Flag]) -> Settings {
    let mut settings = Settings::default();
    for flag in flags.iter().filter(|flag| flag.component == "kube-controller-manager") {
        let value = flag.value.as_str();
        let time = |field: &mut u64| *field = value.parse::<Millis>().map_or(*field, |ms| ms.0);
        let decimal = |field: &mut f64| *field = value.parse().unwrap_or(*field);
        let count = |field: &mut usize| *field = value.parse().unwrap_or(*field);
        match flag.name.as_str() {
            "controllers" => settings.controllers = value.to_owned(),
            "node-monitor-period" => time(&mut settings.node_monitor_period_ms),
            "node-monitor-grace-period" => time(&mut settings.node_monitor_grace_period_ms),
            "node-startup-grace-period" => time(&mut settings.node_startup_grace_period_ms),
            "node-eviction-rate" => decimal(&mut settings.node_eviction_rate),
            "secondary-node-eviction-rate" => decimal(&mut settings.secondary_node_eviction_rate),
            "unhealthy-zone-threshold" => decimal(&mut settings.unhealthy_zone_threshold),
            "large-cluster-size-threshold" => count(&mut settings.large_cluster_size_threshold),
            "terminated-pod-gc-threshold" => count(&mut settings.terminated_pod_gc_threshold),
            _ => {}
        }
    }
    settings
}

fn image(rule: &ImageRule) -> Image {
    Image {
        pull: match &rule.pull {
            Pull::Takes(range) => FirstPull::Takes(span(*range)),
            Pull::Fails { reason, times } => {
                FirstPull::Fails { reason: reason.as_str().into(), times: *times }
            }
        },
        start: span(rule.start),
        ready: match rule.ready {
            Ready::After(range) => Readiness::After(span(range)),
            Ready::Never => Readiness::Never,
        },
        stop: span(rule.stop),
        exit: rule.exit.map(|exit| (span(exit.after), exit.code)),
        hang: rule.hang.map(span),
        post_start: span(rule.post_start),
        pre_stop: span(rule.pre_stop),
        // A quantity that is none is refused when the file is read.
        memory: rule.memory.as_deref().and_then(|text| text.parse::<Quantity>().ok()),
        program: rule.program.as_deref().map(Into::into),
        with: rule.with.clone(),
        ..Image::matching(&rule.image.0)
    }
}

fn span(range: TimeRange) -> Span {
    Span { low_ms: range.low_ms, high_ms: range.high_ms }
}
