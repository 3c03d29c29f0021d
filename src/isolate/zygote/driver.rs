//! The driver's side: starts the zygote, sends inputs to its lanes, and makes outcomes of the replies.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{env, process, thread};

use serde::Serialize;
use serde::de::DeserializeOwned;
use wavetank_sim::hermetic::exits::ExitCall;

use super::exits::Exits;
use super::lane::{self, Message};
use super::{Outcome, Pool, VARIABLE};
use crate::isolate::drive::{self, Follow};
use crate::isolate::{history, stdin, sys};

/// How much of a dead job's output is kept. Our choice: enough for a panic with its backtrace.
const OUTPUT_TAIL_BYTES: u64 = 8 << 10;

/// The driver waits this much longer than the job's watchdog. Our choice: for the start, and for a machine under load.
const GRACE: Duration = Duration::from_secs(60);

pub(in crate::isolate) struct Driver {
    session: usize,
    zygote: Child,
    lanes: Vec<Lane>,
    addresses_are_fixed: bool,
    warm_up_stuck: bool,
    /// The kernel kills the zygote when the thread that started it ends, and the history belongs to that thread.
    not_send: PhantomData<*const ()>,
}

struct Lane {
    socket: UnixStream,
    output: File,
    stuck_after: Duration,
}

/// What a job said, and how its process ended.
#[derive(Default)]
struct Said {
    /// The outcome as JSON, if it got so far.
    answer: Option<String>,
    /// The call of a program that ended it.
    call: Option<ExitCall>,
    /// Parts of a text.
    stuck: Option<Vec<String>>,
    looped: Option<String>,
    status: ExitStatus,
}

impl Driver {
    pub(super) fn start(pool: &Pool) -> io::Result<Self> {
        let earlier = history::begin_session()?;
        let session = earlier.len();
        let mut lanes = Vec::new();
        let mut theirs = Vec::new();
        for _ in 0..pool.jobs.max(1) {
            let (socket, other_end) = UnixStream::pair()?;
            // Twice, because a warm-up that hangs takes its whole time too.
            socket.set_read_timeout(Some(pool.stuck_after * 2 + GRACE))?;
            lanes.push(Lane { socket, output: sys::output_file()?, stuck_after: pool.stuck_after });
            theirs.push(other_end);
        }
        let zygote = start_zygote(&lanes, &theirs)?;
        drop(theirs);
        let mut driver = Driver {
            session,
            zygote,
            lanes,
            addresses_are_fixed: true,
            warm_up_stuck: false,
            not_send: PhantomData,
        };
        match driver.greet(&serde_json::to_vec(&earlier)?) {
            Ok(()) => Ok(driver),
            Err(error) => Err(driver.not_serving(&error)),
        }
    }

    fn greet(&mut self, earlier: &[u8]) -> io::Result<()> {
        lane::write_block(&mut self.lanes[0].socket, &[], earlier)?;
        for lane in &mut self.lanes {
            let mut ready = [0];
            lane.socket.read_exact(&mut ready)?;
            let lane::Ready { fixed, warm_up_stuck } = lane::Ready::of(ready[0]);
            self.addresses_are_fixed &= fixed;
            self.warm_up_stuck |= warm_up_stuck;
        }
        Ok(())
    }

    fn not_serving(&mut self, error: &io::Error) -> io::Error {
        let end = match self.zygote.try_wait() {
            Ok(Some(status)) => ending(status),
            _ => error.to_string(),
        };
        let output = self.lanes[0].output_tail();
        io::Error::other(format!(
            "the zygote did not reach its session ({end}); its last output: {}",
            output.trim_end()
        ))
    }

    pub(super) fn addresses_are_fixed(&self) -> bool {
        self.addresses_are_fixed
    }

    pub(super) fn warm_up_was_stuck(&self) -> bool {
        self.warm_up_stuck
    }

    pub(super) fn run<I, O>(&mut self, inputs: &[I], ahead: usize, follower: &mut dyn Follow<Outcome<O>>)
    where
        I: Serialize + Sync,
        O: Serialize + DeserializeOwned + Send,
    {
        history::begin_run(self.session);
        let mut keeping = Keeping { session: self.session, follower };
        let lanes = self.lanes.iter_mut();
        let lanes = lanes
            .map(|lane| move |input: &I, told: &mut dyn FnMut(String)| lane.execute::<I, O>(input, told));
        drive::in_order(inputs, ahead, lanes.collect(), &mut keeping);
    }
}

/// Keeps the outcomes in the history, as JSON, before the follower gets them.
struct Keeping<'f, O> {
    session: usize,
    follower: &'f mut dyn Follow<Outcome<O>>,
}

impl<O> Follow<(Outcome<O>, String)> for Keeping<'_, O> {
    fn answer(&mut self, n: usize, (outcome, json): (Outcome<O>, String)) -> ControlFlow<()> {
        history::keep(self.session, json);
        self.follower.answer(n, outcome)
    }

    fn told(&mut self, n: usize, text: String) {
        self.follower.told(n, text);
    }

    fn look(&mut self) -> ControlFlow<()> {
        self.follower.look()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The kernel kills its servers and their jobs with it.
        let _ = self.zygote.kill();
        let _ = self.zygote.wait();
    }
}

