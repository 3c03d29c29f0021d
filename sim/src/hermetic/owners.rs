//! Whose code runs: the incarnation of a host to which output, a panic or an exit of this thread is put down.
//!
//! A root future is polled in the name of its incarnation ([`run_as`]). A spawned task belongs to
//! - the only incarnation that has lived on this runtime, or else
//! - the incarnation in whose poll it was made: tokio numbers its tasks in ascending order, so a task made at the beginning
//!   and one made at the end of a poll enclose those that the poll has made; or else
//! - the incarnation whose `Host` it used first ([`uses`]).
//!
//! Differs from life: a task that a spawned task has made, and that has not used its `Host` yet, belongs to nobody where
//! several incarnations have lived.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use tokio::runtime::Handle;
use tokio::task::{self, LocalSet};

/// One incarnation of a host.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Owner {
    /// The host's address on the wire.
    pub host: u32,
    /// How many times its process has started, from 1.
    pub incarnation: u32,
}

#[derive(Default)]
struct Owners {
    /// The living incarnation of each host.
    living: BTreeMap<u32, u32>,
    /// The incarnations that have lived on the current runtime.
    lived: Vec<Owner>,
    /// The tasks after the first id (or from the beginning) and before the second were made by this one.
    made: Vec<(Option<task::Id>, task::Id, Owner)>,
    used: BTreeMap<task::Id, Owner>,
    /// How many turns the latest incarnation of each host has begun, and its program in words.
    turns: BTreeMap<u32, (u64, String)>,
}

thread_local! {
    static POLLED: Cell<Option<Owner>> = const { Cell::new(None) };
    static OWNERS: RefCell<Owners> = RefCell::default();
}

impl Owners {
    fn of_task(&self, id: task::Id) -> Option<Owner> {
        if let [only] = self.lived[..] {
            return Some(only);
        }
        let made =
            self.made.iter().find(|(after, before, _)| after.is_none_or(|after| after < id) && id < *before);
        made.map(|(_, _, owner)| *owner).or_else(|| self.used.get(&id).copied())
    }
}

/// Forgets all of them, before a run.
pub(super) fn clear() {
    POLLED.set(None);
    OWNERS.take();
}

/// An incarnation starts, of the program with this name.
pub fn started(owner: Owner, name: &str) {
    OWNERS.with_borrow_mut(|owners| {
        owners.turns.insert(owner.host, (0, name.to_owned()));
        owners.living.insert(owner.host, owner.incarnation);
        if let [only] = owners.lived[..] {
            owners.made.push((None, next_task(), only));
        }
        owners.lived.push(owner);
    });
}

/// The living incarnation of a host ends.
pub fn ended(host: u32) {
    OWNERS.with_borrow_mut(|owners| _ = owners.living.remove(&host));
}

/// All tasks are gone: the programs go on with another runtime.
pub fn forget_tasks() {
    OWNERS.with_borrow_mut(|owners| {
        (owners.lived, owners.made, owners.used) = Default::default();
    });
}

/// A turn of this incarnation: does the work in its name, such as a poll of its root future.
pub fn run_as<T>(owner: Owner, work: impl FnOnce() -> T) -> T {
    struct Polled;
    impl Drop for Polled {
        fn drop(&mut self) {
            POLLED.set(None);
        }
    }
    let several = OWNERS.with_borrow_mut(|owners| {
        owners.turns.entry(owner.host).and_modify(|(turns, _)| *turns += 1);
        owners.lived.len() > 1
    });
    super::output::mark();
    let before = several.then(|| (next_task(), living_tasks()));
    POLLED.set(Some(owner));
    let polled = Polled;
    let done = work();
    drop(polled);
    super::output::mark();
    if let Some((first, tasks)) = before
        && living_tasks() != tasks
    {
        OWNERS.with_borrow_mut(|owners| owners.made.push((Some(first), next_task(), owner)));
    }
    done
}

/// The current task uses something of this incarnation's.
pub fn uses(owner: Owner) {
    if POLLED.get().is_none()
        && let Some(id) = task::try_id()
    {
        let _ = OWNERS.try_with(|owners| {
            let Ok(mut owners) = owners.try_borrow_mut() else { return };
            if owners.of_task(id).is_none() {
                owners.used.insert(id, owner);
            }
        });
    }
}

/// The incarnation whose code runs now, if that is known. None as well where no code of a program runs.
pub fn current() -> Option<Owner> {
    let of_task = |id| OWNERS.try_with(|owners| owners.try_borrow().ok()?.of_task(id)).ok()?;
    POLLED.get().or_else(|| task::try_id().and_then(of_task))
}

/// Whether it has ended: what its tasks do counts for nothing.
pub fn is_over(owner: Owner) -> bool {
    let living = OWNERS.try_with(|owners| owners.try_borrow().ok()?.living.get(&owner.host).copied());
    living.is_ok_and(|living| living != Some(owner.incarnation))
}

/// How many turns this incarnation has begun, the current one included.
pub(super) fn turns(owner: Owner) -> u64 {
    let turns = OWNERS.try_with(|owners| Some(owners.try_borrow().ok()?.turns.get(&owner.host)?.0));
    turns.ok().flatten().unwrap_or_default()
}

/// The program of this incarnation's host, in words.
pub(super) fn name(owner: Owner) -> String {
    let name = OWNERS.try_with(|owners| Some(owners.try_borrow().ok()?.turns.get(&owner.host)?.1.clone()));
    name.ok().flatten().unwrap_or_default()
}

/// Whether the current code runs in a turn, and not in a spawned task.
pub(super) fn is_in_turn() -> bool {
    POLLED.get().is_some()
}

/// The id of a new task, larger than all before it. Nothing ever polls this task.
fn next_task() -> task::Id {
    LocalSet::new().spawn_local(async {}).id()
}

fn living_tasks() -> usize {
    Handle::try_current().map_or(0, |runtime| runtime.metrics().num_alive_tasks())
}
