//! The Events of the control plane, as `kubectl describe` and `kubectl get events` show them. We derive them from commits,
//! and only once somebody reads Events.
//!
//! - `state`: the objects as they are before a commit, as far as Events depend on them
//! - `derive`: what components report of a commit, or of a refused create, as pure functions
//! - `recorder`: whether a report becomes a new Event, raises a count, or joins similar ones
//!
//! Few runs have a reader of Events, and every run would pay for them. So no component writes any. Events follow from commits,
//! which the record holds anyway, and from creates that the server refused the controllers; those are few, and the cluster keeps
//! them. When a host or the user first gets, lists or watches Events, a [`Recorder`] derives those of the record so far, and
//! from then on those of each new commit. Without a reader the record is what it would be without Events.
//!
//! Real: every component posts its Events itself, some time after the cause, and loses them if it cannot.
//!
//! Modelled: texts, sources, types and times; counts of equal Events; one Event for similar ones from the tenth within ten
//! minutes on; the limit per source and object; the TTL of an hour, at the first read only: a written Event stays.
//!
//! Differs: an Event exists at the instant of its cause. If it is older than the first read, its resourceVersion and
//! creationTimestamp are those of that read, in the order of the causes. An expectation is no reader: it finds no Events where
//! nobody else has read them.
//!
//! Not modelled: Events that leave neither a commit nor a refusal, such as those of a controller or the scheduler that retries.
//!
//! To add one: a line in the function of `derive` for its subject, and a case in `tests`.

mod derive;
mod recorder;
mod state;
#[cfg(test)]
mod tests;

pub use recorder::Recorder;
