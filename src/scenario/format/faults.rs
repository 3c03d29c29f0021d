//! The format of faults, triggers and expectations.

use super::leaf::{ANY, COUNTS, DISABLED_ORACLE, DURATION, DURATIONS, EXPECTED_ORACLE, FAULT_NAME, HOSTING};
use super::leaf::{KIND, LABEL, PICK, SELECTOR, SUBRESOURCE, TEXT};
use super::leaf::{READ_VERB, WATCH_VERB, WRITE_VERB};
use super::map;
use crate::scenario::shape::{Field, Fields, Shape, may, must};

/// A fault.
pub(super) static FAULT: Fields = map(
    "a fault",
    &[
        may("name", TEXT, "the name in reports; the fault's random draws depend on it"),
        must("fault", FAULT_NAME, "the kind of fault"),
        may(
            "target",
            Shape::OneOf(&[TEXT, Shape::Fields(&VICTIM)]),
            "what it strikes: `kind/name`, `all`, or a map",
        ),
        may(
            "between",
            Shape::List(&Shape::OneOf(&[TEXT, Shape::Fields(&VICTIM)])),
            "the two parties of a partition, one of them kube-apiserver; `target` names the other alone",
        ),
        must("when", Shape::Fields(&WHEN), "when it strikes"),
        may("times", COUNTS, "how often it strikes in a run; default 1"),
        may("duration", DURATIONS, "how long it lasts"),
        may("heal", Shape::Word(&["return", "replace"]), "how a lost node comes back"),
        may("args", Shape::Map(&ANY), "the fault's own arguments"),
    ],
);

pub(super) static VICTIM: Fields = map(
    "a fault's target",
    &[
        may("program", TEXT, "the programs or hosts, as a glob"),
        may("image", TEXT, "the images, as a glob"),
        may("kind", KIND, "the kind of the objects; with `program`: the kind that the program watches"),
        may("name", TEXT, "the objects' birth name, as a glob"),
        may("namespace", LABEL, "the objects' namespace; default the scenario's"),
        may("selector", SELECTOR, "the objects' labels"),
        may(
            "hosting",
            HOSTING,
            "only nodes that run such pods: `kind=Pod`, or `kind=Pod,app=web` for pods with labels",
        ),
        may("pick", PICK, "how many of them; default one"),
    ],
);

/// When a fault strikes, or a step runs.
pub(super) static WHEN: Fields = Fields {
    what: "`when`",
    one_of: &["at", "every", "event", "sequence"],
    fields: &[
        may("at", DURATIONS, "the time from t = 0"),
        may("every", DURATIONS, "repeatedly, with a pause before each strike"),
        may("event", Shape::Fields(&ON), "at a request or a watch event").also("on"),
        may("sequence", Shape::Later, "several triggers in order"),
        may("nth", COUNTS, "which occurrence of `event`, from 1; default 1"),
        may(
            "moment",
            Shape::Word(&["before", "after", "after-response"]),
            "when it strikes: `before` the request has an effect, `after` it is committed and not answered yet, or \
             `after-response`; default after, and before for faults that strike the request itself",
        ),
    ],
};

static ON: Fields = Fields {
    what: "`event`",
    one_of: &["read", "write", "watchEvent", "call", "log"],
    fields: &[
        may("read", Shape::Fields(&READ), "a get, list or watch, or a review"),
        may(
            "write",
            Shape::Fields(&WRITE),
            "a write, to the object or to a subresource; Lease and Event only where named",
        ),
        may("watchEvent", Shape::Fields(&WATCH_EVENT), "an added, modified or deleted object in a watch"),
        may("call", Shape::Later, "a call to an application"),
        may("log", Shape::Later, "a log line"),
    ],
};

/// The requests at which a check is judged.
static DECISION: Fields = Fields {
    what: "`event` of a check",
    one_of: &["read", "write"],
    fields: &[
        may("read", Shape::Fields(&READ), "a get, list or watch, or a review"),
        may(
            "write",
            Shape::Fields(&WRITE),
            "a write, to the object or to a subresource; Lease and Event only where named",
        ),
    ],
};

