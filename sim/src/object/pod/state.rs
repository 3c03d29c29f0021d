//! Whether a pod has ended, and whether it is ready. Read once and kept with the object, because a controller of ten thousand
//! pods checks all of them at every change of one.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::object::{Object, Value, keys};

const READ: u8 = 1;
const FINISHED: u8 = 2;
const READY: u8 = 4;

/// The flags of a pod; 0 until somebody reads them. Threads that read at the same time compute the same flags.
#[derive(Debug, Default)]
pub(crate) struct PodState(AtomicU8);

impl PodState {
    fn of(&self, pod: &Object) -> u8 {
        let known = self.0.load(Ordering::Relaxed);
        if known != 0 {
            return known;
        }
        let phase = pod.status(keys::PHASE).and_then(Value::as_str);
        let finished = if matches!(phase, Some("Succeeded" | "Failed")) { FINISHED } else { 0 };
        let ready = if pod.is_condition_true("Ready") { READY } else { 0 };
        self.0.store(READ | finished | ready, Ordering::Relaxed);
        READ | finished | ready
    }
}

impl Object {
    /// Whether this pod has ended: its phase is `Succeeded` or `Failed`.
    pub fn is_finished_pod(&self) -> bool {
        self.pod_state().of(self) & FINISHED != 0
    }

    /// Whether this pod's condition `Ready` is True.
    pub fn is_ready_pod(&self) -> bool {
        self.pod_state().of(self) & READY != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn an_edited_pod_is_read_again() {
        let pod = Object::new(
            value!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}),
        );
        assert!(pod.is_ready_pod() && !pod.is_finished_pod() && pod.is_ready_pod());
        let ended = pod.edited(|root| root.set_at(&["status"], value!({"phase": "Failed"})));
        assert!(!ended.is_ready_pod() && ended.is_finished_pod());
    }
}
