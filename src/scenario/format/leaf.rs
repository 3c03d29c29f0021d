//! The scalars of the format, such as durations, counts, selectors and targets. Each is a [`Leaf`].

use wavetank_sim::object::{LabelSelector, Quantity, names};
use wavetank_sim::scenario::oracle::{OracleInfo, Use};
use wavetank_sim::scenario::range::{Millis, seeds};
use wavetank_sim::scenario::{CountRange, Hosting, Pick, TimeRange};

use crate::scenario::shape::{Leaf, Named, Shape};

/// A check whose message is [`Leaf::right`].
fn only(right: bool) -> Result<(), String> {
    if right { Ok(()) } else { Err(String::new()) }
}

const STRING: &str = r#"{"type":"string"}"#;
const SCALAR: &str = r#"{"type":["string","number","boolean"]}"#;
const COUNTING: &str = r#"{"type":["integer","string"],"pattern":"^[0-9]+(\\.\\.[0-9]+)?$"}"#;
const TIME: &str = r#"{"type":"string","pattern":"^([0-9.]+(ns|us|µs|ms|s|m|h))+$"}"#;
const TIMES: &str =
    r#"{"type":"string","pattern":"^([0-9.]+(ns|us|µs|ms|s|m|h))+(\\.\\.([0-9.]+(ns|us|µs|ms|s|m|h))+)?$"}"#;

/// Text that is not empty.
pub(super) const TEXT: Shape = Shape::Leaf(&Leaf {
    right: "a text",
    schema: STRING,
    any_scalar: false,
    check: |text| only(!text.trim().is_empty()),
});

/// Any text, number or boolean.
pub(super) const ANY: Shape =
    Shape::Leaf(&Leaf { right: "a value", schema: SCALAR, any_scalar: true, check: |_| Ok(()) });

/// True or false.
pub(super) const BOOLEAN: Shape = Shape::Leaf(&Leaf {
    right: "`true` or `false`",
    schema: r#"{"type":"boolean"}"#,
    any_scalar: true,
    check: |text| only(text.parse::<bool>().is_ok()),
});

/// A whole number.
pub(super) const COUNT: Shape = Shape::Leaf(&Leaf {
    right: "a whole number such as `3`",
    schema: r#"{"type":"integer","minimum":0,"maximum":4294967295}"#,
    any_scalar: true,
    check: |text| only(text.parse::<u32>().is_ok()),
});

/// How many nodes, or replicas of a program.
pub(super) const SIZE: Shape = Shape::Leaf(&Leaf {
    // kubernetes.io/docs/setup/best-practices/cluster-large: no more than 5,000 nodes
    right: "a whole number from 0 to 5000",
    schema: r#"{"type":"integer","minimum":0,"maximum":5000}"#,
    any_scalar: true,
    check: |text| only(text.parse::<u32>().is_ok_and(|n| n <= 5000)),
});

/// A whole number or a range of them.
pub(super) const COUNTS: Shape = Shape::Leaf(&Leaf {
    right: "a whole number such as `3`, or a range such as `0..3`",
    schema: COUNTING,
    any_scalar: true,
    check: |text| text.parse::<CountRange>().map(drop),
});

/// A process's exit code.
pub(super) const EXIT_CODE: Shape = Shape::Leaf(&Leaf {
    right: "an exit code from 0 to 255",
    schema: r#"{"type":"integer","minimum":0,"maximum":255}"#,
    any_scalar: true,
    check: |text| only(text.parse::<u8>().is_ok()),
});

/// A duration.
pub(super) const DURATION: Shape = Shape::Leaf(&Leaf {
    right: "a duration such as `30s`",
    schema: TIME,
    any_scalar: true,
    check: |text| text.parse::<Millis>().map(drop),
});

/// A duration or a range of them.
pub(super) const DURATIONS: Shape = Shape::Leaf(&Leaf {
    right: "a duration such as `30s`, or a range such as `10s..1m`",
    schema: TIMES,
    any_scalar: true,
    check: |text| text.parse::<TimeRange>().map(drop),
});

/// When a container is ready.
pub(super) const READY: Shape = Shape::Leaf(&Leaf {
    right: "a duration such as `1s..3s`, or `never`",
    schema: STRING,
    any_scalar: true,
    check: |text| match text {
        "never" => Ok(()),
        _ => text.parse::<TimeRange>().map(drop).map_err(|message| message + ", or `never`"),
    },
});

/// A Kubernetes quantity.
pub(super) const QUANTITY: Shape = Shape::Leaf(&Leaf {
    right: "a quantity such as `4`, `500m` or `16Gi`",
    schema: SCALAR,
    any_scalar: true,
    check: |text| only(text.parse::<Quantity>().is_ok() && !text.starts_with('-')),
});

/// A label selector.
pub(super) const SELECTOR: Shape = Shape::Leaf(&Leaf {
    right: "a label selector such as `app=web,tier in (a,b)`",
    schema: STRING,
    any_scalar: false,
    check: |text| {
        let wrong =
            |e| format!("`{text}` is no label selector ({e}): write one as for kubectl, such as `app=web`");
        LabelSelector::parse(text).map(drop).map_err(wrong)
    },
});

