//! `--check-determinism`: runs each seed again and compares the fingerprints; of the first seed that differs, the records.

use std::ops::ControlFlow;

use wavetank_sim::explore::Prepared;

use super::scenarios::Sweep;
use crate::isolate::Session;
use crate::summary::{Audience, Limits, Summary, conduct};
use crate::sweep::{Job, Report};

/// The second run of each seed of a scenario.
pub(super) struct Twice<'a, 's> {
    pub(super) jobs: &'a [Job],
    /// The fingerprints of the first runs; none of one that was stuck, which says nothing and would be stuck again.
    pub(super) first: &'a [Option<String>],
    /// What the first runs came to.
    pub(super) summary: &'a Summary,
    pub(super) sweep: &'a mut Sweep<'s>,
}

impl Twice<'_, '_> {
    /// Returns, in words, the first difference of the first seed that differs.
    pub(super) fn check(self, session: &mut Session<'_, Job, Report>, prepared: &Prepared) -> Option<String> {
        let first = self.jobs.iter().zip(self.first);
        let ended = first.filter_map(|(job, first)| Some((job.clone(), first.clone()?)));
        let (again, first): (Vec<Job>, Vec<String>) = ended.unzip();
        let mut compared = Compared { twice: self, first: &first, seen: 0, differs: false };
        let mut second = Summary::of(prepared, "", again.len());
        conduct(session, prepared, &again, &Limits::default(), &mut second, &mut compared);
        let differing = again.get(compared.seen.checked_sub(1)?).filter(|_| compared.differs)?;
        let job = Job { detail: true, ..differing.clone() };
        let mut records = Vec::new();
        session.run(&[job.clone(), job.clone()], &mut |_, outcome| {
            records.push(Report::from_outcome(outcome, &job).detail.unwrap_or_default().record);
            ControlFlow::Continue(())
        });
        Some(first_difference(job.seed, records.first()?, records.get(1)?))
    }
}

struct Compared<'a, 's, 'f> {
    twice: Twice<'a, 's>,
    first: &'f [String],
    seen: usize,
    differs: bool,
}

impl Audience for Compared<'_, '_, '_> {
    fn on_run(&mut self, _: &Summary, report: &Report, _: bool) -> ControlFlow<()> {
        self.differs = self.first[self.seen] != report.fingerprint;
        self.seen += 1;
        if self.differs { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn on_wait(&mut self, _: &Summary) {
        self.twice.sweep.on_wait(self.twice.summary);
    }
}

fn first_difference(seed: u64, one: &[String], two: &[String]) -> String {
    let place = one.iter().zip(two).position(|(a, b)| a != b).unwrap_or(one.len().min(two.len()));
    let entry =
        |record: &[String]| record.get(place).cloned().unwrap_or_else(|| "(the record ends here)".into());
    if place >= one.len() && place >= two.len() {
        return format!(
            "nondeterminism  seed {seed}: two runs had different fingerprints, and two more runs had equal records"
        );
    }
    let (a, b) = (entry(one), entry(two));
    format!("nondeterminism  seed {seed}: entry {place} of the record differs\n  first   {a}\n  second  {b}")
}
