//! How users name objects: kinds by any of their names, globs, some or all of a selection. A cluster resolves them, not this file.

use derive_more::{Display, From};

use crate::object::LabelSelector;

/// A kind as users write it: `Pod`, `pods`, `deployments.apps`, `crd`. Steps resolve it by discovery, as kubectl does. Patterns
/// of requests use [`KindName::matches`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Display, From)]
#[from(&str)]
pub struct KindName(pub String);

impl KindName {
    /// Whether this is the name of a resource: its kind or plural, with or without its group, in any letter case.
    pub fn matches(&self, group: &str, plural: &str, kind: &str) -> bool {
        let full = |name: &str| {
            let group_of =
                |plain: &str| self.0.get(..plain.len()).is_some_and(|head| head.eq_ignore_ascii_case(plain));
            group_of(name)
                && self.0[name.len()..].strip_prefix('.').is_some_and(|g| g.eq_ignore_ascii_case(group))
        };
        self.0.eq_ignore_ascii_case(kind)
            || self.0.eq_ignore_ascii_case(plural)
            || (!group.is_empty() && (full(plural) || full(kind)))
    }
}

/// A glob: `*` matches any text, every other character only itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Display, From)]
#[from(&str)]
pub struct Pattern(pub String);

impl Pattern {
    /// The glob that matches everything.
    pub fn any() -> Self {
        Self("*".into())
    }

    /// Whether `text` matches, from its first to its last character.
    pub fn matches(&self, text: &str) -> bool {
        let Some((head, tail)) = self.0.split_once('*') else { return self.0 == text };
        let Some(mut rest) = text.strip_prefix(head) else { return false };
        let mut parts = tail.split('*').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        true
    }
}

/// The pods that a node must host, as files and plans write them: `kind=Pod`, or with labels, such as `kind=Pod,app=etcd`.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
#[display("kind=Pod{}{selector}", if selector.is_empty() { "" } else { "," })]
pub struct Hosting {
    /// The pods' labels, as kubectl writes them; empty for any pod.
    pub selector: String,
}

impl std::str::FromStr for Hosting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, selector) = text.split_once(',').unwrap_or((text, ""));
        let is_pod =
            kind.strip_prefix("kind=").is_some_and(|kind| KindName::from(kind).matches("", "pods", "Pod"));
        if !is_pod || (selector.is_empty() && kind != text) {
            return Err(format!(
                "`{text}` names no pods: write `kind=Pod`, or `kind=Pod,app=web` for those with labels"
            ));
        }
        check_selector(selector).map(|()| Self { selector: selector.into() })
    }
}

/// Checks the text of a label selector; the error says what would be right.
pub fn check_selector(text: &str) -> Result<(), String> {
    let wrong = |error| {
        format!("`{text}` is no label selector ({error}): write one as for kubectl, such as `app=web`")
    };
    LabelSelector::parse(text).map(drop).map_err(wrong)
}

/// How many of the objects that match. A draw decides which ones, when they are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Display)]
pub enum Pick {
    /// One of them.
    #[display("one")]
    One,
    /// All of them.
    #[display("all")]
    All,
    /// The one that holds the Lease, else one of them.
    #[display("leader")]
    Leader,
    /// This number of them, or all if there are fewer.
    Count(u32),
    /// This percentage, rounded up.
    #[display("{_0}%")]
    Percent(u32),
}

impl Pick {
    /// How many of `total` are picked.
    pub fn of(self, total: usize) -> usize {
        match self {
            Self::One | Self::Leader => total.min(1),
            Self::All => total,
            Self::Count(n) => total.min(n as usize),
            Self::Percent(percent) => (total * percent as usize).div_ceil(100),
        }
    }
}

impl std::str::FromStr for Pick {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number =
            |s: &str| s.parse().ok().filter(|n: &u32| *n > 0 && s.bytes().all(|b| b.is_ascii_digit()));
        let pick = match text {
            "one" => Some(Self::One),
            "all" => Some(Self::All),
            "leader" => Some(Self::Leader),
            _ => match text.strip_suffix('%') {
                Some(percent) => number(percent).filter(|n| *n <= 100).map(Self::Percent),
                None => number(text).map(Self::Count),
            },
        };
        pick.ok_or_else(|| format!("`{text}` is no pick: write `one`, `all`, `leader`, `2` or `50%`"))
    }
}

/// The objects of a step.
#[derive(Clone, Debug, PartialEq, Display)]
pub enum Target {
    /// `kind/name`.
    #[display("{kind}/{name}")]
    Named {
        /// The kind.
        kind: KindName,
        /// The namespace; without one the scenario's.
        namespace: Option<String>,
        /// The name.
        name: String,
    },
    /// `{kind, selector, pick}`.
    #[display("{pick} of {kind}{}", selector.as_ref().map_or(String::new(), |labels| format!(" {labels}")))]
    Selected {
        /// The kind.
        kind: KindName,
        /// The namespace; without one the scenario's.
        namespace: Option<String>,
        /// Labels, as kubectl writes them; without them, all of the kind.
        selector: Option<String>,
        /// How many of them.
        pick: Pick,
    },
}

impl Target {
    /// The kind.
    pub fn kind(&self) -> &KindName {
        match self {
            Self::Named { kind, .. } | Self::Selected { kind, .. } => kind,
        }
    }

    /// The namespace, if the target names one.
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Named { namespace, .. } | Self::Selected { namespace, .. } => namespace.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_matches_the_whole_text() {
        for (glob, text, matches) in [
            ("*", "", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("example.com/staticweb:*", "example.com/staticweb:v1", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*a", "a", false),
            ("*b*", "abc", true),
            ("a*b*c", "acb", false),
            ("a*b*c", "aXbbc", true),
            ("**", "x", true),
        ] {
            assert_eq!(Pattern::from(glob).matches(text), matches, "{glob} {text}");
        }
    }

    #[test]
    fn a_kind_matches_by_kind_plural_and_group() {
        for name in ["Deployment", "deployment", "deployments", "deployments.apps", "Deployment.apps"] {
            assert!(KindName::from(name).matches("apps", "deployments", "Deployment"), "{name}");
        }
        assert!(!KindName::from("deployments.extensions").matches("apps", "deployments", "Deployment"));
        assert!(!KindName::from("pod.").matches("", "pods", "Pod"));
    }

    #[test]
    fn hosted_pods_print_as_they_are_written() {
        for (text, selector) in
            [("kind=Pod", ""), ("kind=Pod,app=etcd", "app=etcd"), ("kind=Pod,a in (b,c),!d", "a in (b,c),!d")]
        {
            let hosting: Hosting = text.parse().unwrap();
            assert_eq!((hosting.to_string().as_str(), hosting.selector.as_str()), (text, selector));
        }
        for text in ["", "app=etcd", "kind=Node", "kind=Pod,", "kind=Pod,=", "app=etcd,kind=Pod"] {
            assert!(text.parse::<Hosting>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pick_takes_its_share_and_prints_as_it_is_written() {
        for (text, of_five) in
            [("one", 1), ("all", 5), ("leader", 1), ("2", 2), ("9", 5), ("50%", 3), ("1%", 1)]
        {
            let pick: Pick = text.parse().unwrap();
            assert_eq!((pick.to_string().as_str(), pick.of(5)), (text, of_five));
        }
        for text in ["", "0", "101%", "some", "-1", "+1"] {
            assert!(text.parse::<Pick>().is_err(), "{text}");
        }
    }
}
