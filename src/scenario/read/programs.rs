//! Checks that programs are registered.

use wavetank_sim::scenario::near::nearest;

use super::Reader;
use crate::scenario::yaml::Node;

impl Reader<'_, '_> {
    /// A registered program.
    pub(super) fn program(&mut self, node: &Node) -> Option<String> {
        let name = node.text()?;
        if self.context.programs.contains(&&*name) {
            return Some(name.into_owned());
        }
        let instead = match nearest(&name, self.context.programs.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "known: {}. Register a program of your own in your crate, in examples/tank.rs: \
                 `wavetank::cli(wavetank::registry().program(\"{name}\", run))`",
                self.context.programs.join(", ")
            ),
        };
        self.wrong(node.spot, format!("there is no program `{name}`; {instead}"));
        None
    }
}
