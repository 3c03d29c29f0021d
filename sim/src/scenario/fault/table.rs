//! The table of all faults: a row says what a fault does, what it may strike, and its arguments.
//!
//! From a row follow the builder function, the branch of the JSON Schema, `wavetank explain`, the checks of files and plans
//! with their hints, and the link to the file in `faults` that carries the fault out. A row reads:
//!
//! ```text
//! /// What it does.
//! "name-in-files" name_of_file_and_function(arguments that the function takes) {
//!     targets: [..],             what it may strike: variants of `Victim`
//!     args: [                    /// What it means.  name: Takes = default
//!         by: Time,              has to be given
//!         times: Count = "1",    has a default
//!         kind: Text = _,        may be left out
//!     ],
//!     lasts: May,                it may have a duration; `Must`: it needs one; left out: it strikes at one instant
//!     moment: Before,            where the event's moment is not given; left out: `After`
//!     never: [..],               values of arguments that contradict each other
//! }
//! ```

use super::info::{ArgInfo, FaultInfo, Lasts, Never, Takes, Unless, Victim};
use crate::scenario::Moment;

/// Hands the rows of all faults to a macro: those that this version carries out, and those of later versions.
#[macro_export]
macro_rules! fault_table {
    ($with:ident) => {
        $with! {
            available: {
                /// Somebody deletes pods, as `kubectl delete pod` does.
                "pod-deletion" pod_deletion() {
                    targets: [Pod],
                    args: [
                        /// The grace period of the deletion; 0 deletes by force.
                        gracePeriodSeconds: Count = "30",
                    ],
                }
                /// Somebody evicts pods, as `kubectl drain` does; disruption budgets may refuse.
                "eviction" eviction() {
                    targets: [Pod],
                    args: [
                        /// The grace period of the eviction.
                        gracePeriodSeconds: Count = "30",
                    ],
                }
                /// A container's process ends by itself.
                "container-crash" container_crash() {
                    targets: [Pod],
                    args: [
                        /// Which container; the first without it.
                        container: Text = _,
                        /// The exit code; 137 looks like SIGKILL.
                        exitCode: Count = "137",
                    ],
                }
                /// The next pulls of an image fail.
                "image-pull-error" image_pull_error(times) {
                    targets: [Image],
                    args: [
                        /// How many pulls fail.
                        times: Count = "1",
                        /// The reason that the container waits with.
                        reason: Text = "ErrImagePull",
                    ],
                }
                /// Containers take longer to start: all that start while it lasts; without a duration the next one.
                "slow-start" slow_start(by) {
                    targets: [Image, Pod],
                    args: [
                        /// How much longer.
                        by: Time,
                    ],
                    lasts: May,
                }
                /// Containers that are ready are not ready for a while.
                "readiness-flap" readiness_flap(down) {
                    targets: [Image, Pod],
                    args: [
                        /// For how long.
                        down: Time,
                    ],
                }
                /// Machines lose their power: kubelet, containers and programs stop at one instant, the Node object stays.
                "node-loss" node_loss() {
                    targets: [Node],
                    args: [
                        /// How it ends: the same machine comes back, or the Node is deleted and another machine joins.
                        heal: OneOf("return", "replace") = "return",
                    ],
                    lasts: Must,
                }
                /// Machines restart.
                "reboot" reboot() { targets: [Node], args: [], }
                /// Nodes, pods or programs do not reach the API server. Their containers run on.
                "partition" partition() {
                    targets: [Between],
                    args: [
                        /// Whether they still hear the server.
                        oneWay: Bool = "false",
                    ],
                    lasts: Must,
                }
                /// Kubelets restart; containers do not notice.
                "kubelet-restart" kubelet_restart() { targets: [Node], args: [], }
                /// A program dies between two instructions. A pod as target means the programs in it.
                "crash" crash() { targets: [Program, Pod], args: [], }
                /// The API server, or what stands before it, fails without handling the request, or after it.
                "api-error" api_error(status) {
                    targets: [Program],
                    args: [
                        /// The status code of the answer, or a broken connection.
                        status: OneOf("429", "500", "503", "504", "reset") = "500",
                        /// Whether the server has handled the request.
                        committed: Bool = "false",
                        /// What a 429 asks the client to wait; 1 s without it.
                        retryAfter: Time = _,
                    ],
                    lasts: May,
                    moment: Before,
                    never: [
                        ("committed" = "true", "status" = "429":
                            "a server that answers 429 has not committed: use `status: 504`, or leave `committed` out"),
                    ],
                }
                /// Requests take longer on their way to the server.
                "api-latency" api_latency(by) {
                    targets: [Program],
                    args: [
                        /// How much longer.
                        by: Time,
                    ],
                    lasts: May,
                    moment: Before,
                }
                /// Watch connections break: at once, and while it lasts each new one too.
                "watch-cut" watch_cut() {
                    targets: [Program],
                    args: [
                        /// Only watches of this kind.
                        kind: Text = _,
                    ],
                    lasts: May,
                }
                /// The API server forgets its history but for the newest revisions: watches that resume from before, and lists
                /// that go on from before, get 410.
                "compaction" compaction(keep) {
                    targets: [Cluster],
                    args: [
                        /// How many revisions it keeps.
                        keep: Count = "0",
                    ],
                }
            }
            later: {
                /// A program stops running for a while, as under SIGSTOP.
                "pause"
                /// The API server answers nobody for a while.
                "api-outage"
                /// Watch streams lag behind, in order.
                "watch-lag"
                /// Watch streams stay open and silent.
                "watch-silence"
                /// A program reads from another API server, whose cache lags.
                "replica-failover"
                /// Somebody else writes the object just before the program does.
                "conflict"
                /// An admission plugin or webhook refuses writes of a kind.
                "admission-denial"
                /// The quota of a namespace is used up.
                "quota-exhausted"
                /// Unpaged lists come in another order.
                "list-shuffle"
                /// A volume is destroyed with its data.
                "volume-loss"
                /// A call to an application fails.
                "call-error"
                /// A call to an application is never answered.
                "call-hang"
                /// An application answers what is not so.
                "call-lie"
            }
        }
    };
}

