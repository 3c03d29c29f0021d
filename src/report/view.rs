//! What a run tells while it goes.
//!
//! To add a view: a variant of [`View`], and a type that is [`Shown`].

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use wavetank_sim::engine::Time;
use wavetank_sim::wire::History;

use super::named::Named;
use super::revisions::{At, Revisions};
use super::story::Story;
use crate::isolate::tell;

/// What to tell of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) enum View {
    /// Nothing.
    #[default]
    Nothing,
    /// Nothing, and the run ends early if it is a long one: it only warms up.
    WarmUp,
    /// Now and then, its virtual time.
    Clock,
    /// What a user would have seen, with the lines that programs print or without them.
    Story { logs: bool },
    /// Every entry of the record.
    Record,
    /// The revisions of an object.
    Object(Box<Named>),
    /// An object at a time, in ms from t = 0; without one, at the end.
    Get { named: Box<Named>, at_ms: Option<i64>, json: bool },
}

/// Sees the record of a run grow, and adds lines to tell.
pub(super) trait Shown {
    /// The record may have grown. `Break`: all has been shown.
    fn go_on(&mut self, history: &History, lines: &mut Vec<String>) -> ControlFlow<()>;

    /// The run is over. Returns why nothing was shown, if nothing was.
    fn end(&mut self, history: &History, lines: &mut Vec<String>) -> Option<String>;
}

/// A view of a run that goes on.
pub(crate) struct Showing<'a> {
    view: &'a View,
    shown: Option<Box<dyn Shown>>,
    attempt: usize,
    /// Whether all has been shown.
    is_over: bool,
    clock: Clock,
}

impl View {
    /// Begins to show a run.
    pub(crate) fn begin(&self) -> Showing<'_> {
        Showing { view: self, shown: self.shown(), attempt: 0, is_over: false, clock: Clock { told: 0 } }
    }

    fn shown(&self) -> Option<Box<dyn Shown>> {
        Some(match self {
            Self::Nothing | Self::Clock => return None,
            Self::WarmUp => Box::new(WarmUp { first: None }),
            Self::Story { logs } => Box::new(Story::new(*logs)),
            Self::Record => Box::new(Record { told: 0 }),
            Self::Object(named) => Box::new(Revisions::of(*named.clone())),
            Self::Get { named, at_ms, json } => Box::new(At::new(*named.clone(), at_ms.map(Time), *json)),
        })
    }
}

impl Showing<'_> {
    /// Whether anything is to be shown.
    pub(crate) fn is_wanted(&self) -> bool {
        !matches!(self.view, View::Nothing)
    }

    /// Tells what is new in the record of this attempt.
    pub(crate) fn go_on(&mut self, attempt: usize, history: &History) -> ControlFlow<()> {
        let Some(shown) = &mut self.shown else {
            self.clock.tell(history);
            return ControlFlow::Continue(());
        };
        if self.is_over {
            return ControlFlow::Break(());
        }
        if attempt != self.attempt {
            self.attempt = attempt;
            self.shown = self.view.shown();
            if matches!(self.view, View::Story { .. } | View::Record | View::Object(_)) {
                tell("setup has not converged in that time: the run begins again, with more time for setup");
            }
            return self.go_on(attempt, history);
        }
        let mut lines = Vec::new();
        let goes_on = shown.go_on(history, &mut lines);
        tell_all(&lines);
        self.is_over = goes_on.is_break();
        goes_on
    }

    /// The run is over, and this is its record. Returns why nothing was shown, if nothing was.
    pub(crate) fn end(self, history: &History) -> Option<String> {
        let mut shown = self.shown?;
        let mut lines = Vec::new();
        let _ = shown.go_on(history, &mut lines);
        let why = shown.end(history, &mut lines);
        tell_all(&lines);
        why
    }
}

fn tell_all(lines: &[String]) {
    if !lines.is_empty() {
        tell(&lines.join("\n"));
    }
}

/// Every entry of the record.
struct Record {
    told: usize,
}

impl Shown for Record {
    fn go_on(&mut self, history: &History, lines: &mut Vec<String>) -> ControlFlow<()> {
        let entries = history.record.entries();
        lines.extend(entries[self.told..].iter().map(|entry| history.line(entry)));
        self.told = entries.len();
        ControlFlow::Continue(())
    }

