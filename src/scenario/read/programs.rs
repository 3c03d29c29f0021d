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
        let near = nearest(&name, self.context.programs.iter().copied());
        let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
        let known = match self.context.programs {
            [] => "none".to_owned(),
            programs => programs.join(", "),
        };
        let instead = format!(
            "{near}known: {known}. Register a program of your own in your crate, in examples/tank.rs: \
             `wavetank::cli(wavetank::registry().program(\"{name}\", run))`"
        );
        self.wrong(node.spot, format!("there is no program `{name}`; {instead}"));
        None
    }
}
