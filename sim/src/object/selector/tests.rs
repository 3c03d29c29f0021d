//! Selectors against the recorded case `label-selectors`, and field selectors.

use super::*;
use crate::value;

/// The four config maps of the recording, and which of them each selector picks.
#[test]
fn the_recorded_selections_hold() {
    let objects = [
        ("a", value!({"env": "prod", "t": "1"})),
        ("b", value!({"env": "dev"})),
        ("c", value!({"t": "2"})),
        ("d", Value::Null),
    ];
    for (text, wanted) in [
        ("env=prod", "a"),
        ("env==prod", "a"),
        ("env!=prod", "bcd"),
        ("env in (prod,dev)", "ab"),
        ("env notin (prod)", "bcd"),
        ("env", "ab"),
        ("!env", "cd"),
        ("env,t", "a"),
        ("env=prod,t=1", "a"),
        ("t>1", "c"),
        ("t<2", "a"),
        ("", "abcd"),
        ("env in ()", ""),
        ("env=", ""),
        ("env in (prod),!t", ""),
        (" env = prod ", "a"),
    ] {
        let selector = LabelSelector::parse(text).unwrap();
        let picked: String =
            objects.iter().filter(|(_, l)| selector.matches(l.as_map())).map(|(n, _)| *n).collect();
        assert_eq!(picked, wanted, "{text}");
    }
}

#[test]
fn the_recorded_messages_hold() {
    for (text, wanted) in [
        ("bad key=x", "unable to parse requirement: found 'key', expected: in, notin, =, ==, !=, gt, lt"),
        ("env=bad value", "found 'value', expected: ',' or 'end of string'"),
        ("env in (a", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("=x", "found '=', expected: !, identifier, or 'end of string'"),
        ("env=prod,", "found '', expected: identifier after ','"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        (
            "t>abc",
            "unable to parse requirement: values[0]: Invalid value: \"abc\": for 'Gt', 'Lt' operators, the value must \
             be an integer",
        ),
    ] {
        assert_eq!(LabelSelector::parse(text).unwrap_err().to_string(), wanted, "{text}");
    }
    let long = format!("x-{}=1", "a".repeat(62));
    let text = LabelSelector::parse(&long).unwrap_err().to_string();
    assert!(text.starts_with("unable to parse requirement: <nil>: Invalid value: \"x-aaa"), "{text}");
    assert!(text.ends_with("\": name part must be no more than 63 bytes"), "{text}");
}

#[test]
fn a_tree_selects_as_its_text_does() {
    let tree = value!({
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]},
            {"key": "gone", "operator": "DoesNotExist"}
        ]
    });
    let text = LabelSelector::parse("app=web,tier in (a,b),!gone").unwrap();
    assert_eq!(LabelSelector::from_value(&tree).unwrap(), text);
    let bad = value!({"matchExpressions": [{"key": "a", "operator": "Near"}]});
    assert_eq!(
        LabelSelector::from_value(&bad).unwrap_err().to_string(),
        "\"Near\" is not a valid label selector operator"
    );
}

#[test]
fn field_selectors_split_on_unescaped_commas() {
    let selector = FieldSelector::parse(r"metadata.name=a\,b,status.phase!=Running,spec.nodeName==").unwrap();
    let term =
        |field: &str, equals, value: &str| FieldTerm { field: field.into(), equals, value: value.into() };
    assert_eq!(
        selector.terms,
        [
            term("metadata.name", true, "a,b"),
            term("status.phase", false, "Running"),
            term("spec.nodeName", true, "")
        ]
    );
    assert!(selector.matches(|field| if field == "metadata.name" { "a,b" } else { "" }));
    assert_eq!(
        FieldSelector::parse("foo").unwrap_err().to_string(),
        "invalid selector: 'foo'; can't understand 'foo'"
    );
}
