//! Pages of the file format, from the data that also check files.

use crate::scenario::format::{SCENARIO, VERBS};
use crate::scenario::shape::{Field, Fields, Shape};

/// An example in a scenario file. A test reads each.
pub(super) struct Example {
    /// Lines below `spec`.
    pub(super) text: &'static str,
    /// Further lines that it needs, which no page shows.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests read it"))]
    needs: &'static str,
}

impl Example {
    const fn of(text: &'static str) -> Self {
        Self { text, needs: "" }
    }

    const fn with_program(text: &'static str) -> Self {
        Self { text, needs: "  operators: [{program: my-operator}]\n" }
    }

    pub(super) const SCENARIO: Self = Self::of(
        "  seeds: 50
  cluster: {nodePools: [{name: node, count: 3}]}
  setup:
  - apply: {inline: '{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}'}
  steps:
  - delete: {target: configmap/settings}
  converge: {within: 5m, settle: 1m}
",
    );
    pub(super) const CLUSTER: Self = Self::of(
        "  cluster:
    nodePools:
    - {name: node, count: 3, zones: [a, b, c], labels: {disk: ssd}, capacity: {cpu: 8, memory: 32Gi}}
    - {name: gpu, count: 1, taints: [{key: gpu, effect: NoSchedule}]}
    flags: {kube-controller-manager: {node-monitor-grace-period: 50s}}
",
    );
    pub(super) const FLAG: Self = Self::of(
        "  cluster:
    flags: {kube-controller-manager: {node-monitor-grace-period: 50s, controllers: \"*,-job-controller\"}}
",
    );
    pub(super) const IMAGE: Self = Self::of(
        "  images:                          # the first match wins
  - {image: \"example.com/web:*\", pull: 1s..4s, start: 200ms..1s, ready: 1s..3s, stop: 0s..2s}
  - {image: \"example.com/bad:*\", pull: {error: ErrImagePull, times: 2}, exit: {after: 30s, code: 1}}
",
    );
    pub(super) const OPERATOR: Self = Self::of(
        "  operators:
  - {name: first, program: my-operator, replicas: 2, with: {WATCH_NAMESPACE: default}}
",
    );
    pub(super) const AT: Self = Self::with_program(
        "  faults:
  - {fault: crash, target: {program: my-operator}, when: {at: 10s..1m}}
",
    );
    pub(super) const EVERY: Self = Self::of(
        "  faults:
  - {fault: pod-deletion, target: {kind: Pod, selector: app=web}, when: {every: 5s..30s}, times: 0..3}
",
    );
    pub(super) const EVENT: Self = Self::with_program(
        "  faults:                          # after any of its first nine writes
  - {fault: crash, target: {program: my-operator}, when: {event: {write: {}}, nth: 1..9, moment: after}}
  steps:                           # when it has deleted a pod
  - when: {event: {write: {actor: my-operator, verb: delete, kind: Pod}}, moment: after-response}
    scale: {target: deployment/web, replicas: 3}
",
    );
    pub(super) const CEL: Self = Self::of(
        "  expect:
  - name: all replicas are ready
    eventually:
      vars: {d: {apiVersion: apps/v1, kind: Deployment, name: web}}
      cel: d.status.readyReplicas == d.spec.replicas
  - name: never more than five pods
    always:
      vars: {pods: {apiVersion: v1, kind: Pod, selector: app=web}}
      cel: pods.filter(p, !has(p.metadata.deletionTimestamp)).size() <= 5
      grace: 10s
",
    );
    pub(super) const MATCH: Self = Self::of(
        "  expect:
  - name: three ready pods
    eventually:
      match: {apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, status: {readyReplicas: 3}}
",
    );
    pub(super) const DECISION: Self = Self::with_program(
        "  expect:
  - name: deletes a pod only while two others are there
    always:
      event: {write: {actor: my-operator, verb: delete, kind: Pod}}
      vars: {pods: {apiVersion: v1, kind: Pod, selector: app=web}}
      cel: pods.size() >= 3
",
    );
    pub(super) const VIOLATION: Self = Self::of("  expect: {violation: no_convergence}\n");
    pub(super) const CONVERGE: Self = Self::of(
        "  converge:
    within: 5m
    settle: 1m
    ignore: [{kind: ConfigMap, selector: app=log, fields: [/data/last]}]
",
    );
}

/// The page of a part of a scenario, with its fields down to so many levels.
pub(super) fn page(way: &[&str], levels: usize, examples: &[Example]) -> String {
    let mut field = None;
    let mut fields = &SCENARIO;
    for name in way {
        field = fields.named(name);
        if let Some(inner) = field.and_then(|field| map_in(&field.shape)) {
            fields = inner;
        }
    }
    let rows = |field: &'static Field| Rows { levels, shown: Vec::new() }.of(&field.shape, 1);
    let text = field.map(rows).unwrap_or_default();
    let needed = text.contains(NEEDED).then_some("\n  * has to be given\n");
    let examples: Vec<&str> = examples.iter().map(|example| example.text).collect();
    format!("{text}{}\nin a file:\n{}", needed.unwrap_or_default(), examples.join("\n"))
}

const NEEDED: &str = " *";

/// The fields of the first map in a value.
fn map_in(shape: &Shape) -> Option<&'static Fields> {
    match shape {
        Shape::Fields(fields) | Shape::Branches(fields, _) => Some(fields),
        Shape::List(inner) | Shape::Map(inner) => map_in(inner),
        Shape::OneOf(shapes) => shapes.iter().find_map(map_in),
        _ => None,
    }
}

/// The rows of maps, down to so many levels; those of a map that is there already are left out.
struct Rows {
    levels: usize,
    shown: Vec<*const Fields>,
}

impl Rows {
    /// The rows of all maps in a value.
    fn of(&mut self, shape: &'static Shape, depth: usize) -> String {
        if depth > self.levels {
            return String::new();
        }
        match shape {
            Shape::Fields(fields) | Shape::Branches(fields, _) => {
                let map: *const Fields = *fields;
                if self.shown.contains(&map) {
                    return format!("{}(as above)\n", "  ".repeat(depth));
                }
                self.shown.push(map);
                fields.available().map(|field| self.row(field, depth)).collect()
            }
            Shape::List(inner) | Shape::Map(inner) => self.of(inner, depth),
            Shape::OneOf(shapes) => shapes.iter().map(|shape| self.of(shape, depth)).collect(),
            _ => String::new(),
        }
    }

    fn row(&mut self, field: &'static Field, depth: usize) -> String {
        let indent = "  ".repeat(depth);
        let name = format!("{indent}{}{}", field.name, if field.required { NEEDED } else { "" });
        let other = field.other.map(|other| format!(" (or `{other}`)")).unwrap_or_default();
        let row = format!("{name:<26}{}{other}: {}\n", field.about, form(&field.shape));
        row + &self.of(&field.shape, depth + 1)
    }
}

/// What a value is, in words.
fn form(shape: &Shape) -> String {
    match shape {
        Shape::Leaf(leaf) => leaf.form.right.into(),
        Shape::Word(words) => words.join(", "),
        Shape::Named(named) => match (named.names)() {
            names if names.len() > 8 => format!("the name of {}", named.what),
            names => names.join(", "),
        },
        Shape::List(inner) => format!("a list of {}", plural(inner)),
        Shape::Map(inner) => format!("a map from a name to {}", form(inner)),
        Shape::Fields(_) | Shape::Branches(..) => "a map".into(),
        Shape::OneOf(shapes) => shapes.iter().map(form).collect::<Vec<_>>().join("; or "),
        Shape::Tree | Shape::Later => "any value".into(),
    }
}

fn plural(shape: &Shape) -> String {
    match shape {
        Shape::Fields(_) | Shape::Branches(..) => "maps".into(),
        Shape::Leaf(leaf) => leaf.form.right.replacen("a text", "texts", 1),
        other => form(other),
    }
}

/// The verbs of steps, each with what it does.
pub(super) fn verbs() -> Vec<(&'static str, String)> {
    VERBS.iter().map(|verb| (verb.field.name, verb.field.about.to_owned())).collect()
}

/// The page of a verb.
pub(super) fn verb(name: &str) -> Option<String> {
    let verb = VERBS.iter().find(|verb| verb.field.name == name)?;
    let Field { name, about, shape, .. } = &verb.field;
    let mut text = format!("step {name}\n{about}\n\n  takes {}\n", form(shape));
    let rows = Rows { levels: 9, shown: Vec::new() }.of(shape, 2);
    text += &rows;
    if rows.contains(NEEDED) {
        text += "\n  * has to be given\n";
    }
    text += "\n  Beside the verb a step may have `name`, and in `steps` also `when` (wavetank explain trigger).\n";
    Some(format!("{text}\nin a file:\n  steps:\n  - {name}: {}\n", verb.example))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse;

    #[test]
    fn every_example_is_read() {
        for example in [
            Example::SCENARIO,
            Example::CLUSTER,
            Example::FLAG,
            Example::IMAGE,
            Example::OPERATOR,
            Example::AT,
            Example::EVERY,
            Example::EVENT,
            Example::CEL,
            Example::MATCH,
            Example::DECISION,
            Example::VIOLATION,
            Example::CONVERGE,
        ] {
            let (needs, text) = (example.needs, example.text);
            let file = format!(
                "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: s}}\nspec:\n{needs}{text}"
            );
            let none = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
            parse(file.as_bytes(), "s.yaml", &none, &["my-operator"])
                .unwrap_or_else(|bad| panic!("{bad}\n{file}"));
        }
    }

    #[test]
    fn a_page_has_every_field_with_its_form() {
        let page = page(&["spec", "faults", "when"], 9, &[]);
        for part in [
            "  at  ",
            "  event  ",
            "(or `on`)",
            "    write  ",
            "      subresource  ",
            "a duration such as `30s`",
        ] {
            assert!(page.contains(part), "`{part}` is missing in\n{page}");
        }
        let scale = verb("scale").expect("it is a verb");
        assert!(scale.contains("    target *") && scale.contains("    replicas *"), "{scale}");
    }
}
