//! The scalars of the format, such as durations, counts, selectors and targets. Each is a [`Leaf`]: the form of its text, which
//! has the same name in `wavetank_sim::scenario::form` and is checked there too where code makes a scenario, and its JSON Schema.

use wavetank_sim::scenario::fault::FAULTS;
use wavetank_sim::scenario::oracle::{OracleInfo, Use};
use wavetank_sim::scenario::{EventVerb, FaultInfo, form};

use crate::scenario::shape::{Leaf, Named, Shape};

/// Makes a leaf of each row: the form, the JSON Schema, and whether a number or a boolean is accepted too.
macro_rules! leaves {
    ($($(#[$about:meta])+ $name:ident $schema:literal $takes:ident;)*) => {
        $($(#[$about])+ pub(super) const $name: Shape =
            Shape::Leaf(&Leaf { form: &form::$name, schema: $schema, any_scalar: takes_any!($takes) });)*
    };
}
macro_rules! takes_any {
    (any_scalar) => {
        true
    };
    (text) => {
        false
    };
}

leaves! {
    /// Text that is not empty.
    TEXT r#"{"type":"string"}"# text;
    /// Any text, number or boolean.
    ANY r#"{"type":["string","number","boolean"]}"# any_scalar;
    /// True or false.
    BOOLEAN r#"{"type":"boolean"}"# any_scalar;
    /// How many API servers this version has.
    API_SERVERS r#"{"enum":[1]}"# any_scalar;
    /// A whole number.
    COUNT r#"{"type":"integer","minimum":0,"maximum":4294967295}"# any_scalar;
    /// How many nodes, or replicas of a program.
    SIZE r#"{"type":"integer","minimum":0,"maximum":5000}"# any_scalar;
    /// A whole number or a range of them.
    COUNTS r#"{"type":["integer","string"],"pattern":"^[0-9]+(\\.\\.[0-9]+)?$"}"# any_scalar;
    /// A process's exit code.
    EXIT_CODE r#"{"type":"integer","minimum":0,"maximum":255}"# any_scalar;
    /// A duration.
    DURATION r#"{"type":"string","pattern":"^([0-9.]+(ns|us|µs|ms|s|m|h))+$"}"# any_scalar;
    /// A duration or a range of them.
    DURATIONS r#"{"type":"string","pattern":"^([0-9.]+(ns|us|µs|ms|s|m|h))+(\\.\\.([0-9.]+(ns|us|µs|ms|s|m|h))+)?$"}"# any_scalar;
    /// When a container is ready.
    READY r#"{"type":"string"}"# any_scalar;
    /// A Kubernetes quantity.
    QUANTITY r#"{"type":["string","number","boolean"]}"# any_scalar;
    /// A label selector.
    SELECTOR r#"{"type":"string"}"# text;
    /// A subresource of a request.
    SUBRESOURCE r#"{"type":"string","pattern":"^[a-z*]*$"}"# text;
    /// The pods that a node must host.
    HOSTING r#"{"type":"string"}"# text;
    /// How many of a selection.
    PICK r#"{"type":["string","integer"]}"# any_scalar;
    /// A kind by any of its names.
    KIND r#"{"type":"string"}"# text;
    /// `kind/name`.
    KIND_AND_NAME r#"{"type":"string","pattern":"^[A-Za-z0-9.-]+/[^/\\s]+$"}"# text;
    /// A DNS label.
    LABEL r#"{"type":"string","pattern":"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}"# text;
    /// A JSON pointer.
    POINTER r#"{"type":"string","pattern":"^/"}"# text;
    /// A number or a range of seeds.
    SEEDS r#"{"type":["integer","string"],"pattern":"^[0-9]+(\\.\\.[0-9]+)?$"}"# any_scalar;
    /// A Kubernetes version of a node. Kubelets may be older or newer than the API server.
    NODE_VERSION r#"{"type":"string","pattern":"^v1\\.[0-9]+\\.[0-9]+$"}"# text;
    /// A Kubernetes version of the API server.
    VERSION r#"{"type":"string","pattern":"^v1\\.36\\.[0-9]+$"}"# text;
    /// What ends a wait.
    WAIT_FOR r#"{"type":"string"}"# any_scalar;
}

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

/// A fault of this version.
pub(super) const FAULT_NAME: Shape = Shape::Named(&Named {
    what: "a fault",
    names: || FAULTS.iter().filter(|fault| fault.available).map(|fault| fault.name).collect(),
    check: |text| FaultInfo::usable(text).map(drop),
});

/// Makes the verbs of a class of events.
macro_rules! verbs {
    ($($(#[$about:meta])+ $name:ident $class:ident;)*) => {
        $($(#[$about])+ pub(super) const $name: Shape = Shape::Named(&Named {
            what: "a verb",
            names: || EventVerb::all_of(EventVerb::$class),
            check: |text| EventVerb::of_class(EventVerb::$class, text).map(drop),
        });)*
    };
}

verbs! {
    /// The verb of a read.
    READ_VERB Read;
    /// The verb of a write.
    WRITE_VERB Write;
    /// What a watch event says.
    WATCH_VERB WatchEvent;
}
