//! The cluster that a scenario describes.

use crate::cluster::{ClusterConfig, NodeConfig};
use crate::engine::Time;
use crate::object::Quantity;
use crate::programs::images::{self, Image, Span};
use crate::scenario::{ImageRule, NodePool, Pull, Ready, Scenario, TimeRange};
use crate::wire::Latency;

impl ClusterConfig {
    /// The cluster of a scenario.
    pub(super) fn of(scenario: &Scenario, seed: u64, start: Time) -> Self {
        Self {
            seed,
            start,
            latency: Latency::default(),
            version: scenario.cluster.version.clone(),
            nodes: scenario.cluster.node_pools.iter().flat_map(nodes).collect(),
            images: scenario.images.iter().map(image).collect(),
        }
    }
}

fn nodes(pool: &NodePool) -> impl Iterator<Item = NodeConfig> + '_ {
    (0..pool.count).map(|i| NodeConfig {
        name: format!("{}-{}", pool.name, i + 1),
        zone: pool.zones.get(i as usize % pool.zones.len().max(1)).cloned(),
        labels: pool.labels.clone(),
        taints: pool.taints.clone(),
        capacity: pool.capacity.clone(),
    })
}

fn image(rule: &ImageRule) -> Image {
    Image {
        pull: match &rule.pull {
            Pull::Takes(range) => images::Pull::Takes(span(*range)),
            Pull::Fails { reason, times } => {
                images::Pull::Fails { reason: reason.as_str().into(), times: *times }
            }
        },
        start: span(rule.start),
        ready: match rule.ready {
            Ready::After(range) => images::Ready::After(span(range)),
            Ready::Never => images::Ready::Never,
        },
        stop: span(rule.stop),
        exit: rule.exit.map(|exit| (span(exit.after), exit.code)),
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
