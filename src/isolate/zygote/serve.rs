//! The zygote's side: finds out that this process is a zygote, warms up and forks servers, which fork a job for each input.

use std::collections::VecDeque;
use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::parent_id;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wavetank_sim::hermetic::{exits, signals};

use super::{VARIABLE, Work, lane};
use crate::isolate::history::Answers;
use crate::isolate::tell::Sink;
use crate::isolate::{Outcome, sys, threads};

/// The exit code of a warm-up's trial that succeeded. Our choice: programs do not use it.
const TRIAL_WENT_WELL: i32 = 113;

/// The exit code of a job that cannot reach its driver: EX_SOFTWARE of sysexits.h.
const OUR_OWN_BUG: i32 = 70;

/// A zygote's end of a lane: the socket, and the file that takes stdout and stderr.
pub(super) type End = (UnixStream, File);

/// Which process calls `Pool::open`.
pub(super) enum Caller {
    /// An ordinary process.
    Driver,
    /// A zygote of a later session, with the outcomes of this one.
    Earlier(Answers),
    /// The zygote of this session, with its lanes.
    Zygote(Vec<End>),
}

struct Orders {
    earlier: VecDeque<Answers>,
    ends: Vec<End>,
}

static INSIDE_JOB: AtomicBool = AtomicBool::new(false);

/// Whether this process belongs to a zygote that serves: the zygote, a server or a job.
pub(crate) fn is_inside_job() -> bool {
    INSIDE_JOB.load(Ordering::Relaxed)
}

pub(super) fn caller() -> io::Result<Caller> {
    static ORDERS: OnceLock<Mutex<Option<Orders>>> = OnceLock::new();
    let orders = match ORDERS.get() {
        Some(orders) => orders,
        None => {
            let read = read_orders()?;
            ORDERS.get_or_init(|| Mutex::new(read))
        }
    };
    let mut orders = orders.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(match orders.as_mut() {
        None => Caller::Driver,
        Some(orders) => match orders.earlier.pop_front() {
            Some(answers) => Caller::Earlier(answers),
            None => Caller::Zygote(std::mem::take(&mut orders.ends)),
        },
    })
}

/// `None` without the variable, or if it is for an ancestor of this process.
fn read_orders() -> io::Result<Option<Orders>> {
    let Ok(text) = env::var(VARIABLE) else { return Ok(None) };
    let (driver, numbers) = text.split_once(':').unwrap_or_default();
    if driver.parse() != Ok(parent_id()) {
        return Ok(None);
    }
    sys::die_with(parent_id());
    let numbers =
        numbers.split(',').map(str::parse).collect::<Result<Vec<_>, _>>().map_err(io::Error::other)?;
    let (pairs, _) = numbers.as_chunks::<2>();
    let mut ends: Vec<End> = pairs
        .iter()
        .map(|[socket, output]| (sys::inherited(*socket).into(), sys::inherited(*output).into()))
        .collect();
    let first = ends.first_mut().ok_or_else(|| io::Error::other("a zygote without lanes"))?;
    let earlier = serde_json::from_slice(&lane::read_block(&mut first.0)?)?;
    Ok(Some(Orders { earlier, ends }))
}

/// Serves until the driver closes the lanes.
pub(super) fn serve<I, O>(
    ends: Vec<End>,
    stuck_after: Duration,
    warm_up: Option<&I>,
    work: &Work<'_, I, O>,
) -> !
where
    I: DeserializeOwned + Sync,
    O: Serialize + Send,
{
    INSIDE_JOB.store(true, Ordering::Relaxed);
    sys::refuse_core_dumps();
    sys::level_mappings();
    // The first thread creates the heap that the threads of all jobs use.
    let _ = threads::on_fresh_thread(&(), &|()| (), nowhere());
    if let Some(input) = warm_up
        && survives(input, stuck_after, work)
    {
        let _ = threads::on_fresh_thread(input, work, nowhere());
    }
    let zygote = process::id();
    let mut servers = Vec::new();
    let mut ends = ends.into_iter();
    while let Some(end) = ends.next() {
        match sys::fork() {
            Ok(None) => {
                drop(ends);
                sys::die_with(zygote);
                serve_lane(end, stuck_after, work)
            }
            Ok(Some(server)) => servers.push(server),
            Err(error) => give_up("no process for a server", &error),
        }
    }
    for server in servers {
        let _ = sys::wait(server);
    }
    sys::exit(0)
}