/// Checks a label selector that the builder was given.
///
/// # Errors
/// What is wrong, and what would be right.
pub(crate) fn check_selector(text: &str) -> Result<(), String> {
    SELECTOR.check_text(text)
}

/// Checks a kind, or `kind/name`, that the builder was given.
///
/// # Errors
/// What is wrong, and what would be right.
pub(crate) fn check_objects(text: &str) -> Result<(), String> {
    if text.contains('/') { KIND_AND_NAME.check_text(text) } else { KIND.check_text(text) }
}

/// The pods that a node must host.
pub(super) const HOSTING: Shape = Shape::Leaf(&Leaf {
    right: "pods such as `kind=Pod,app=web`",
    schema: STRING,
    any_scalar: false,
    check: |text| text.parse::<Hosting>().map(drop),
});

/// How many of a selection.
pub(super) const PICK: Shape = Shape::Leaf(&Leaf {
    right: "`one`, `all`, `leader`, `2` or `50%`",
    schema: r#"{"type":["string","integer"]}"#,
    any_scalar: true,
    check: |text| text.parse::<Pick>().map(drop),
});

/// A kind by any of its names.
pub(super) const KIND: Shape = Shape::Leaf(&Leaf {
    right: "a kind such as `Pod` or `deployments.apps`",
    schema: STRING,
    any_scalar: false,
    check: |text| only(is_kind(text)),
});

/// `kind/name`.
pub(super) const KIND_AND_NAME: Shape = Shape::Leaf(&Leaf {
    right: "a target such as `deployment/web`",
    schema: r#"{"type":"string","pattern":"^[A-Za-z0-9.-]+/[^/\\s]+$"}"#,
    any_scalar: false,
    check: |text| only(text.split_once('/').is_some_and(|(kind, name)| is_kind(kind) && is_name(name))),
});

/// A DNS label.
pub(super) const LABEL: Shape = Shape::Leaf(&Leaf {
    right: "a name of lower case letters, digits and `-`",
    schema: r#"{"type":"string","pattern":"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}"#,
    any_scalar: false,
    check: |text| only(names::label(text).is_empty()),
});

/// A JSON pointer.
pub(super) const POINTER: Shape = Shape::Leaf(&Leaf {
    right: "a JSON pointer such as `/spec/replicas`",
    schema: r#"{"type":"string","pattern":"^/"}"#,
    any_scalar: false,
    check: |text| only(text.starts_with('/')),
});

/// A number or a range of seeds.
pub(super) const SEEDS: Shape = Shape::Leaf(&Leaf {
    right: "a number of seeds such as `200`, or `0..200`",
    schema: COUNTING,
    any_scalar: true,
    check: |text| seeds(text).map(drop),
});

/// A Kubernetes version of a node. Kubelets may be older or newer than the API server.
pub(super) const NODE_VERSION: Shape = Shape::Leaf(&Leaf {
    right: "a version such as `v1.36.1`",
    schema: r#"{"type":"string","pattern":"^v1\\.[0-9]+\\.[0-9]+$"}"#,
    any_scalar: false,
    check: |text| {
        let parts = text.strip_prefix("v1.").and_then(|rest| rest.split_once('.'));
        only(parts.is_some_and(|(minor, patch)| [minor, patch].iter().all(|n| n.parse::<u32>().is_ok())))
    },
});

/// A Kubernetes version of the API server.
pub(super) const VERSION: Shape = Shape::Leaf(&Leaf {
    right: "a version such as `v1.36.0`",
    schema: r#"{"type":"string","pattern":"^v1\\.36\\.[0-9]+$"}"#,
    any_scalar: false,
    check: |text| {
        let right = text.strip_prefix("v1.36.").is_some_and(|patch| patch.parse::<u32>().is_ok());
        if right { Ok(()) } else { Err(format!("version `{text}` is not there yet: write `v1.36.0`")) }
    },
});

/// An oracle whose violation a scenario may expect.
pub(super) const EXPECTED_ORACLE: Shape = Shape::Named(&Named {
    what: "an oracle",
    names: || OracleInfo::names(Use::Expected),
    check: |text| OracleInfo::usable(text, Use::Expected).map(drop),
});

/// An oracle that a scenario may switch off.
pub(super) const DISABLED_ORACLE: Shape = Shape::Named(&Named {
    what: "an oracle",
    names: || OracleInfo::names(Use::Disabled),
    check: |text| OracleInfo::usable(text, Use::Disabled).map(drop),
});

/// What ends a wait.
pub(super) const WAIT_FOR: Shape = Shape::Leaf(&Leaf {
    right: "`converged`, `condition=TYPE`, `delete` or a duration such as `30s`",
    schema: STRING,
    any_scalar: true,
    check: |text| {
        let condition = text.strip_prefix("condition=").is_some_and(|condition| !condition.is_empty());
        only(condition || text == "converged" || text == "delete" || text.parse::<Millis>().is_ok())
    },
});

fn is_kind(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && names::path_segment(text).is_empty() && !text.contains(char::is_whitespace)
}
