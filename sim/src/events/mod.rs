//! The Events of the control plane, as `kubectl describe` and `kubectl get events` show them: told from what was committed,
//! and only once somebody reads them.
//!
//! - `words`: what one commit of a component says, or a refused create, as pure functions; each file says what it leaves out
//! - `known`: what was committed before, as far as words depend on it
//! - `recorder`: what becomes of it: one Event, a count, one of many that are alike
//!
//! **The decision.** Hardly a run has a reader of Events, and all would pay for them: with requests, commits, and watchers
//! that wake. So no component writes any. What they say is a function of commits, which the record holds anyway: who bound
//! this pod, whose replica set grew; and of creates that the server refused the controllers, which are few and are kept. When
//! a host or the user first gets, lists or watches Events, the record so far is told to a [`Recorder`], and from then on each
//! commit as it comes. A run that nobody reads Events in does nothing for them, and its record is what it would be without
//! them.
//!
//! Real: every component posts its Events itself, some time after the cause, and loses them where it cannot. Modelled: the
//! texts, sources, types and times; counts of equal ones; similar ones told as one from the tenth within ten minutes on; a
//! source that says too much about one object goes silent; Events that are older than an hour when they are first read are
//! gone. What that means for the user: an Event is there at the very instant of its cause; its resourceVersion and
//! creationTimestamp are those of the first reading where it is older, in the order of the causes; one that is read is kept
//! for the rest of the run; an expectation is no reader, and finds none where nobody else has read. Not modelled: what leaves
//! no commit and no refusal, such as what a controller or the scheduler says again because it tried again.
//!
//! To add one: a line in the function of `words` for its subject, and a case in `tests`.

mod known;
mod recorder;
#[cfg(test)]
mod tests;
mod words;

pub use recorder::Recorder;
