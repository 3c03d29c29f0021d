//! What can be explained: topics, each with one page or with a page for each name.

use wavetank_sim::scenario::flag::{CONTROLLERS, FLAGS, FlagValue};
use wavetank_sim::scenario::near::instead;
use wavetank_sim::scenario::oracle::{ORACLES, OracleInfo, Use};
use wavetank_sim::scenario::plan::GRAMMAR;
use wavetank_sim::scenario::{Action, FaultInfo, fault};

use super::fields::{self, Example};
use super::{faults, oracles, row};

/// A topic.
struct Topic {
    word: &'static str,
    /// What it explains, for the list of topics.
    about: &'static str,
    pages: Pages,
}

enum Pages {
    /// One page, about the fields at a place of a scenario file down to so many levels, with examples.
    Fields(&'static [&'static str], usize, &'static [Example]),
    /// One other page.
    One(fn() -> String),
    /// A page for each name: the names with a line about each, and the page of a name.
    Named(fn() -> Vec<(&'static str, String)>, fn(&str) -> Result<String, String>),
}

const TOPICS: &[Topic] = &[
    Topic {
        word: "scenario",
        about: "a scenario file as a whole",
        pages: Pages::Fields(&["spec"], 1, &[Example::SCENARIO]),
    },
    Topic {
        word: "cluster",
        about: "nodes, version and flags of the cluster",
        pages: Pages::Fields(&["spec", "cluster"], 9, &[Example::CLUSTER]),
    },
    Topic { word: "flag", about: "flags of the components that the model has", pages: Pages::One(flags) },
    Topic {
        word: "image",
        about: "how the containers of an image behave",
        pages: Pages::Fields(&["spec", "images"], 9, &[Example::IMAGE]),
    },
    Topic {
        word: "operator",
        about: "programs beside the cluster",
        pages: Pages::Fields(&["spec", "operators"], 9, &[Example::OPERATOR]),
    },
    Topic {
        word: "step",
        about: "the changes that a user makes, in `setup` and `steps`",
        pages: Pages::Named(fields::verbs, |name| {
            fields::verb(name).ok_or_else(|| {
                format!("there is no step `{name}`; {}", instead(name, Action::VERBS.iter().copied()))
            })
        }),
    },
    Topic {
        word: "fault",
        about: "the failures, with their targets and arguments",
        pages: Pages::Named(
            || {
                let available = fault::FAULTS.iter().filter(|fault| fault.available);
                available.map(|fault| (fault.name, fault.about.to_owned())).collect()
            },
            |name| FaultInfo::usable(name).map(faults::page),
        ),
    },
    Topic {
        word: "trigger",
        about: "when a fault strikes or a step runs: `when`",
        pages: Pages::Fields(&["spec", "faults", "when"], 9, &[Example::AT, Example::EVERY, Example::EVENT]),
    },
    Topic { word: "plan", about: "the text of exact faults, as `--plan` takes it", pages: Pages::One(plan) },
    Topic {
        word: "expect",
        about: "what must hold: `always`, `eventually`, in CEL or by `match`",
        pages: Pages::Fields(
            &["spec", "expect"],
            9,
            &[Example::CEL, Example::MATCH, Example::DECISION, Example::VIOLATION],
        ),
    },
    Topic {
        word: "converge",
        about: "when the system counts as converged",
        pages: Pages::Fields(&["spec", "converge"], 9, &[Example::CONVERGE]),
    },
    Topic {
        word: "oracle",
        about: "what can be wrong with a run",
        pages: Pages::Named(
            || {
                let available = ORACLES.iter().filter(|oracle| oracle.available);
                available.map(|oracle| (oracle.name, oracle.about.to_owned())).collect()
            },
            |name| OracleInfo::usable(name, Use::Explained).map(oracles::page),
        ),
    },
];

/// How checks are read; `oracles::check` and `oracles::partial` judge them.
const CHECKS: &str = "
A variable of a CEL expression is an object or null if it has a `name`, else a list sorted by namespace and name. Objects are
as the API server has them. A field may be absent: guard it with `has(d.status.readyReplicas) && ..`.
A `match` holds if some object has every field of the pattern: maps may have more fields, lists have the same length and
order, null also matches absence. With `metadata.name` it is that object, else any of the kind in the namespace.
An `always` is judged at every commit from t = 0, or with `event` at these requests; an `eventually` when the system has
nothing else to do. An expression that cannot be evaluated does not hold.
";

fn plan() -> String {
    let text = GRAMMAR.lines().filter(|line| !line.starts_with("```"));
    let text: String = text.map(|line| format!("{line}\n")).collect();
    let examples = "
examples:
  crash(etcd-operator:leader)@after(patch statefulsets/default/example#2)
  api-error(op, status=504, committed=true)@before(write Pod/*/*#3); crash(op)@after(write */status/*/*#1)
  node-loss(Node/*, heal=replace)@1m+6m; pod-deletion(pods/*[app=web]:2)@20s
";
    text + examples
}

fn flags() -> String {
    let mut text = String::new();
    for flag in FLAGS.iter().filter(|flag| flag.available) {
        let takes = match flag.takes {
            FlagValue::Time => "a duration such as `50s`",
            FlagValue::Count => "a whole number such as `5`",
            FlagValue::Decimal => "a number such as `0.1`",
            FlagValue::Bool => "`true` or `false`",
            FlagValue::Controllers => {
                "names of controllers: `*` for all, `NAME` to add, `-NAME` to leave out"
            }
        };
        text += &format!("  {} {:<32}{takes}\n", flag.component, flag.name);
    }
    text + "\ncontrollers:\n"
        + &CONTROLLERS.iter().map(|name| format!("  {name}\n")).collect::<String>()
        + "\nin a file:\n"
        + Example::FLAG.text
}

impl Topic {
    /// Its page, or the list of its names.
    fn page(&self) -> String {
        let Self { word, about, pages } = self;
        match pages {
            Pages::Fields(way, levels, examples) => {
                let more = if *word == "expect" { CHECKS } else { "" };
                format!("{word}: {about}\n\n{}{more}", fields::page(way, *levels, examples))
            }
            Pages::One(page) => format!("{word}: {about}\n\n{}", page()),
            Pages::Named(names, _) => {
                let rows: String = names().iter().map(|(name, about)| row(name, about)).collect();
                format!("{word}: {about} (wavetank explain {word} NAME)\n{rows}")
            }
        }
    }

    /// The page of a name.
    fn named(&self, name: &str) -> Result<String, String> {
        match &self.pages {
            Pages::One(_) | Pages::Fields(..) => {
                Err(format!("`{}` is one page: write `wavetank explain {}`", self.word, self.word))
            }
            Pages::Named(_, page) => page(name),
        }
    }
}

/// The page of a topic, of a name within a topic, or of a name alone; without either, the list of topics.
///
/// # Errors
/// What there is instead.
pub(crate) fn explain(topic: Option<&str>, name: Option<&str>) -> Result<String, String> {
    let Some(word) = topic else { return Ok(list()) };
    let Some(topic) = TOPICS.iter().find(|topic| topic.word == word) else {
        return alone(word);
    };
    name.map_or_else(|| Ok(topic.page()), |name| topic.named(name))
}

fn list() -> String {
    let topics = TOPICS.iter().map(|topic| row(topic.word, topic.about));
    let head = "wavetank explain TOPIC [NAME]\n\n".to_owned() + &topics.collect::<String>();
    let named = TOPICS.iter().filter(|topic| matches!(topic.pages, Pages::Named(..)));
    head + &named.map(|topic| format!("\n{}", topic.page())).collect::<String>()
}

/// The page of a name whose topic is not given.
fn alone(name: &str) -> Result<String, String> {
    let named = TOPICS.iter().filter(|topic| matches!(topic.pages, Pages::Named(..)));
    named.clone().find_map(|topic| topic.named(name).ok()).ok_or_else(|| {
        let names = named.flat_map(|topic| match &topic.pages {
            Pages::Named(names, _) => names().into_iter().map(|(name, _)| name).collect(),
            Pages::One(_) | Pages::Fields(..) => Vec::new(),
        });
        let all: Vec<&str> = TOPICS.iter().map(|topic| topic.word).chain(names).collect();
        let hint =
            wavetank_sim::scenario::near::nearest(name, all).map(|near| format!("did you mean `{near}`? "));
        let topics: Vec<&str> = TOPICS.iter().map(|topic| topic.word).collect();
        format!("there is no topic `{name}`; {}topics: {}", hint.unwrap_or_default(), topics.join(", "))
    })
}

/// All pages, as Markdown.
pub(crate) fn all() -> String {
    let mut text = String::new();
    let mut add = |title: String, page: &str| {
        text += &format!("\n# {title}\n\n```text\n{}\n```\n", page.trim_end());
    };
    for topic in TOPICS {
        add(topic.word.to_owned(), &topic.page());
        if let Pages::Named(names, page) = &topic.pages {
            for (name, _) in names() {
                add(format!("{} {name}", topic.word), &page(name).unwrap_or_default());
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_the_docs_is_what_explain_prints() {
        let update = "update it: cargo run -- explain all > src/reference/reference.md";
        assert!(include_str!("reference.md") == all(), "reference.md is older than the tables; {update}");
    }

    #[test]
    fn a_name_alone_finds_its_page_and_a_wrong_one_what_there_is() {
        assert_eq!(explain(Some("crash"), None), explain(Some("fault"), Some("crash")));
        assert_eq!(explain(Some("scale"), None), explain(Some("step"), Some("scale")));
        for (topic, name, right) in [
            ("crahs", None, "there is no topic `crahs`; did you mean `crash`? topics: scenario, cluster,"),
            ("plan", Some("x"), "`plan` is one page: write `wavetank explain plan`"),
            ("step", Some("scal"), "there is no step `scal`; did you mean `scale`?"),
            ("fault", Some("pause"), "this version has no fault `pause`; known: pod-deletion, "),
        ] {
            let why = explain(Some(topic), name).expect_err(topic);
            assert!(why.starts_with(right), "{why}");
        }
    }

    #[test]
    fn no_page_names_what_this_version_lacks() {
        let text = all() + &list();
        let faults = fault::FAULTS.iter().filter(|fault| !fault.available).map(|fault| fault.name);
        let oracles = ORACLES.iter().filter(|oracle| !oracle.available).map(|oracle| oracle.name);
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let words: Vec<&str> = text.split(|c| !is_word(c)).collect();
        for name in
            faults.chain(oracles).filter(|name| name.contains(['-', '_'])).chain(["sequence", "probe"])
        {
            assert!(!words.contains(&name), "{name}");
        }
    }
}
