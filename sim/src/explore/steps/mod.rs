//! Steps: what a user does with kubectl, as requests.
//!
//! - `objects`, `patches`, `nodes`, `waits`: the verbs, by what they act on
//! - `targets`: which objects a step acts on
//!
//! To add a verb: the header of `scenario/step.rs` lists the places.

mod nodes;
mod objects;
mod patches;
mod targets;
mod waits;

use super::world::{Halt, World};
use crate::cluster::USER;
use crate::engine::{Millis, Time};
use crate::scenario::{Action, Step, UntilGone};
use crate::wire::{Options, Request, What};

/// What a step has come to.
type Result<T = ()> = std::result::Result<T, Halt>;

impl World<'_> {
    pub(super) async fn step(&mut self, step: &Step) -> Result {
        self.cluster.note(USER, What::Step(step.label().into()));
        let done = match &step.action {
            Action::Apply(objects) => self.apply(objects).await,
            Action::Create(objects) => self.create(objects).await,
            Action::DeleteObjects(objects, until_gone) => {
                self.delete_objects(objects, timeout_of(step, until_gone)).await
            }
            Action::Delete { target, cascade, grace_period_seconds, until_gone } => {
                let timeout = timeout_of(step, until_gone);
                self.delete(target, *cascade, *grace_period_seconds, timeout).await
            }
            Action::Patch { target, patch_type, patch, subresource } => {
                self.patch(target, *patch_type, patch.clone(), subresource.as_deref()).await
            }
            Action::Scale { target, replicas } => self.scale(target, *replicas).await,
            Action::SetImage { target, containers } => self.set_image(target, containers).await,
            Action::RolloutRestart { target } => self.restart(target).await,
            Action::RolloutUndo { target, to_revision } => self.undo(target, *to_revision).await,
            Action::Cordon(nodes) => self.cordon(nodes, true).await,
            Action::Uncordon(nodes) => self.cordon(nodes, false).await,
            Action::Drain { nodes, timeout_ms } => self.drain(nodes, *timeout_ms).await,
            Action::UpgradeNodes { to, surge, timeout_ms } => {
                self.upgrade_nodes(to, *surge, *timeout_ms).await
            }
            Action::Wait(wait) => self.wait(wait).await,
            Action::Assert(check) => self.assert(check, step),
        };
        let Err(Halt::StepFailed(why)) = done else { return done };
        let place = self.scenario.place_of(step).map_or(String::new(), |place| format!(" ({place})"));
        let (step, now) = (step.label(), self.cluster.now());
        Err(Halt::StepFailed(format!("step \"{step}\"{place} failed at {now}: {why}")))
    }

    /// Sends a request, which must succeed.
    async fn succeed(&mut self, request: Request) -> Result {
        let what = format!("{} {}", request.verb.as_str(), request.resource.map_or("", |r| r.plural()));
        let key = request.key();
        match self.ask(request).await?.failure() {
            None => Ok(()),
            Some(status) => Err(Halt::StepFailed(format!("{what} {key}: {}", status.message))),
        }
    }

    /// Looks every so often until there is something or the time is over. Returns what the last look found.
    async fn look_until<T>(
        &mut self,
        deadline: Time,
        every: Millis,
        look: impl Fn(&mut Self) -> Option<T>,
    ) -> Result<Option<T>> {
        loop {
            let found = look(self);
            if found.is_some() || self.cluster.now() >= deadline {
                return Ok(found);
            }
            self.pass_until(self.cluster.now() + every).await?;
        }
    }
}

/// How long a deletion may take until its objects are gone; nothing if it does not wait.
fn timeout_of(step: &Step, until_gone: &UntilGone) -> Option<Millis> {
    let waits = until_gone.wait.unwrap_or(step.when.is_none());
    waits.then(|| until_gone.timeout_ms.unwrap_or(UntilGone::TIMEOUT_MS))
}

/// Options of a write: steps write under kubectl's field manager.
fn options() -> Options {
    Options { field_manager: "kubectl".into(), ..Options::default() }
}
