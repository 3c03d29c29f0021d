//! The table of oracles: the name of every violation, what it means and what reports it. The code that reports violations is in
//! `oracles`, in `explore` and in the root crate.

use derive_more::Display;

use super::near::instead;

/// A row of the table of oracles. It prints as its name.
#[derive(Clone, Copy, PartialEq, Eq, derive_more::Debug, Display)]
#[display("{name}")]
#[debug("{name}")]
pub struct OracleInfo {
    /// The name in files and reports.
    pub name: &'static str,
    /// What it finds, in one sentence.
    pub about: &'static str,
    /// What reports it.
    pub from: Reporter,
    /// The uses that a scenario may make of it: this one and those before it.
    pub most: Use,
    /// Whether this version has it.
    pub available: bool,
}

/// What reports a violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reporter {
    /// An oracle in `oracles`, which reads the record of a run.
    Record,
    /// A check of the scenario.
    Check,
    /// The run itself.
    Run,
    /// The process around the run.
    Process,
}

/// The uses of an oracle's name. Each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// `wavetank explain oracle NAME`.
    Explained,
    /// `expect: {violation: NAME}`.
    Expected,
    /// `oracles: {disable: [{name: NAME, ..}]}`.
    Disabled,
}

/// Makes of each row a constant with which code names the oracle, and an entry of [`ORACLES`].
macro_rules! rows {
    ($($constant:ident $name:literal $from:ident $most:ident $available:literal $about:literal)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $about)]
            pub const $constant: &OracleInfo = &OracleInfo {
                name: $name, about: $about, from: Reporter::$from, most: Use::$most, available: $available,
            };
        )*
        /// All oracles.
        pub const ORACLES: &[&OracleInfo] = &[$($constant),*];
    };
}

rows! {
    NO_CONVERGENCE "no_convergence" Run Disabled true
    "After the faults have healed, the system does not converge in time: an object stays pending, an `eventually` does not hold, or a program does not run."
    UNSTABLE "unstable" Run Disabled true
    "After the faults have healed, the system converges but never stays converged for the settle window."
    STALLED "stalled" Run Disabled true
    "After the faults have healed, a custom resource says `Stalled=True`, so that waiting does not help."
    HOT_LOOP "hot_loop" Record Disabled true
    "A program writes one object again and again although the system has converged, or although nothing else changes before the first fault, or it keeps time from passing."
    PANIC "panic" Record Disabled true
    "A program panics, in its main task or in a spawned one."
    ALWAYS "always" Check Disabled true
    "An `always` of the scenario does not hold at some commit from t = 0 on, for longer than its grace."
    END_STATE "end_state" Record Disabled false
    "The objects at the end differ from those at the end of every run of the same scenario without faults."
    COUNTS "counts" Record Disabled false
    "Programs create or delete an object more often than in any run of the same scenario without faults."
    HEALTHY_DELETED "healthy_deleted" Record Disabled false
    "A program deletes a Ready pod, a bound PersistentVolumeClaim or a workload with ready pods that no run without faults deletes."
    STATUS_LIES "status_lies" Record Disabled false
    "A custom resource is Ready for more than 60 s while an object that it controls is pending or unhealthy."
    WRITE_AFTER_LEASE_LOSS "write_after_lease_loss" Record Disabled false
    "A program begins a write more than 5 s after it could know that it no longer holds its Lease."
    CONFLICT_STORM "conflict_storm" Record Disabled false
    "After the faults have healed, a program gets 20 conflicts (409) in a row for one object."
    ORPHANS "orphans" Record Disabled false
    "An object outlives the custom resource that owned it, and no run without faults leaves it behind."
    DUPLICATE "duplicate" Record Disabled false
    "Two instances of something that may run only once run at the same time."
    SLOW_CONVERGENCE "slow_convergence" Record Disabled true
    "The system converges only because of a timer of a program, more than 60 s after the program got its last event: a note, or a violation where the scenario says `converge: {withoutResync: true}`."
    NOT_MODELLED "not_modelled" Record Disabled false
    "A program writes something that has an effect on a real cluster and that wavetank does not model."
    STEP "step" Run Expected true
    "A step of the scenario fails, which ends the run."
    AT_END "at_end" Run Expected true
    "The code that the scenario runs at the end of each run returns an error or panics."
    EXIT "exit" Process Expected true
    "The process of the run ends before the run: a program crashes it by a signal, or ends it by `exit` or `abort` again and again. Fewer such ends are exits of the program, which is started again."
    STUCK "stuck" Process Expected true
    "A program blocks the run for longer than the watchdog waits on the wall clock; this depends on the machine."
    INTERNAL "internal" Process Explained true
    "wavetank itself panics, which is a bug of wavetank."
}

impl OracleInfo {
    /// The oracle with this name, if this version has it and permits this use; else what is wrong and what would be right.
    pub fn usable(name: &str, wanted: Use) -> Result<&'static Self, String> {
        let right = Self::names(wanted);
        match ORACLES.iter().find(|oracle| oracle.name == name) {
            None => Err(format!("there is no oracle `{name}`; {}", instead(name, right))),
            Some(oracle) if !oracle.available => Err(format!("oracle `{name}` is not there yet")),
            Some(oracle) if oracle.most < wanted => {
                Err(format!("oracle `{name}` does not belong here: write one of {}", right.join(", ")))
            }
            Some(oracle) => Ok(oracle),
        }
    }

    /// The names of the oracles of this version that permit this use.
    pub fn names(wanted: Use) -> Vec<&'static str> {
        let usable = |oracle: &&&Self| oracle.available && oracle.most >= wanted;
        ORACLES.iter().filter(usable).map(|oracle| oracle.name).collect()
    }
}

impl PartialEq<str> for OracleInfo {
    fn eq(&self, name: &str) -> bool {
        self.name == name
    }
}
