//! The state of a cluster in motion, and the questions that its users ask most.

use super::actors::Actors;
use super::cut::Cuts;
use super::event_loop::QueuedEvent;
use super::event_recording::EventRecording;
use super::leases::Leases;
use super::machines::Machines;
use super::processes::Processes;
use super::requests::Traffic;
use crate::apiserver::ApiServer;
use crate::engine::{Draws, Queue, Time};
use crate::programs::{ContainerRuntime, Hosts};
use crate::wire::{Addr, Entry, History, What};

/// A whole cluster in motion.
pub struct Cluster {
    pub(super) queue: Queue<QueuedEvent>,
    pub(super) draws: Draws,
    pub(super) history: History,
    pub(super) server: ApiServer,
    pub(super) actors: Actors,
    pub(super) traffic: Traffic,
    pub(super) leases: Leases,
    pub(super) event_recording: EventRecording,
    pub(super) runtime: ContainerRuntime,
    pub(super) machines: Machines,
    pub(super) cuts: Cuts,
    pub(super) hosts: Hosts,
    pub(super) processes: Processes,
    /// Something happened to which programs may react before the next event.
    pub(super) programs_may_act: bool,
}

impl Cluster {
    /// The time.
    pub fn now(&self) -> Time {
        self.queue.now()
    }

    /// The API server: the store's truth.
    pub fn server(&self) -> &ApiServer {
        &self.server
    }

    /// The record so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Takes the record out, after writing the last due renewal of every Lease.
    pub fn into_history(mut self) -> History {
        self.write_all_renewals();
        self.history
    }

    /// The draws of this run.
    pub fn draws(&mut self) -> &mut Draws {
        &mut self.draws
    }

    /// The hosts.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Adds an entry to the record.
    pub fn note(&mut self, actor: Addr, what: What) {
        let time = self.now();
        self.history.record.push(Entry { time, actor, what });
    }

    /// Adds a line that a program wrote.
    pub fn log(&mut self, time: Time, host: Option<Addr>, text: String) {
        self.history.logs.push(time, host, text);
    }

    /// Makes [`step`](Self::step) return [`Stepped::Woke`](super::Stepped::Woke) at this time.
    pub fn wake_at(&mut self, time: Time, token: u64) {
        self.queue.push(time, token, QueuedEvent::Wake(token));
    }

    /// Compacts the history of the API server: its last `keep` revisions stay.
    pub fn compact(&mut self, keep: u64) {
        self.server.compact(self.server.revision().saturating_sub(keep));
    }
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cluster(at {}, {} actors)", self.now(), self.history.actors.len())
    }
}
