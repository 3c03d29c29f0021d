//! The format of `converge`.

use wavetank_sim::object::Value;

use super::fault_rows::{closed, of};
use super::leaf::{BOOLEAN, DURATION, KIND, POINTER, SELECTOR, TEXT};
use super::map;
use crate::scenario::shape::{Fields, Shape, may, must};

/// When the system counts as converged.
pub(super) static CONVERGE: Fields = map(
    "`converge`",
    &[
        may("within", DURATION, "the time from healing in which the system must converge; default 20m"),
        may("settle", DURATION, "the time for which the system must stay converged; default 10m"),
        may(
            "ignore",
            Shape::List(&Shape::Fields(&IGNORE)),
            "objects and fields that may change while the system is converged",
        ),
        may(
            "pending",
            Shape::List(&Shape::Branches(&PENDING, name_or_selector)),
            "objects that may be pending when all is well, such as a custom resource that is Ready=False by design",
        ),
        may(
            "withoutResync",
            BOOLEAN,
            "whether a convergence is a violation that only a timer of a program brings about; default false, which makes it a note",
        ),
    ],
);

static PENDING: Fields = map(
    "an entry of `pending`",
    &[
        must("kind", KIND, "the objects' kind"),
        may("name", TEXT, "the object's name; default all of the kind"),
        may("selector", SELECTOR, "the objects' labels; default all of the kind"),
    ],
);

/// With a name there is no selector.
fn name_or_selector() -> Value {
    let kind = || of(&PENDING, &["kind"]);
    let with = |name: &'static str| {
        let properties = kind().into_iter().chain(of(&PENDING, &[name])).collect();
        closed(properties, vec!["kind".into(), name.into()])
    };
    Value::list([closed(kind(), vec!["kind".into()]), with("name"), with("selector")])
}

static IGNORE: Fields = map(
    "an entry of `ignore`",
    &[
        must("kind", KIND, "the objects' kind"),
        may("selector", SELECTOR, "the objects' labels; default all of the kind"),
        may("fields", Shape::List(&POINTER), "JSON pointers of the fields; default the whole object"),
    ],
);