const ACTOR: Field = may("actor", TEXT, "the program or host, as a glob; default the fault's target");
const OF_KIND: Field = may("kind", KIND, "the kind; default any");
const SUB: Field =
    may("subresource", SUBRESOURCE, "the subresource, as a glob; `\"\"` for the object itself; default `*`");
const IN_NAMESPACE: Field = may("namespace", TEXT, "the namespace, as a glob; `-` for cluster-scoped kinds");
const NAMED: Field = may("name", TEXT, "the birth name, as a glob; lists and watches have `*`");
const LABELLED: Field = may("selector", SELECTOR, "the labels");

static READ: Fields = map(
    "a pattern of reads",
    &[ACTOR, may("verb", READ_VERB, "the verb; default any"), OF_KIND, SUB, IN_NAMESPACE, NAMED, LABELLED],
);

static WRITE: Fields = map(
    "a pattern of writes",
    &[ACTOR, may("verb", WRITE_VERB, "the verb; default any"), OF_KIND, SUB, IN_NAMESPACE, NAMED, LABELLED],
);

static WATCH_EVENT: Fields = map(
    "a pattern of watch events",
    &[ACTOR, may("verb", WATCH_VERB, "what happened; default any"), OF_KIND, IN_NAMESPACE, NAMED, LABELLED],
);

/// Expectations.
pub(super) const EXPECT: Shape =
    Shape::OneOf(&[Shape::List(&Shape::Fields(&EXPECTATION)), Shape::Fields(&VIOLATION)]);

static VIOLATION: Fields =
    map("`expect`", &[must("violation", EXPECTED_ORACLE, "the violation that some seed must have")]);

static EXPECTATION: Fields = Fields {
    what: "an expectation",
    one_of: &["always", "eventually"],
    fields: &[
        must("name", TEXT, "the name in reports"),
        may("always", Shape::Fields(&ALWAYS), "must hold at every commit from t = 0"),
        may("eventually", Shape::Fields(&CHECK), "must hold when the system has converged"),
    ],
};

static ALWAYS: Fields = Fields {
    what: "`always`",
    one_of: &["cel", "match"],
    fields: &[
        may("vars", Shape::Map(&Shape::Fields(&VAR)), "the variables of the expression"),
        may("cel", TEXT, "a CEL expression that must be true"),
        may("match", Shape::Map(&Shape::Tree), "fields that an object must have"),
        may(
            "event",
            Shape::Fields(&DECISION),
            "judge it only when a program sends such a request; default at every commit",
        )
        .also("on"),
        may("grace", DURATION, "how long it may be false without a break"),
        may("probe", Shape::Later, "facts that an application publishes"),
    ],
};

/// A check of the objects.
pub(super) static CHECK: Fields = Fields {
    what: "a check",
    one_of: &["cel", "match"],
    fields: &[
        may("vars", Shape::Map(&Shape::Fields(&VAR)), "the variables of the expression"),
        may("cel", TEXT, "a CEL expression that must be true"),
        may("match", Shape::Map(&Shape::Tree), "fields that an object must have"),
        may("probe", Shape::Later, "facts that an application publishes"),
    ],
};

static VAR: Fields = map(
    "a variable",
    &[
        must("apiVersion", TEXT, "group and version of the objects"),
        must("kind", KIND, "their kind"),
        may("name", TEXT, "the object's name; with it the variable is that object or null, else a list"),
        may("namespace", LABEL, "their namespace; default the scenario's"),
        may("selector", SELECTOR, "their labels"),
    ],
);

/// The built-in oracles.
pub(super) static ORACLES: Fields = map(
    "`oracles`",
    &[may("disable", Shape::List(&Shape::Fields(&DISABLED)), "oracles that are off in this scenario")],
);

static DISABLED: Fields = map(
    "an entry of `disable`",
    &[must("name", DISABLED_ORACLE, "the oracle"), must("reason", TEXT, "why it is off")],
);
