//! When a fault strikes or a triggered step is done, and patterns of the requests and watch events that set it off. It watches
//! nothing: `faults` does.
//!
//! Not there yet: triggers by application calls and log lines, and sequences of triggers.

use std::str::FromStr;

use derive_more::Display;

use super::{CountRange, KindName, Pattern, TimeRange};

/// When a fault strikes or a step is done.
#[derive(Clone, Debug, PartialEq)]
pub struct When {
    /// What sets it off.
    pub trigger: Trigger,
    /// Which occurrence, from 1; for [`Trigger::On`].
    pub nth: CountRange,
    /// On which side of the occurrence; for [`Trigger::On`].
    pub moment: Moment,
}

impl When {
    /// At the first occurrence of this.
    pub fn new(trigger: Trigger) -> Self {
        Self { trigger, nth: CountRange::exactly(1), moment: Moment::default() }
    }
}

/// What sets a fault off.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// Once, so long after t = 0.
    At(TimeRange),
    /// Again and again, with such pauses, the first after t = 0.
    Every(TimeRange),
    /// A request or a watch event.
    On(EventPattern),
}

/// On which side of an occurrence a fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Display)]
#[display(rename_all = "kebab-case")]
pub enum Moment {
    /// Before it has an effect.
    Before,
    /// After it is committed, before the answer arrives.
    #[default]
    After,
    /// After the answer has arrived.
    AfterResponse,
}

impl Moment {
    /// All moments.
    pub const ALL: [Self; 3] = [Self::Before, Self::After, Self::AfterResponse];
}

/// A pattern of requests or watch events. Writes of Leases and Events match only if the kind is named.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPattern {
    /// Who sends the request or receives the event: the name of a host or a program. Without one: the fault's target
    /// where that is a program, else any host.
    pub actor: Option<Pattern>,
    /// The verb, or a class of verbs.
    pub verb: EventVerb,
    /// The kind; any without one.
    pub kind: Option<KindName>,
    /// The subresource; the object itself without one.
    pub subresource: Option<String>,
    /// The namespace, or [`EventPattern::CLUSTER`].
    pub namespace: Pattern,
    /// The object's name as it was given, or `PREFIX~N` for the n-th that was generated; for list and watch only `*`
    /// matches.
    pub name: Pattern,
    /// The object's labels, as kubectl writes them.
    pub selector: Option<String>,
}

impl EventPattern {
    /// The namespace of cluster-scoped objects.
    pub const CLUSTER: &'static str = "-";

    /// Every event of this verb.
    pub fn any(verb: EventVerb) -> Self {
        Self {
            actor: None,
            verb,
            kind: None,
            subresource: None,
            namespace: Pattern::any(),
            name: Pattern::any(),
            selector: None,
        }
    }
}

/// A verb of the API, a class of verbs, or a watch event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display)]
#[display(rename_all = "kebab-case")]
pub enum EventVerb {
    /// Any of get, list and watch.
    Read,
    /// Any of create, update, patch, delete and deletecollection.
    Write,
    /// Any of added, modified and deleted.
    WatchEvent,
    /// A read of one object.
    Get,
    /// A read of a collection.
    List,
    /// The beginning of a watch.
    Watch,
    /// A write.
    Create,
    /// A write.
    Update,
    /// A write, server-side apply included.
    Patch,
    /// A write.
    Delete,
    /// A write.
    #[display("deletecollection")]
    DeleteCollection,
    /// A watch event.
    Added,
    /// A watch event.
    Modified,
    /// A watch event.
    Deleted,
}

impl EventVerb {
    /// All verbs.
    pub const ALL: [Self; 14] = [
        Self::Read,
        Self::Write,
        Self::WatchEvent,
        Self::Get,
        Self::List,
        Self::Watch,
        Self::Create,
        Self::Update,
        Self::Patch,
        Self::Delete,
        Self::DeleteCollection,
        Self::Added,
        Self::Modified,
        Self::Deleted,
    ];

    /// The class that a verb belongs to; a class is its own.
    pub fn class(self) -> Self {
        match self {
            Self::Read | Self::Get | Self::List | Self::Watch => Self::Read,
            Self::WatchEvent | Self::Added | Self::Modified | Self::Deleted => Self::WatchEvent,
            _ => Self::Write,
        }
    }

    /// Whether `verb` is this verb or belongs to this class.
    pub fn matches(self, verb: Self) -> bool {
        self == verb || self == verb.class()
    }
}

impl FromStr for EventVerb {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|verb| verb.to_string() == text).ok_or_else(|| {
            let all = Self::ALL.map(|verb| verb.to_string()).join(", ");
            format!("`{text}` is no verb: write one of {all}")
        })
    }
}
