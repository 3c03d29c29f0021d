//! Who may name whom. A row for every module of both crates: a new folder needs one, which is the moment to think about it.

use super::paths;
use super::source::{Finding, Source};

/// All modules of the crate: for the few that wire the rest together.
const ALL: &[&str] = &["*"];

/// `sim/src`, from the bottom up.
const SIM: &[(&str, &[&str])] = &[
    ("object", &[]),
    ("engine", &[]),
    ("hermetic", &[]),
    ("wire", &["object", "engine"]),
    ("client", &["object", "engine", "wire"]),
    // The components meet only on the wire: one that peeks into the store hides the stale reads we exist to find.
    ("apiserver", &["object", "engine", "wire", "client"]),
    ("scheduler", &["object", "engine", "wire", "client"]),
    ("kubelet", &["object", "engine", "wire", "client"]),
    ("controllers", &["object", "engine", "wire", "client"]),
    ("programs", &["object", "engine", "wire", "client"]),
    ("convergence", &["object"]),
    ("scenario", &["object"]),
    ("events", &["object", "engine", "wire"]),
    // The cluster is the same with and without testing.
    (
        "cluster",
        &[
            "object",
            "engine",
            "wire",
            "client",
            "apiserver",
            "scheduler",
            "kubelet",
            "controllers",
            "programs",
            "convergence",
            "events",
        ],
    ),
    ("faults", &["object", "engine", "wire", "scenario", "cluster", "programs"]),
    // What a run observed: the record, the state, the panics. No oracle reaches into a running cluster.
    ("oracles", &["object", "engine", "wire", "scenario", "hermetic", "apiserver", "convergence"]),
    ("explore", ALL),
];

/// Root `src`.
const ROOT: &[(&str, &[&str])] = &[
    ("isolate", &[]),
    ("operators", &[]),
    ("scenario", &[]),
    ("registry", &["scenario"]),
    ("report", &["sweep"]),
    ("sweep", &["isolate", "report"]),
    ("harness", &["isolate", "registry", "report", "sweep"]),
    ("builder", &["harness", "isolate", "registry", "report", "scenario", "sweep"]),
    ("commands", &["cli", "harness", "isolate", "registry", "report", "scenario", "sweep"]),
    ("cli", &["commands", "isolate", "registry"]),
];

/// What may stand in the root.
const TOP_LEVEL: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "rustfmt.toml",
    "LICENSE",
    "README.md",
    "CONTRIBUTING.md",
    "sim",
    "scenarios",
    "src",
    "tests",
    "benches",
    "examples",
    "target",
];

pub(crate) fn top_level(entries: &[String]) -> Vec<Finding> {
    let strange = entries.iter().filter(|entry| !TOP_LEVEL.contains(&entry.as_str()));
    strange
        .map(|entry| Finding {
            path: entry.clone(),
            line: 1,
            what: "the top level is fixed".to_owned(),
            instead: "put it into the folder that it is about",
        })
        .collect()
}

pub(crate) fn may_use(source: &Source) -> Vec<Finding> {
    let (table, inner) = match (source.path.strip_prefix("sim/src/"), source.path.strip_prefix("src/")) {
        (Some(inner), _) => (SIM, inner),
        (_, Some(inner)) => (ROOT, inner),
        _ => return Vec::new(),
    };
    check(source, table, inner)
}

fn check(source: &Source, table: &[(&str, &[&str])], inner: &str) -> Vec<Finding> {
    let own = inner.split('/').next().unwrap_or(inner).trim_end_matches(".rs");
    if matches!(own, "lib" | "main") {
        return Vec::new();
    }
    let Some((_, allowed)) = table.iter().find(|(module, _)| *module == own) else {
        if inner.contains('/') && !inner.ends_with("/mod.rs") {
            return Vec::new(); // said once, at the module's index
        }
        let what = format!("the module `{own}` has no row in MAY_USE");
        return vec![source.finding(
            0,
            what,
            "add the row to tests/tidy/layout.rs: whom it may name, from the bottom up",
        )];
    };
    let mut findings = Vec::new();
    let tests = source.test_spans();
    for (at, module) in paths::named(source) {
        // Tests may play whole runs.
        let in_test = source.is_test || tests.iter().any(|span| span.contains(&at));
        if module == "explore" && in_test {
            continue;
        }
        if module != own && *allowed != ALL && !allowed.contains(&module.as_str()) {
            let what = format!("`{own}` names `{module}`");
            findings.push(source.finding(
                at,
                what,
                "go through the modules that MAY_USE allows, mostly `wire`",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::{ROOT, SIM, may_use, top_level};

    fn found(path: &str, text: &str) -> Vec<String> {
        may_use(&Source::new(path, text, false)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_component_that_peeks_into_the_store_is_found() {
        let found = found(
            "sim/src/controllers/replicaset.rs",
            "//! a\nuse crate::wire::Verb;\nuse crate::apiserver::Store;\n",
        );
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("sim/src/controllers/replicaset.rs:3: `controllers` names `apiserver`; "),
            "{}",
            found[0]
        );
    }

    #[test]
    fn a_module_without_a_row_is_found() {
        assert_eq!(found("sim/src/utils/mod.rs", "//! a\n").len(), 1);
        assert_eq!(found("src/helpers.rs", "//! a\n").len(), 1);
        assert_eq!(found("sim/src/explore/run.rs", "use crate::faults::F;"), [""; 0]);
    }

    #[test]
    fn rows_name_modules_that_have_rows() {
        for table in [SIM, ROOT] {
            for (module, allowed) in table {
                let known = |name: &&str| *name == "*" || table.iter().any(|(row, _)| row == name);
                assert!(allowed.iter().all(known), "{module} names an unknown module");
            }
        }
    }

    #[test]
    fn a_stranger_in_the_root_is_found() {
        assert_eq!(top_level(&["src".to_owned(), "utils".to_owned()]).len(), 1);
    }
}
