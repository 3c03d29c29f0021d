//! The list of cases that do not hold yet: `case # why` per line.

/// Which cases do not hold yet.
pub(crate) struct Expected(Vec<String>);

impl Expected {
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let name = |line: &str| {
            let (name, why) = line.split_once('#').unwrap_or((line, ""));
            assert!(!why.trim().is_empty(), "EXPECTED says why: {line}");
            name.trim().to_owned()
        };
        Self(lines.map(name).collect())
    }

    pub(crate) fn lists(&self, case: &str) -> bool {
        self.0.iter().any(|name| name == case)
    }

    pub(crate) fn cases(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

#[test]
fn a_line_names_a_case_and_says_why() {
    let expected = Expected::parse("# a comment\n\na-case # no such controller\n");
    assert!(expected.lists("a-case") && !expected.lists("another"));
    assert_eq!(expected.cases().collect::<Vec<_>>(), ["a-case"]);
}