/// What holds without an argument, from what stands behind its `=`.
macro_rules! unless {
    () => {
        Unless::Required
    };
    (_) => {
        Unless::Absent
    };
    ($default:literal) => {
        Unless::Default($default)
    };
}

/// The first if there is one, else the second.
macro_rules! or {
    ($given:expr ; $else:expr) => {
        $given
    };
    (; $else:expr) => {
        $else
    };
}

macro_rules! infos {
    (available: { $($(#[doc = $about:literal])+ $name:literal $file:ident($($lead:ident),*) { $($row:tt)* })* }
     later: { $($(#[doc = $planned:literal])+ $later:literal)* }) => {
        /// Every fault that has a name.
        pub const FAULTS: &[FaultInfo] = &[
            $(info!(true, concat!($($about),+), $name, &[$(stringify!($lead)),*], $($row)*),)*
            $(info!(false, concat!($($planned),+), $later, &[], targets: [], args: [],),)*
        ];
    };
}

macro_rules! info {
    ($available:literal, $about:expr, $name:literal, $leading:expr,
        targets: [$($target:ident),*],
        args: [$(
            $(#[doc = $means:literal])+
            $arg:ident: $takes:ident $(($($word:literal),+))? $(= $default:tt)?,
        )*],
        $(lasts: $lasts:ident,)?
        $(moment: $moment:ident,)?
        $(never: [$(($($key:literal = $value:literal),+ : $why:literal),)+],)?
    ) => {
        FaultInfo {
            name: $name,
            about: $about.trim_ascii(),
            targets: &[$(Victim::$target),*],
            args: &[$(ArgInfo {
                name: stringify!($arg),
                about: concat!($($means),+).trim_ascii(),
                takes: Takes::$takes $((&[$($word),+]))?,
                unless: unless!($($default)?),
            }),*],
            leading: $leading,
            lasts: or!($(Lasts::$lasts)? ; Lasts::Never),
            moment: or!($(Moment::$moment)? ; Moment::After),
            never: &[$($(Never { together: &[$(($key, $value)),+], why: $why }),+)?],
            available: $available,
        }
    };
}

fault_table!(infos);
