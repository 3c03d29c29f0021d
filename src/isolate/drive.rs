//! Distributes inputs over lanes and returns the answers in the order of the inputs. It does not know what a lane does.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Gives each input to one lane. `on_answer` gets the answers in the order of the inputs, each as soon as possible.
///
/// After a `Break` the lanes finish their current inputs and take no more.
pub(super) fn in_order<I: Sync, A: Send>(
    inputs: &[I],
    mut lanes: Vec<impl FnMut(&I) -> A + Send>,
    on_answer: &mut dyn FnMut(usize, A) -> ControlFlow<()>,
) {
    lanes.truncate(inputs.len());
    if let [lane] = lanes.as_mut_slice() {
        for (n, input) in inputs.iter().enumerate() {
            if on_answer(n, lane(input)).is_break() {
                return;
            }
        }
        return;
    }
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        // The lanes stop when the receiver is dropped, also if `on_answer` panics.
        let (sender, answers) = mpsc::channel();
        for mut lane in lanes {
            let (next, sender) = (&next, sender.clone());
            scope.spawn(move || {
                while let Some((n, input)) = take(inputs, next) {
                    if sender.send((n, lane(input))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        deliver(answers, on_answer);
    });
}

fn take<'i, I>(inputs: &'i [I], next: &AtomicUsize) -> Option<(usize, &'i I)> {
    let n = next.fetch_add(1, Ordering::Relaxed);
    inputs.get(n).map(|input| (n, input))
}

fn deliver<A>(answers: mpsc::Receiver<(usize, A)>, on_answer: &mut dyn FnMut(usize, A) -> ControlFlow<()>) {
    let mut early = BTreeMap::new();
    let mut due = 0;
    for (n, answer) in &answers {
        early.insert(n, answer);
        while let Some(answer) = early.remove(&due) {
            if on_answer(due, answer).is_break() {
                return;
            }
            due += 1;
        }
    }
}
