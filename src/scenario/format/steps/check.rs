//! Checks of steps that need no cluster. Files and the builder share them.

use wavetank_sim::scenario::{Action, Target};

use crate::scenario::format::leaf::{KIND_AND_NAME, NODE_VERSION};

/// Checks an action.
///
/// # Errors
/// What is wrong, and what would be right.
pub(crate) fn check_step(action: &Action) -> Result<(), String> {
    match action {
        Action::Apply(objects) => match objects.iter().find(|object| object.name().is_empty()) {
            Some(object) => {
                let kind = object.kind();
                Err(format!("`apply` needs a name, and this {kind} has only generateName: use `create`"))
            }
            None => Ok(()),
        },
        Action::Scale { target: target @ Target::Named { .. }, .. } => {
            KIND_AND_NAME.check_text(&target.to_string())
        }
        Action::UpgradeNodes { to, .. } => NODE_VERSION.check_text(to),
        _ => Ok(()),
    }
}