impl Lane {
    /// Executes a job, again and again while programs end its process. Returns the outcome and its JSON.
    fn execute<I: Serialize, O: Serialize + DeserializeOwned>(
        &mut self,
        input: &I,
        told: &mut dyn FnMut(String),
    ) -> (Outcome<O>, String) {
        let (mut exits, mut heard) = (Exits::default(), 0);
        let outcome = loop {
            let mut again = 0;
            // Up to the exit, a job that is done again tells the same again.
            let mut news = |text| {
                again += 1;
                if again > heard {
                    heard = again;
                    told(text);
                }
            };
            break match self.exchange(&(input, exits.known()), &mut news) {
                Ok(Said { looped: Some(words), .. }) => Outcome::Looped { words },
                Ok(Said { stuck: Some(words), .. }) => self.stuck(words),
                Ok(Said { answer: Some(json), .. }) => match serde_json::from_str(&json) {
                    Ok(outcome) => return (outcome, json),
                    Err(error) => lost(&error.into()),
                },
                Ok(Said { call: Some(call), .. }) => match exits.learn(call) {
                    Ok(()) => continue,
                    Err(how) => Outcome::Died { how, output: self.output_tail() },
                },
                Ok(Said { status, .. }) => Outcome::Died { how: ending(status), output: self.output_tail() },
                Err(error) => lost(&error),
            };
        };
        let json = serde_json::to_string(&outcome).unwrap_or_default();
        (outcome, json)
    }

    /// The outcome of a job whose time was over, and what it did last.
    fn stuck<O>(&self, mut words: Vec<String>) -> Outcome<O> {
        let output = self.output_tail();
        words.extend(output.lines().next_back().map(|line| format!("its last output: {line}")));
        words.retain(|part| !part.is_empty());
        Outcome::Stuck { wall_s: self.stuck_after.as_secs(), words: words.join("; ") }
    }

    fn exchange<I: Serialize>(&mut self, input: &I, told: &mut dyn FnMut(String)) -> io::Result<Said> {
        if self.output.metadata()?.len() > 0 {
            self.output.set_len(0)?;
        }
        lane::write_block(&mut self.socket, &[lane::GO], &serde_json::to_vec(input)?)?;
        let mut said = Said::default();
        loop {
            match lane::read_message(&mut self.socket)? {
                Message::Told(text) => told(String::from_utf8_lossy(&text).into_owned()),
                Message::Answer(json) => {
                    said.answer = Some(String::from_utf8(json).map_err(io::Error::other)?)
                }
                Message::Exit(json) => said.call = serde_json::from_slice(&json).ok(),
                Message::Stuck(words) => said.stuck.get_or_insert_default().push(words),
                Message::Looped(words) => said.looped = Some(words),
                Message::Ended(status) => {
                    said.status = ExitStatus::from_raw(status);
                    return Ok(said);
                }
            }
        }
    }

    fn output_tail(&self) -> String {
        let length = self.output.metadata().map_or(0, |data| data.len());
        let start = length.saturating_sub(OUTPUT_TAIL_BYTES);
        let mut bytes = vec![0; (length - start) as usize];
        let read = self.output.read_at(&mut bytes, start).unwrap_or(0);
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    }
}

fn lost<O>(error: &io::Error) -> Outcome<O> {
    Outcome::Died { how: format!("the zygote does not answer: {error}"), output: String::new() }
}

fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

fn start_zygote(lanes: &[Lane], theirs: &[UnixStream]) -> io::Result<Child> {
    let inherited: Vec<RawFd> = theirs
        .iter()
        .zip(lanes)
        .flat_map(|(socket, lane)| [socket.as_raw_fd(), lane.output.as_raw_fd()])
        .collect();
    let numbers: Vec<String> = inherited.iter().map(RawFd::to_string).collect();
    // The link and not its target: a new build may have replaced the file.
    let mut command = Command::new("/proc/self/exe");
    let mut arguments = env::args_os();
    command.arg0(arguments.next().unwrap_or_default());
    command.args(test_of_this_thread().unwrap_or_else(|| arguments.collect()));
    command.env(VARIABLE, format!("{}:{}", process::id(), numbers.join(",")));
    command.stdin(stdin::for_zygote()?).stdout(Stdio::null()).stderr(lanes[0].output.try_clone()?);
    // Ctrl-C in a terminal goes to the driver's group. The driver decides what follows.
    command.process_group(0);
    sys::make_zygote(&mut command, inherited);
    command.spawn()
}

/// The arguments that run only this thread's test again. libtest names the thread of a test after the test.
fn test_of_this_thread() -> Option<Vec<OsString>> {
    let thread = thread::current();
    let test = thread.name().filter(|name| *name != "main")?;
    Some(
        [test, "--exact", "--include-ignored", "--nocapture", "--test-threads=1"]
            .map(OsString::from)
            .to_vec(),
    )
}
