//! The list of steps that are expected to fail: `case 3 5-7 # why` per line.

use std::collections::{BTreeMap, BTreeSet};

/// The steps that are expected to fail, by case.
pub(crate) struct Expected(BTreeMap<String, BTreeSet<usize>>);

impl Expected {
    pub(crate) fn parse(text: &str) -> Self {
        let mut cases: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let (steps, why) = line.split_once('#').unwrap_or((line, ""));
            assert!(!why.trim().is_empty(), "a line of EXPECTED gives a reason: {line}");
            let mut words = steps.split_whitespace();
            let case = cases.entry(words.next().unwrap().to_owned()).or_default();
            for word in words {
                let (first, last) = word.split_once('-').unwrap_or((word, word));
                case.extend(first.parse::<usize>().unwrap()..=last.parse().unwrap());
            }
        }
        Self(cases)
    }

    pub(crate) fn lists(&self, case: &str, step: usize) -> bool {
        self.0.get(case).is_some_and(|steps| steps.contains(&step))
    }

    pub(crate) fn cases(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[test]
fn a_line_lists_steps_and_gives_a_reason() {
    let expected = Expected::parse("# a comment\n\na 1 3-4 # tables\na 9 # yaml\n");
    let listed: Vec<usize> = (0..10).filter(|step| expected.lists("a", *step)).collect();
    assert_eq!(listed, [1, 3, 4, 9]);
    assert_eq!(expected.cases().collect::<Vec<_>>(), ["a"]);
}