/// Tries the warm-up in a process of its own. The zygote must not execute one that exits, hangs or leaves threads running.
fn survives<I: Sync, O: Send>(input: &I, stuck_after: Duration, work: &Work<'_, I, O>) -> bool {
    let zygote = process::id();
    match sys::fork() {
        Ok(None) => {
            sys::die_with(zygote);
            sys::kill_after(stuck_after);
            let outcome = threads::on_fresh_thread(input, work, nowhere());
            let well = matches!(outcome, Outcome::Done(_)) && is_single_threaded_soon();
            sys::exit(if well { TRIAL_WENT_WELL } else { 0 })
        }
        Ok(Some(trial)) => {
            sys::wait(trial).is_ok_and(|status| sys::exit_code(status) == Some(TRIAL_WENT_WELL))
        }
        Err(_) => false,
    }
}

/// Whether all other threads end within a second. The kernel lists a joined thread a moment longer.
fn is_single_threaded_soon() -> bool {
    (0..1000).any(|_| {
        let threads = fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
        if threads > 1 {
            thread::sleep(Duration::from_millis(1));
        }
        threads == 1
    })
}

/// Forks a job for each `GO`. Allocates nothing once it is ready.
fn serve_lane<I, O>((mut socket, output): End, stuck_after: Duration, work: &Work<'_, I, O>) -> !
where
    I: DeserializeOwned + Sync,
    O: Serialize + Send,
{
    let server = process::id();
    let ready = if sys::addresses_are_fixed() { lane::READY_FIXED } else { lane::READY_RANDOM };
    if let Err(error) = sys::redirect_output(&output).and_then(|()| socket.write_all(&[ready])) {
        give_up("no way to answer", &error);
    }
    let mut go = [0];
    // The read fails when the driver closes the lane.
    while socket.read_exact(&mut go).is_ok() {
        let ended = match sys::fork() {
            Ok(None) => {
                sys::die_with(server);
                sys::kill_after(stuck_after);
                match do_job(&mut socket, work) {
                    Ok(()) => sys::exit(0),
                    Err(error) => give_up("no way to answer", &error),
                }
            }
            Ok(Some(job)) => sys::wait(job),
            Err(error) => Err(error),
        };
        if let Err(error) = ended.and_then(|status| lane::write_ended(&mut socket, status)) {
            give_up("no process for a job", &error);
        }
    }
    sys::exit(0)
}

fn do_job<I, O>(socket: &mut UnixStream, work: &Work<'_, I, O>) -> io::Result<()>
where
    I: DeserializeOwned + Sync,
    O: Serialize + Send,
{
    exits::own_process();
    signals::renew_socket_pairs();
    let (input, exits): (I, Vec<exits::Exit>) = serde_json::from_slice(&lane::read_block(socket)?)?;
    exits::expect(exits);
    let lane = socket.try_clone()?;
    exits::on_exit(move |call| {
        // Without it the driver sees how the process ends.
        let json = serde_json::to_vec(call).unwrap_or_default();
        let _ = lane::write_exit(&mut &lane, &json);
        call.exit.code
    });
    let mut told = socket.try_clone()?;
    // If the driver does not read any more, the answer fails too.
    let sink = Box::new(move |text: &str| _ = lane::write_told(&mut told, text));
    let outcome = threads::on_fresh_thread(&input, work, sink);
    lane::write_answer(socket, &serde_json::to_vec(&outcome)?)
}

/// The sink of a warm-up, to which nobody listens.
fn nowhere() -> Sink {
    Box::new(|_| ())
}

fn give_up(what: &str, error: &io::Error) -> ! {
    // This goes to the output file, which the driver shows.
    let _ = writeln!(io::stderr(), "zygote: {what}: {error}");
    sys::exit(OUR_OWN_BUG)
}
