//! Which module may name which: a row for every module of both crates. A new module needs a row.

use super::paths;
use super::source::{Finding, Source};

/// All modules of the crate, for modules that wire the others.
const ALL: &[&str] = &["*"];

/// `sim/src`, from the bottom up.
const SIM: &[(&str, &[&str])] = &[
    ("object", &[]),
    ("engine", &[]),
    ("hermetic", &[]),
    ("wire", &["object", "engine"]),
    ("client", &["object", "engine", "wire"]),
    // Components meet only on the wire. A component that reads the store directly would hide the stale reads that we look for.
    ("apiserver", &["object", "engine", "wire", "client"]),
    ("scheduler", &["object", "engine", "wire", "client"]),
    ("kubelet", &["object", "engine", "wire", "client"]),
    ("controllers", &["object", "engine", "wire", "client"]),
    // It tells `hermetic` whose code runs.
    ("programs", &["object", "engine", "hermetic", "wire", "client"]),
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
    // Oracles judge the record, the state and the panics of a run. No oracle reads a running cluster.
    ("oracles", &["object", "engine", "wire", "scenario", "hermetic", "apiserver", "convergence"]),
    ("explore", ALL),
];

/// Root `src`.
const ROOT: &[(&str, &[&str])] = &[
    ("isolate", &[]),
    ("operators", &[]),
    ("scenario", &[]),
    ("registry", &["scenario"]),
    ("report", &["isolate", "scenario", "summary", "sweep"]),
    ("sweep", &["isolate", "report"]),
    ("summary", &["isolate", "sweep"]),
    ("harness", &["isolate", "registry", "report", "summary", "sweep"]),
    ("builder", &["harness", "isolate", "registry", "report", "scenario", "sweep"]),
    ("commands", &["cli", "harness", "isolate", "registry", "report", "scenario", "summary", "sweep"]),
    ("cli", &["commands", "isolate", "registry", "report", "scenario"]),
];

/// The entries that the root may have.
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
    let unknown = entries.iter().filter(|entry| !TOP_LEVEL.contains(&entry.as_str()));
    unknown
        .map(|entry| Finding {
            path: entry.clone(),
            line: 1,
            what: "the top level has no such entry".to_owned(),
            instead: "put it into the folder where it belongs",
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
            return Vec::new(); // reported once, at the module's index
        }
        let what = format!("the module `{own}` has no row in MAY_USE");
        return vec![source.finding(
            0,
            what,
            "add the row to tests/tidy/layout.rs: the modules that it may name",
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
                "use the modules that its row in MAY_USE allows, mostly `wire`",
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
    fn a_component_that_names_the_api_server_is_found() {
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
    fn every_module_in_a_row_has_a_row() {
        for table in [SIM, ROOT] {
            for (module, allowed) in table {
                let known = |name: &&str| *name == "*" || table.iter().any(|(row, _)| row == name);
                assert!(allowed.iter().all(known), "{module} names an unknown module");
            }
        }
    }

    #[test]
    fn an_unknown_entry_of_the_root_is_found() {
        assert_eq!(top_level(&["src".to_owned(), "utils".to_owned()]).len(), 1);
    }
}
