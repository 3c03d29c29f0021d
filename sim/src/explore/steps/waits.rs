//! Steps that send nothing: wait, assert.

use super::Result;
use crate::engine::Millis;
use crate::explore::liveness::Waiting;
use crate::explore::run::SETUP_SETTLE_MS;
use crate::explore::world::{Halt, World};
use crate::object::Value;
use crate::oracles::Compiled;
use crate::scenario::{Check, Step, Wait, WaitFor};

/// How often `wait` looks, in ms. Virtual, so it costs little.
const POLL_MS: Millis = 100;

impl World<'_> {
    pub(super) async fn wait(&mut self, wait: &Wait) -> Result {
        let deadline = self.cluster.now() + wait.timeout_ms;
        let (target, condition, what) = match &wait.until {
            WaitFor::Converged => return self.converge(Waiting::Step, deadline, SETUP_SETTLE_MS).await,
            WaitFor::Time(ms) => return self.pass_until(self.cluster.now() + *ms).await,
            WaitFor::Condition { target, condition, status } => {
                (target, Some((condition, status)), format!("{condition}={status} of {target}"))
            }
            WaitFor::Delete(target) => (target, None, format!("{target} to be deleted")),
        };
        let look = |world: &mut Self| {
            // Without the kind there are no objects either: its CRD may still be on its way.
            let found: Vec<_> = world.targets(target).map_or(Vec::new(), |(resource, keys)| {
                keys.iter().filter_map(|key| world.cluster.server().get(resource, key)).collect()
            });
            let is_over = match condition {
                None => found.is_empty(),
                Some((condition, status)) => {
                    let has = |c: &Value| c.str_at(&["status"]) == Some(status);
                    !found.is_empty() && found.iter().all(|o| o.condition(condition).is_some_and(has))
                }
            };
            is_over.then_some(())
        };
        let over = self.look_until(deadline, POLL_MS, look).await?;
        over.ok_or_else(|| Halt::StepFailed(format!("timed out waiting for {what}")))
    }

    pub(super) fn assert(&mut self, check: &Check, step: &Step) -> Result {
        let compiled =
            Compiled::of(&step.label(), check).map_err(|error| Halt::StepFailed(error.to_string()))?;
        compiled.start(&self.scenario.namespace).holds(self.cluster.server()).map_err(Halt::StepFailed)
    }
}
