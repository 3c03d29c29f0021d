//! What is known of a fault by its name: what it may strike, its arguments, and the checks that follow from them.

use super::{Arg, Args, FAULTS, FaultTarget};
use crate::scenario::Moment;
use crate::scenario::near::{instead, nearest, this_version_has_no};

/// What is known of a fault by its name alone.
#[derive(Debug, PartialEq, Eq)]
pub struct FaultInfo {
    /// The name in files and plans.
    pub name: &'static str,
    /// What it does, in plain words for users.
    pub about: &'static str,
    /// What it may strike.
    pub targets: &'static [Victim],
    /// Its arguments.
    pub args: &'static [ArgInfo],
    /// The arguments that the builder's function takes, in order.
    pub leading: &'static [&'static str],
    /// Whether it has a duration.
    pub lasts: Lasts,
    /// The moment of its event at which it strikes where none is given: what strikes the request itself strikes before it has an
    /// effect.
    pub moment: Moment,
    /// Arguments that contradict each other.
    pub never: &'static [Never],
    /// Whether this version carries it out.
    pub available: bool,
}

/// What a fault may strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// Pods.
    Pod,
    /// Nodes.
    Node,
    /// Hosts, by program.
    Program,
    /// Images, by glob.
    Image,
    /// The way between two parties.
    Between,
    /// The cluster as a whole.
    Cluster,
}

/// Values of arguments that contradict each other, where each is right by itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Never {
    /// The arguments with their values.
    pub together: &'static [(&'static str, &'static str)],
    /// Why not, and what would be right.
    pub why: &'static str,
}

/// An argument of a fault.
#[derive(Debug, PartialEq, Eq)]
pub struct ArgInfo {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub about: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What holds without it.
    pub unless: Unless,
}

/// What an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A whole number, or a range to draw from.
    Count,
    /// A duration, or a range to draw from.
    Time,
    /// `true` or `false`.
    Bool,
    /// A name or glob.
    Text,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// What holds without an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unless {
    /// It has to be given.
    Required,
    /// It is simply not there.
    Absent,
    /// This.
    Default(&'static str),
}

/// Whether a fault has a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// It strikes at one instant.
    Never,
    /// It may be given one.
    May,
    /// It has to be given one.
    Must,
}

impl FaultInfo {
    /// The fault with this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FAULTS.iter().find(|fault| fault.name == name)
    }

    /// The fault with this name, if this version carries it out; else what is wrong and what would be right.
    pub fn usable(name: &str) -> Result<&'static Self, String> {
        let known = FAULTS.iter().filter(|fault| fault.available).map(|fault| fault.name);
        match Self::named(name) {
            Some(fault) if fault.available => Ok(fault),
            Some(_) => Err(this_version_has_no("fault", name, known)),
            None => Err(format!("there is no fault `{name}`; {}", instead(name, known))),
        }
    }

    /// The message for an unknown argument: it lists the fault's own.
    pub fn no_arg(&self, name: &str) -> String {
        let known: Vec<&str> = self.args.iter().map(|arg| arg.name).collect();
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? "),
            None => String::new(),
        };
        let all =
            if known.is_empty() { "it has none".into() } else { format!("it has {}", known.join(", ")) };
        format!("`{}` has no argument `{name}`; {hint}{all}", self.name)
    }

    /// What is known of an argument by its name.
    pub fn arg(&self, name: &str) -> Option<&'static ArgInfo> {
        self.args.iter().find(|arg| arg.name == name)
    }

    /// Whether it may strike this.
    pub fn strikes(&self, target: &FaultTarget) -> bool {
        self.targets.iter().any(|victim| match (victim, target) {
            (Victim::Program | Victim::Between, FaultTarget::Program { .. })
            | (Victim::Image, FaultTarget::Image { .. })
            | (Victim::Cluster, FaultTarget::Cluster) => true,
            (Victim::Between, FaultTarget::Objects { kind, .. }) => {
                kind.matches("", "nodes", "Node") || kind.matches("", "pods", "Pod")
            }
            (Victim::Pod, FaultTarget::Objects { kind, .. }) => kind.matches("", "pods", "Pod"),
            (Victim::Node, FaultTarget::Objects { kind, .. }) => kind.matches("", "nodes", "Node"),
            _ => false,
        })
    }

    /// Whether it strikes the cluster as a whole, so that there is no target to name.
    pub fn strikes_the_cluster(&self) -> bool {
        self.targets == [Victim::Cluster]
    }

    /// What it may strike, in words.
    pub fn victims(&self) -> String {
        let words = self.targets.iter().map(|victim| match victim {
            Victim::Pod => "pods",
            Victim::Node => "nodes",
            Victim::Program => "a program",
            Victim::Image => "an image",
            Victim::Between => "nodes, pods or a program, each cut off from kube-apiserver",
            Victim::Cluster => "the cluster",
        });
        words.collect::<Vec<_>>().join(" or ")
    }

    /// The arguments that hold where none is given.
    pub fn default_args(&self) -> Args {
        let known = self.args.iter().filter_map(|arg| match arg.unless {
            Unless::Default(text) => {
                Some((arg.name, arg.read(text).expect("the table's defaults are valid")))
            }
            Unless::Required | Unless::Absent => None,
        });
        Args(known.collect())
    }

    /// What is wrong with these arguments together, where each is right by itself.
    pub fn check_args(&self, args: &Args) -> Result<(), String> {
        let missing =
            self.args.iter().find(|arg| arg.unless == Unless::Required && args.get(arg.name).is_none());
        if let Some(arg) = missing {
            return Err(format!("`{}` needs the argument `{}`", self.name, arg.name));
        }
        let has = |(name, value): &(&str, &str)| args.get(name).is_some_and(|arg| arg.to_string() == *value);
        if let Some(never) = self.never.iter().find(|never| never.together.iter().all(has)) {
            return Err(never.why.into());
        }
        Ok(())
    }

    /// Whether it may be given, or left without, a duration.
    pub fn check_duration(&self, given: bool) -> Result<(), String> {
        match (self.lasts, given) {
            (Lasts::Never, true) => Err(format!("`{}` lasts no time: leave the duration out", self.name)),
            (Lasts::Must, false) => Err(format!("`{}` needs a duration", self.name)),
            _ => Ok(()),
        }
    }
}

impl ArgInfo {
    /// The value that this text gives the argument.
    pub fn read(&self, text: &str) -> Result<Arg, String> {
        let wrong = |right: &str| format!("`{text}` is no value of `{}`: write {right}", self.name);
        match self.takes {
            Takes::Count => text.parse().map(Arg::Count),
            Takes::Time => text.parse().map(Arg::Time),
            Takes::Bool => text.parse().map(Arg::Bool).map_err(|_| wrong("`true` or `false`")),
            Takes::OneOf(words) if words.contains(&text) => Ok(Arg::Text(text.into())),
            Takes::OneOf(words) => Err(wrong(&format!("one of {}", words.join(", ")))),
            Takes::Text if !text.is_empty() && text.chars().all(is_plain) => Ok(Arg::Text(text.into())),
            Takes::Text => Err(wrong("letters, digits and `. _ - / : *`")),
        }
    }
}

/// What may stand in a text argument: nothing that means something in a plan.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-/:*".contains(c)
}
