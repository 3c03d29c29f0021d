//! Isolation `thread`: a fresh OS thread for each job, so that all thread-locals of libraries start anew.
//!
//! It cannot survive a job that ends the process, nor end a job that never returns.

use std::any::Any;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::{process, thread};

use wavetank_sim::hermetic;

use super::drive::{self, Follow};
use super::tell::{Sink, telling};
use super::{Outcome, Work};

/// Our choice: twice the usual 8 MiB of a main thread. Untouched pages cost nothing.
const STACK_BYTES: usize = 16 << 20;

/// The exit code of a sweep with a violation.
const VIOLATION: i32 = 1;

/// Where a program reads the clock for ever, this process says so and ends: it has no other way to end the run.
pub(crate) fn end_on_endless_loops() {
    hermetic::on_endless_loop(|words| {
        let words = format!(
            "violation  hot_loop: {words}\nthe sweep ends here, because isolation `thread` cannot end this run: use `--isolation fork`, or `check()` in a test"
        );
        // Nobody is left whom an error could be told.
        let _ = writeln!(io::stderr(), "{words}");
        process::exit(VIOLATION)
    });
}

pub(super) fn run<I: Sync, O: Send>(
    jobs: usize,
    ahead: usize,
    inputs: &[I],
    work: &Work<'_, I, O>,
    follower: &mut dyn Follow<Outcome<O>>,
) {
    let lane = |input: &I, told: &mut dyn FnMut(String)| on_told_thread(input, work, told);
    drive::in_order(inputs, ahead, vec![lane; jobs.max(1)], follower);
}

/// Executes a job on a new thread, passes on what it tells, and waits for it.
fn on_told_thread<I: Sync, O: Send>(
    input: &I,
    work: &Work<'_, I, O>,
    told: &mut dyn FnMut(String),
) -> Outcome<O> {
    let (sender, texts) = mpsc::channel::<String>();
    // The job goes on if nobody listens any more.
    let sink: Sink = Box::new(move |text| _ = sender.send(text.to_owned()));
    on_thread(input, work, sink, || texts.iter().for_each(told))
}

/// Executes a job on a new thread and waits for it. The sink takes what it tells.
pub(super) fn on_fresh_thread<I: Sync, O: Send>(input: &I, work: &Work<'_, I, O>, sink: Sink) -> Outcome<O> {
    on_thread(input, work, sink, || {})
}

fn on_thread<I: Sync, O: Send>(
    input: &I,
    work: &Work<'_, I, O>,
    sink: Sink,
    meanwhile: impl FnOnce(),
) -> Outcome<O> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("run".into()).stack_size(STACK_BYTES);
        match thread.spawn_scoped(scope, || telling(sink, || caught(input, work))) {
            Ok(running) => {
                meanwhile();
                running.join().unwrap_or_else(|payload| Outcome::Panicked { message: text(&*payload) })
            }
            Err(error) => Outcome::Died { how: format!("no thread: {error}"), output: String::new() },
        }
    })
}

fn caught<I, O>(input: &I, work: &Work<'_, I, O>) -> Outcome<O> {
    match catch_unwind(AssertUnwindSafe(|| work(input))) {
        Ok(answer) => Outcome::Done(answer),
        // The hermetic layer knows the places of panics in a run. The last panic ended the job.
        Err(payload) => match hermetic::take_panics().pop() {
            Some(panic) => Outcome::Panicked { message: format!("{} at {}", panic.message, panic.location) },
            None => Outcome::Panicked { message: text(&*payload) },
        },
    }
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
        .to_owned()
}
