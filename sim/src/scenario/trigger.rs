//! When a fault strikes or a triggered step runs, and patterns of the requests and watch events that trigger it. Module `faults`
//! watches for them.
//!
//! Not modelled: triggers by application calls and log lines, and sequences of triggers.

use std::fmt;
use std::str::FromStr;

use super::target::check_selector;
use super::{CountRange, KindName, Pattern, TimeRange};

/// Gives an enum its words: `ALL`, `as_str` and `Display`.
macro_rules! words {
    ($name:ident: $($variant:ident $word:literal),+) => {
        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// When a fault strikes or a step runs.
#[derive(Clone, Debug, PartialEq)]
pub struct When {
    /// What triggers it.
    pub trigger: Trigger,
    /// Which occurrence, from 1; for [`Trigger::On`].
    pub nth: CountRange,
    /// The moment relative to the occurrence; for [`Trigger::On`].
    pub moment: Moment,
}

impl When {
    /// At the first occurrence of this trigger.
    pub fn new(trigger: Trigger) -> Self {
        Self { trigger, nth: CountRange::exactly(1), moment: Moment::default() }
    }
}

/// What triggers a fault or a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// Once, this time after t = 0.
    At(TimeRange),
    /// Repeatedly, with a pause before each strike.
    Every(TimeRange),
    /// A request or a watch event.
    On(EventPattern),
}

/// The moment of a strike, relative to an occurrence.
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

words! { Moment: Before "before", After "after", AfterResponse "after-response" }

/// A pattern of requests or watch events.
///
/// A write is a write, whatever subresource it goes to. Two things do not count unless the pattern names their kind: Leases and
/// Events, which are written all the time; and as writes, reviews such as SubjectAccessReview, which are created but change
/// nothing. A review counts as a read.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPattern {
    /// The host or program that sends the request or receives the event. Without one: the fault's target if that is a
    /// program, else any host.
    pub actor: Option<Pattern>,
    /// The verb, or a class of verbs.
    pub verb: EventVerb,
    /// The kind; without one any.
    pub kind: Option<KindName>,
    /// The subresource, such as `status`; empty for the object itself. Watch events have none.
    pub subresource: Pattern,
    /// The namespace, or [`EventPattern::CLUSTER`].
    pub namespace: Pattern,
    /// The object's name as it was given, or `PREFIX~N` for the n-th that was generated. Lists and watches match only `*`.
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
            subresource: Pattern::any(),
            namespace: Pattern::any(),
            name: Pattern::any(),
            selector: None,
        }
    }

    /// What is wrong with it. Each problem comes with its field in a scenario file.
    pub fn check(&self) -> Vec<(&'static str, String)> {
        let mut wrong = Vec::new();
        if self.verb.class() == EventVerb::WatchEvent && self.subresource != Pattern::any() {
            let why = "a watch event is about a whole object: leave `subresource` out, or wait for a `write`";
            wrong.push(("subresource", why.into()));
        }
        let selector = self.selector.as_deref().map_or(Ok(()), check_selector);
        wrong.extend(selector.err().map(|why| ("selector", why)));
        wrong
    }
}

/// A verb of the API, a class of verbs, or a watch event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    DeleteCollection,
    /// A watch event.
    Added,
    /// A watch event.
    Modified,
    /// A watch event.
    Deleted,
}

words! { EventVerb: Read "read", Write "write", WatchEvent "watch-event", Get "get", List "list", Watch "watch",
Create "create", Update "update", Patch "patch", Delete "delete", DeleteCollection "deletecollection",
Added "added", Modified "modified", Deleted "deleted" }

impl EventVerb {
    /// The class of a verb. A class is its own class.
    pub fn class(self) -> Self {
        match self {
            Self::Read | Self::Get | Self::List | Self::Watch => Self::Read,
            Self::WatchEvent | Self::Added | Self::Modified | Self::Deleted => Self::WatchEvent,
            _ => Self::Write,
        }
    }

    /// The verb of this class with this word; else what would be right.
    pub fn of_class(class: Self, word: &str) -> Result<Self, String> {
        let what = match word.parse::<Self>() {
            Ok(verb) if verb.class() == class && verb != class => return Ok(verb),
            Ok(_) => class.as_str(),
            Err(_) => "verb",
        };
        Err(format!("`{word}` is no {what}: write one of {}", Self::all_of(class).join(", ")))
    }

    /// The words of the verbs of this class.
    pub fn all_of(class: Self) -> Vec<&'static str> {
        let belongs = |verb: &Self| verb.class() == class && *verb != class;
        Self::ALL.iter().copied().filter(belongs).map(Self::as_str).collect()
    }

    /// Whether `verb` is this verb or belongs to this class.
    pub fn matches(self, verb: Self) -> bool {
        self == verb || self == verb.class()
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
