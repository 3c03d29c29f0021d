//! What is wrong with nodes, images, operators and flags, with the conditions for convergence, and with disabled oracles.

use super::Checker;
use crate::scenario::cluster::{Boot, ImageRule, NodePool, OperatorSpec, Pull, Ready};
use crate::scenario::flag::FlagInfo;
use crate::scenario::range::Millis;
use crate::scenario::spec::{Ignore, MayBePending};
use crate::scenario::{Disabled, form};

impl<'s> Checker<'s> {
    pub(super) fn cluster(&mut self) {
        let cluster = &self.scenario.cluster;
        self.form("version", &form::VERSION, &cluster.version);
        self.form("apiServers", &form::API_SERVERS, &cluster.api_servers.to_string());
        if cluster.boot != Boot::Booted {
            self.right("boot", Err("this version has no cold start: write `booted`".into()));
        }
        self.each("nodePools", &cluster.node_pools, Self::node_pool);
        self.unique(
            "nodePools",
            "name",
            "node pool",
            cluster.node_pools.iter().map(|pool| pool.name.as_str()),
        );
        self.field("flags", |checker| {
            for (i, flag) in cluster.flags.iter().enumerate() {
                let (component, name) = (flag.component.as_str(), flag.name.as_str());
                let known = FlagInfo::component(component).and_then(|()| FlagInfo::usable(component, name));
                checker.field(component, |checker| {
                    checker.right(name, known.and_then(|info| info.check(&flag.value)));
                    let is_same =
                        |other: &&crate::scenario::Flag| other.component == component && other.name == name;
                    if cluster.flags[..i].iter().any(|other| is_same(&other)) {
                        checker.right(
                            name,
                            Err(format!("flag `{name}` of {component} is there twice: leave one out")),
                        );
                    }
                });
            }
        });
    }

    fn node_pool(&mut self, pool: &'s NodePool) {
        self.form("name", &form::LABEL, &pool.name);
        self.form("count", &form::SIZE, &pool.count.to_string());
        for (i, zone) in pool.zones.iter().enumerate() {
            let checked = form::TEXT.check(zone).and_then(|()| form::LABEL_VALUE.check(zone));
            self.at_item("zones", i, checked);
        }
        self.field("labels", |checker| {
            for (key, value) in &pool.labels {
                let checked = form::LABEL_KEY.check(key).and_then(|()| form::LABEL_VALUE.check(value));
                checker.right(key, checked);
            }
        });
        for (i, taint) in pool.taints.iter().enumerate() {
            let text = |field: &str| taint.str_at(&[field]).unwrap_or_default();
            let checked = form::LABEL_KEY
                .check(text("key"))
                .and_then(|()| form::LABEL_VALUE.check(text("value")))
                .and_then(|()| form::EFFECT.check(text("effect")));
            self.at_item("taints", i, checked);
        }
        self.field("capacity", |checker| {
            for (resource, quantity) in &pool.capacity {
                checker.form(resource, &form::QUANTITY, quantity);
            }
        });
    }

    /// Notes an error of an item in a list.
    fn at_item(&mut self, list: &str, item: usize, checked: Result<(), String>) {
        self.field(list, |checker| {
            checker.place.0.push(super::Part::Item(item));
            if let Err(why) = checked {
                checker.wrong(why);
            }
            checker.place.0.pop();
        });
    }

    pub(super) fn image(&mut self, rule: &'s ImageRule) {
        self.form("image", &form::TEXT, &rule.image.0);
        match &rule.pull {
            Pull::Takes(times) => self.right("pull", times.check()),
            Pull::Fails { reason, .. } => self.field("pull", |c| c.form("error", &form::TEXT, reason)),
        }
        let ready = if let Ready::After(times) = rule.ready { Some(times) } else { None };
        for (field, times) in [
            ("start", Some(rule.start)),
            ("ready", ready),
            ("stop", Some(rule.stop)),
            ("hang", rule.hang),
            ("postStart", Some(rule.post_start)),
            ("preStop", Some(rule.pre_stop)),
        ] {
            self.right(field, times.map_or(Ok(()), |times| times.check()));
        }
        if let Some(exit) = &rule.exit {
            self.field("exit", |checker| {
                checker.right("after", exit.after.check());
                checker.form("code", &form::EXIT_CODE, &exit.code.to_string());
            });
        }
        self.may("memory", &form::QUANTITY, rule.memory.as_deref());
        self.may("program", &form::PROGRAM, rule.program.as_deref());
        if rule.hang.is_some() && rule.program.is_some() {
            self.right("hang", Err("a container with a `program` cannot `hang`: leave one out".into()));
        }
        if rule.program.is_none() && rule.with.as_map().is_some_and(|with| !with.is_empty()) {
            self.right("with", Err("`with` goes with `program`: name one, or leave it out".into()));
        }
    }

    pub(super) fn operator(&mut self, operator: &'s OperatorSpec) {
        self.form("program", &form::PROGRAM, &operator.program);
        self.form("name", &form::LABEL, &operator.name);
        self.form("replicas", &form::SIZE, &operator.replicas.to_string());
    }

    pub(super) fn converge(&mut self) {
        let converge = &self.scenario.converge;
        for (field, ms, right) in
            [("within", converge.within_ms, "20m"), ("settle", converge.settle_ms, "10m")]
        {
            let checked = match ms {
                0 => Err(format!(
                    "`{field}: 0s` leaves the system no time: write a duration such as `{right}`"
                )),
                _ => Millis(ms).to_string().parse::<Millis>().map(drop),
            };
            self.right(field, checked);
        }
        self.each("ignore", &converge.ignore, Self::ignore);
        self.each("pending", &converge.pending, Self::may_be_pending);
    }

    fn may_be_pending(&mut self, entry: &'s MayBePending) {
        self.form("kind", &form::KIND, &entry.kind.0);
        self.may("name", &form::NAME, entry.name.as_deref());
        self.may("selector", &form::SELECTOR, entry.selector.as_deref());
        if entry.name.is_some() && entry.selector.is_some() {
            self.right("selector", Err("`selector` does not go with `name`: leave one out".into()));
        }
    }

    fn ignore(&mut self, ignore: &'s Ignore) {
        self.form("kind", &form::KIND, &ignore.kind.0);
        self.may("selector", &form::SELECTOR, ignore.selector.as_deref());
        for (i, field) in ignore.fields.iter().enumerate() {
            self.at_item("fields", i, form::POINTER.check(field));
        }
    }

    pub(super) fn oracles(&mut self) {
        let disable = &self.scenario.disable;
        self.each("disable", disable, Self::disabled);
        self.unique("disable", "name", "entry", disable.iter().map(|entry| entry.oracle.name));
    }

    fn disabled(&mut self, disabled: &'s Disabled) {
        self.form("reason", &form::TEXT, &disabled.reason);
        if self.scenario.expect_violation == Some(disabled.oracle) {
            let why = format!(
                "`{}` is the expected violation: an oracle that is off never finds it",
                disabled.oracle
            );
            self.right("name", Err(why));
        }
    }
}