    fn end(&mut self, _: &History, _: &mut Vec<String>) -> Option<String> {
        None
    }
}

impl Shown for Story {
    fn go_on(&mut self, history: &History, lines: &mut Vec<String>) -> ControlFlow<()> {
        Story::go_on(self, history, lines);
        ControlFlow::Continue(())
    }

    fn end(&mut self, _: &History, lines: &mut Vec<String>) -> Option<String> {
        Story::end(self, lines);
        None
    }
}

/// After so many entries a warm-up ends. Our choice: lazy tables are made by then, and runs of most scenarios are shorter.
const WARM_UP_ENTRIES: usize = 10_000;

/// A run in which nobody looks.
struct WarmUp {
    /// How many entries there were when it began.
    first: Option<usize>,
}

impl Shown for WarmUp {
    fn go_on(&mut self, history: &History, _: &mut Vec<String>) -> ControlFlow<()> {
        let entries = history.record.entries().len();
        let first = *self.first.get_or_insert(entries);
        if entries < first + WARM_UP_ENTRIES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    fn end(&mut self, _: &History, _: &mut Vec<String>) -> Option<String> {
        None
    }
}

/// After so many entries of the record the clock is told again. Our choice: some milliseconds of wall time.
const ENTRIES: usize = 1000;

/// The virtual time. To tell it allocates nothing, so that a run is the same on a terminal and elsewhere.
struct Clock {
    /// How many entries there were the last time.
    told: usize,
}

impl Clock {
    fn tell(&mut self, history: &History) {
        use std::io::Write;
        let entries = history.record.entries();
        // A new attempt has fewer entries again.
        let is_due = entries.len().abs_diff(self.told) >= ENTRIES;
        let Some(last) = entries.last().filter(|_| is_due) else { return };
        self.told = entries.len();
        let mut text = [0_u8; 32];
        let mut rest = &mut text[..];
        let written = write!(rest, "{}", last.time).is_ok();
        let length = 32 - rest.len();
        if let (true, Ok(text)) = (written, str::from_utf8(&text[..length])) {
            tell(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use wavetank_sim::explore::Prepared;
    use wavetank_sim::object::Object;
    use wavetank_sim::scenario::{Action, Scenario, Step};
    use wavetank_sim::value;

    use super::View;
    use crate::isolate::{Follower, Isolation, Outcome, Pool};
    use crate::sweep::{Job, Report, work};

    #[derive(Default)]
    struct Heard {
        told: Vec<String>,
        fingerprints: Vec<String>,
    }

    impl Follower<Report> for Heard {
        fn on_result(&mut self, _: usize, outcome: Outcome<Report>) -> ControlFlow<()> {
            let Outcome::Done(report) = outcome else { panic!("{outcome:?}") };
            self.fingerprints.push(report.fingerprint);
            ControlFlow::Continue(())
        }

        fn on_told(&mut self, _: usize, text: String) {
            self.told.push(text);
        }
    }

    #[test]
    fn a_large_run_tells_its_virtual_time_and_is_the_same_as_an_untold_one() {
        let mut scenario = Scenario::new("large");
        let web = value!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {
                "replicas": 330, "selector": {"matchLabels": {"app": "web"}},
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "c", "image": "web:1"}]}
                }
            }
        });
        scenario.setup = vec![Step::new(Action::Apply(vec![Object::shared(web)]))];
        scenario.converge.settle_ms = 30_000;
        let scenarios = [Prepared::new(scenario, &[]).unwrap()];
        let do_job = |job: &Job| work(&scenarios, job);
        let job = |view| Job { scenario: 0, seed: 1, plan: None, detail: false, view };
        let mut heard = Heard::default();
        let jobs = [job(View::Clock), job(View::Nothing)];
        Pool::new(Isolation::Thread, 1).open(None, &do_job).unwrap().follow(&jobs, &mut heard);
        assert!(
            !heard.told.is_empty() && heard.told.iter().all(|time| time.ends_with('s')),
            "{:?}",
            heard.told
        );
        assert_eq!(heard.fingerprints[0], heard.fingerprints[1]);
    }
}
