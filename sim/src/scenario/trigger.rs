//! When a fault strikes or a triggered step is done, and patterns of the requests and watch events that set it off. It watches
//! nothing: `faults` does.
//!
//! Not there yet: triggers by application calls and log lines, and sequences of triggers.

use std::fmt;
use std::str::FromStr;

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

    /// What is wrong with it, each with the field of a scenario file that holds it.
    pub fn check(&self) -> Vec<(&'static str, String)> {
        let mut wrong = Vec::new();
        if self.nth.low == 0 {
            wrong.push(("nth", "occurrences count from 1: write `1` or more".into()));
        } else if self.nth != CountRange::exactly(1) && !matches!(self.trigger, Trigger::On(_)) {
            wrong.push(("nth", "`nth` goes with `on`: leave it out, or say at which request".into()));
        }
        if matches!(self.trigger, Trigger::Every(TimeRange { high_ms: 0, .. })) {
            wrong.push(("every", "a pause of `0s` never ends: write `1s` or more".into()));
        }
        wrong
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
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

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::AfterResponse => "after-response",
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
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
    /// The object's birth name, see [`BirthName`]; for list and watch only `*` matches.
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

/// Makes [`EventVerb`], its words and its classes from one list.
macro_rules! event_verbs {
    ($(#[doc = $about:literal] $verb:ident $word:literal $class:ident,)+) => {
        /// A verb of the API, a class of verbs, or a watch event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum EventVerb {
            $(#[doc = $about] $verb,)+
        }

        impl EventVerb {
            /// All verbs.
            pub const ALL: &[Self] = &[$(Self::$verb),+];

            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$verb => $word,)+
                }
            }

            /// The class that a verb belongs to; a class is its own.
            pub fn class(self) -> Self {
                match self {
                    $(Self::$verb => Self::$class,)+
                }
            }
        }
    };
}

event_verbs! {
    /// Any of get, list and watch.
    Read "read" Read,
    /// Any of create, update, patch, delete and deletecollection.
    Write "write" Write,
    /// Any of added, modified and deleted.
    WatchEvent "watch-event" WatchEvent,
    /// A read of one object.
    Get "get" Read,
    /// A read of a collection.
    List "list" Read,
    /// The beginning of a watch.
    Watch "watch" Read,
    /// A write.
    Create "create" Write,
    /// A write.
    Update "update" Write,
    /// A write, server-side apply included.
    Patch "patch" Write,
    /// A write.
    Delete "delete" Write,
    /// A write.
    DeleteCollection "deletecollection" Write,
    /// A watch event.
    Added "added" WatchEvent,
    /// A watch event.
    Modified "modified" WatchEvent,
    /// A watch event.
    Deleted "deleted" WatchEvent,
}

impl EventVerb {
    /// The verb of this class with this word.
    ///
    /// # Errors
    /// The word is no verb, or one of another class.
    pub fn of_class(class: Self, word: &str) -> Result<Self, String> {
        let verb: Self = word.parse()?;
        let belongs = |verb: &Self| verb.class() == class && *verb != class;
        if belongs(&verb) {
            return Ok(verb);
        }
        let right: Vec<_> = Self::ALL.iter().copied().filter(belongs).map(Self::as_str).collect();
        Err(format!("`{verb}` is no {class}: write one of {}", right.join(", ")))
    }

    /// Whether `verb` is this verb or belongs to this class.
    pub fn matches(self, verb: Self) -> bool {
        self == verb || self == verb.class()
    }
}

impl fmt::Display for EventVerb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventVerb {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|verb| verb.as_str() == text).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|verb| verb.as_str()).collect();
            format!("`{text}` is no verb: write one of {}", all.join(", "))
        })
    }
}

/// An object's name that survives shrinking: the name it was given, or the n-th that was generated in its namespace for its
/// resource and prefix, written `PREFIX~N` (`web-5d8f9-~3`; no Kubernetes name has a `~`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BirthName {
    /// A name chosen by whoever created the object.
    Given(String),
    /// A name made from `generateName`.
    Generated {
        /// `metadata.generateName`.
        prefix: String,
        /// The n-th create, from 1, of this prefix in this namespace and resource.
        nth: u64,
    },
}

impl fmt::Display for BirthName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(name) => f.write_str(name),
            Self::Generated { prefix, nth } => write!(f, "{prefix}~{nth}"),
        }
    }
}
