//! Laws for scenarios, manifests and the README: opening comments, reasons of dependencies, the test command.

use super::source::Finding;

/// A scenario begins with a comment that says what it does, why it exists and what to expect. Other manifests need none.
pub(crate) fn scenario(path: &str, text: &str) -> Vec<Finding> {
    if !text.lines().any(|line| line.trim() == "kind: Scenario") {
        return Vec::new();
    }
    let opening: String =
        text.lines().take_while(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let missing = ["What:", "Why:", "Expected:"].into_iter().filter(|word| !opening.contains(word));
    missing
        .map(|word| Finding {
            path: path.to_owned(),
            line: 1,
            what: format!("the first comment has no `{word}`"),
            instead: "open with `# What: ..`, `# Why: ..`, `# Expected: ..`",
        })
        .collect()
}

/// Each dependency has its reason on its line or on the line above. One from the workspace has it in the workspace's manifest.
pub(crate) fn dependencies(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let (mut within, mut above) = (false, "");
    for (number, line) in text.lines().enumerate() {
        if let Some(section) = line.strip_prefix('[') {
            within = section.split(']').next().is_some_and(|section| section.ends_with("dependencies"));
        }
        let is_entry = line.starts_with(|c: char| c.is_ascii_alphabetic()) && line.contains('=');
        let inherits = line.contains("workspace = true");
        let explained = line.contains(" # ") || above.starts_with("# ");
        if within && is_entry && !inherits && !explained {
            let name = line.split(['=', ' ', '.']).next().unwrap_or(line);
            findings.push(Finding {
                path: path.to_owned(),
                line: number + 1,
                what: format!("the dependency `{name}` has no reason"),
                instead: "write the reason after the entry: `# what for`",
            });
        }
        above = line;
    }
    findings
}

/// `.ci/run` has the README's test command as a line.
pub(crate) fn test_command(readme: &str, ci: &str) -> Vec<Finding> {
    let command = readme
        .lines()
        .map(|line| line.trim().trim_start_matches("$ "))
        .find(|line| line.starts_with("cargo test"));
    let what = match command {
        None => "no line with `cargo test`".to_owned(),
        Some(command) if ci.lines().any(|line| line.trim() == command) => return Vec::new(),
        Some(command) => format!("`.ci/run` has no line `{command}`"),
    };
    vec![Finding { path: "README.md".to_owned(), line: 1, what, instead: "use the same command in both" }]
}

#[cfg(test)]
mod tests {
    use super::{dependencies, scenario, test_command};

    #[test]
    fn a_scenario_without_its_opening_comment_is_found() {
        let found = scenario("scenarios/a.yaml", "# What: x.\n# Why: y.\nkind: Scenario\n# Expected: z\n");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].what, "the first comment has no `Expected:`");
        assert_eq!(scenario("scenarios/a/pod.yaml", "kind: Pod\n"), []);
    }

    #[test]
    fn a_dependency_without_its_reason_is_found() {
        let text = "[dependencies]\na = \"1\" # why\n# why\nb = \"1\"\nc = \"1\"\nd.workspace = true\n[features]\ne = []\n";
        let found = dependencies("Cargo.toml", text);
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [5]);
        assert_eq!(dependencies("Cargo.toml", "[target.'cfg(unix)'.dev-dependencies]\nf = \"1\"\n").len(), 1);
    }

    #[test]
    fn another_test_command_in_ci_is_found() {
        assert_eq!(test_command("```\n$ cargo test --workspace\n```\n", "  cargo test --workspace\n"), []);
        assert_eq!(test_command("```\ncargo test --workspace\n```\n", "cargo test\n").len(), 1);
        assert_eq!(test_command("no command\n", "cargo test\n").len(), 1);
    }
}
