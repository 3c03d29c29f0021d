//! The file format as data: every field, the form of its value and its meaning. The checks of files and the JSON Schema both
//! follow from it.
//!
//! - `leaf`: durations, counts, selectors, targets and the like
//! - `cluster`: nodes, images, operators
//! - `converge`: when the system counts as converged
//! - `steps`: the changes; the table of verbs also has the functions that read them
//! - `faults`: failures and expectations
//! - `fault_rows`: the schema's branch for each fault of the table

mod cluster;
mod converge;
mod fault_rows;
mod faults;
mod leaf;
mod steps;

pub(crate) use leaf::{check_objects, check_selector};
pub(super) use steps::VERBS;
pub(crate) use steps::check_step;

use leaf::{LABEL, SEEDS};

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
        must("kind", Shape::Word(&["Scenario"]), "the kind of this file"),
        must("metadata", Shape::Fields(&METADATA), "holds the name"),
        must("spec", Shape::Fields(&SPEC), "the scenario itself"),
    ],
);

static METADATA: Fields = map("`metadata`", &[must("name", LABEL, "the name in reports")]);

static SPEC: Fields = map(
    "`spec`",
    &[
        may("seeds", SEEDS, "the seeds of a sweep: how many from 0, or A..B without B; default 200"),
        may("namespace", LABEL, "the namespace of objects that name none; default `default`"),
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
            "steps that run without faults and must converge before t = 0",
        ),
        may("steps", Shape::List(&Shape::Fields(&steps::STEP)), "the changes, in order"),
        may("faults", Shape::List(&Shape::Branches(&faults::FAULT, fault_rows::branches)), "the failures"),
        may("converge", Shape::Fields(&converge::CONVERGE), "when the system counts as converged"),
        may("expect", faults::EXPECT, "what must hold in every run"),
        may("oracles", Shape::Fields(&faults::ORACLES), "settings of the built-in oracles"),
    ],
);
