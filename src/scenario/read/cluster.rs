//! Reads the cluster, the images and the operators.

use wavetank_sim::object::Value;
use wavetank_sim::scenario::{
    Boot, ClusterSpec, Exit, Flag, ImageRule, NodePool, OperatorSpec, PERMITTED, Pattern, Permission, Pull,
    Ready, TimeRange,
};

use super::{Reader, texts};
use crate::scenario::yaml::Node;

impl Reader<'_, '_> {
    /// The cluster.
    pub(super) fn cluster(&self, node: &Node) -> ClusterSpec {
        let mut cluster = ClusterSpec::default();
        if let Some(version) = node.string("version") {
            cluster.version = version;
        }
        cluster.api_servers = node.parse("apiServers").unwrap_or(cluster.api_servers);
        cluster.boot = Boot::Booted;
        if let Some(pools) = node.get("nodePools") {
            cluster.node_pools = pools.items().iter().map(node_pool).collect();
        }
        for component in node.get("flags").map_or(&[][..], Node::entries) {
            for flag in component.value.entries() {
                let value = flag.value.text().unwrap_or_default().into_owned();
                cluster.flags.push(Flag { component: component.key.clone(), name: flag.key.clone(), value });
            }
        }
        cluster
    }

    /// A rule for images.
    pub(super) fn image(&mut self, node: &Node) -> ImageRule {
        let mut rule = ImageRule::matching(Pattern(node.string("image").unwrap_or_default()));
        if let Some(pull) = node.get("pull") {
            let fails = || {
                Some(Pull::Fails { reason: pull.string("error")?, times: pull.parse("times").unwrap_or(1) })
            };
            let takes = |text: String| text.parse().ok().map(Pull::Takes);
            let read = pull.text().map_or_else(fails, |text| takes(text.into_owned()));
            rule.pull = pull.unread_if_none(read).unwrap_or(rule.pull);
        }
        rule.start = node.parse("start").unwrap_or(rule.start);
        rule.stop = node.parse("stop").unwrap_or(rule.stop);
        if let Some(ready) = node.string("ready") {
            rule.ready = ready.parse().map_or(Ready::Never, Ready::After);
        }
        if let Some(exit) = node.get("exit") {
            let after = exit.parse("after").unwrap_or(TimeRange::exactly(0));
            rule.exit = Some(Exit { after, code: exit.parse("code").unwrap_or(0) });
        }
        rule.hang = node.parse("hang");
        rule.post_start = node.parse("postStart").unwrap_or(rule.post_start);
        rule.pre_stop = node.parse("preStop").unwrap_or(rule.pre_stop);
        rule.memory = node.string("memory");
        rule.program = node.get("program").and_then(|program| self.program(program));
        rule.with = with(node);
        rule
    }

    /// A program beside the cluster.
    pub(super) fn operator(&mut self, node: &Node) -> Option<OperatorSpec> {
        let program = self.program(node.get("program")?)?;
        let name = node.string("name").unwrap_or_else(|| program.clone());
        Some(OperatorSpec { name, program, replicas: node.parse("replicas").unwrap_or(1), with: with(node) })
    }

    /// What the program of an operator or an image may reach outside the run.
    pub(super) fn permissions(&mut self, node: &Node) -> Vec<Permission> {
        let (program, reason) = (node.get("program").and_then(Node::text), node.get("reason"));
        let Some(allow) = node.get("allow") else {
            if let Some(reason) = reason {
                self.wrong(reason.spot, "a `reason` belongs to `allow`: write what the program may reach");
            }
            return Vec::new();
        };
        let Some(program) = program else {
            self.wrong(allow.spot, "`allow` is about a `program`: name it");
            return Vec::new();
        };
        let reason = reason.and_then(Node::text).unwrap_or_default();
        let words = allow.items().iter().filter_map(|word| Some((word.spot, word.text()?)));
        let known = |word: &str| PERMITTED.iter().any(|(known, _)| *known == word);
        let permissions = words.filter(|(_, word)| known(word));
        permissions
            .filter_map(|(spot, word)| self.right(spot, Permission::new(&program, &word, &reason)))
            .collect()
    }
}

fn node_pool(node: &Node) -> NodePool {
    let usual = NodePool::default();
    let mut capacity = usual.capacity;
    capacity.extend(texts(node.get("capacity")));
    NodePool {
        name: node.string("name").unwrap_or(usual.name),
        count: node.parse("count").unwrap_or(usual.count),
        zones: node.list("zones").iter().filter_map(|zone| Some(zone.text()?.into_owned())).collect(),
        labels: texts(node.get("labels")),
        taints: node.list("taints").iter().map(Node::value).collect(),
        capacity,
    }
}

/// The environment variables for a program.
fn with(node: &Node) -> Value {
    node.get("with").map_or_else(Value::empty_map, Node::value)
}
