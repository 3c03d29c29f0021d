//! Steps of a scenario built in code.

use wavetank_sim::scenario::{Action, Step, Target};

/// Sets `spec.replicas` of `kind/name`.
pub fn scale(target: &str, replicas: u32) -> Step {
    let (kind, name) = target.split_once('/').unwrap_or((target, ""));
    let target = Target::Named { kind: kind.into(), namespace: None, name: name.into() };
    Step::new(Action::Scale { target, replicas })
}
