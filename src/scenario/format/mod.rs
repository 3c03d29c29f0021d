//! The file format as data: every field, what it looks like and what it means. Files are checked against it, and the JSON
//! Schema is made from it.
//!
//! - `leaf`: durations, counts, selectors, targets and the like
//! - `cluster`: nodes, images, operators
//! - `steps`: the changes; here the table of verbs also holds how each is read
//! - `faults`: the failures, and what must hold
//! - `fault_rows`: what the schema says of each fault of the table

mod cluster;
mod fault_rows;
mod faults;
mod leaf;
mod steps;

pub(crate) use leaf::check_selector;
pub(super) use steps::VERBS;
pub(crate) use steps::check_step;

use leaf::{DURATION, KIND, LABEL, POINTER, SEEDS, SELECTOR};

use super::shape::{Field, Fields, Shape, may, must};

/// A map of the format.
const fn map(what: &'static str, fields: &'static [Field]) -> Fields {
    Fields { what, fields, one_of: &[] }
}

/// The words of a table.
const fn words<const N: usize, T>(table: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut words = [""; N];
    let mut n = 0;
    while n < N {
        words[n] = table[n].0;
        n += 1;
    }
    words
}

/// The whole file.
pub(super) static SCENARIO: Fields = map(
    "a scenario",
    &[
        must("apiVersion", Shape::Word(&["wavetank.dev/v1alpha1"]), "the version of this format"),
        must("kind", Shape::Word(&["Scenario"]), "what the file is"),
        must("metadata", Shape::Fields(&METADATA), "the name"),
        must("spec", Shape::Fields(&SPEC), "all else"),
    ],
);

static METADATA: Fields = map("`metadata`", &[must("name", LABEL, "the name in reports")]);

static SPEC: Fields = map(
    "`spec`",
    &[
        may("seeds", SEEDS, "the seeds of a sweep: how many from 0, or A..B without B; 200 unless said"),
        may("namespace", LABEL, "where objects without a namespace go; `default` unless said"),
        may("cluster", Shape::Fields(&cluster::CLUSTER), "nodes, version and flags"),
        may(
            "images",
            Shape::List(&Shape::Fields(&cluster::IMAGE)),
            "how containers behave; the first match wins",
        ),
        may("operators", Shape::List(&Shape::Fields(&cluster::OPERATOR)), "programs beside the cluster"),
        may(
            "setup",
            Shape::List(&Shape::Fields(&steps::STEP)),
            "done without faults; must converge before t = 0",
        ),
        may("steps", Shape::List(&Shape::Fields(&steps::STEP)), "the changes, in order"),
        may("faults", Shape::List(&Shape::Branches(&faults::FAULT, fault_rows::branches)), "the failures"),
        may("converge", Shape::Fields(&CONVERGE), "when the system counts as converged"),
        may("expect", faults::EXPECT, "what must hold"),
        may("oracles", Shape::Fields(&faults::ORACLES), "the built-in oracles"),
    ],
);

static CONVERGE: Fields = map(
    "`converge`",
    &[
        may("within", DURATION, "the time from the end of healing; 20m unless said"),
        may("settle", DURATION, "the time it must stay converged; 10m unless said"),
        may("ignore", Shape::List(&Shape::Fields(&IGNORE)), "what does not belong to the state"),
    ],
);

static IGNORE: Fields = map(
    "an entry of `ignore`",
    &[
        must("kind", KIND, "the kind"),
        may("selector", SELECTOR, "the labels"),
        may("fields", Shape::List(&POINTER), "JSON pointers; the whole object unless said"),
    ],
);
