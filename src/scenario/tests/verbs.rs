//! The table of verbs: every value that the format accepts is read.

use std::collections::BTreeSet;

use super::*;
use crate::scenario::format::VERBS;

const HEAD: &str = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: s}\nspec:\n";

#[test]
fn every_verb_of_the_format_is_read() {
    for verb in VERBS {
        let (word, example) = (verb.field.name, verb.example);
        let text = format!("{HEAD}  steps:\n  - {word}: {example}\n");
        let scenario = read(&text).unwrap_or_else(|bad| panic!("{bad}"));
        assert_eq!(scenario.steps.iter().map(|step| step.action.verb()).collect::<Vec<_>>(), [word]);
    }
}

#[test]
fn every_action_has_a_verb_in_the_format() {
    let rows: BTreeSet<&str> = VERBS.iter().map(|verb| verb.field.name).collect();
    let actions: BTreeSet<&str> = Action::VERBS.iter().copied().collect();
    assert_eq!(rows, actions, "rows of the format (left), words of `Action` (right)");
    assert_eq!(rows.len(), VERBS.len(), "one verb has two rows");
}

#[test]
fn a_file_with_a_part_that_no_reader_reads_is_refused() {
    let source = Source::new("s.yaml", &format!("{HEAD}  namespace: web\n  steps:\n  - wait: 30s\n"));
    let root = yaml::document(&source).unwrap();
    let message = || {
        let mut problems = Problems::default();
        read::refuse_unread(&root, &source, &mut problems);
        BadScenario::unless_none(problems).map_err(|bad| bad.to_string()).err().unwrap_or_default()
    };
    assert_eq!(message(), "");
    let spec = root.get("spec").unwrap();
    spec.list("steps")[0].unread_if_none(None::<()>);
    assert!(message().starts_with("s.yaml:7:5: internal: the format accepts this"), "{}", message());
    assert_eq!(spec.parse::<u32>("namespace"), None);
    assert!(message().starts_with("s.yaml:5:14: internal"), "{}", message());
}

#[test]
fn a_malformed_part_is_not_reported_as_unread_too() {
    let bad = read(&format!("{HEAD}  steps:\n  - scale: {{target: web, replicas: few}}\n")).unwrap_err();
    let messages = bad.problems().iter().map(|problem| problem.message.as_str());
    assert_eq!(messages.filter(|message| message.contains("internal")).count(), 0, "{bad}");
}
