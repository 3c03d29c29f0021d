//! Which files a folder may have, and that each folder has a `mod.rs`.
//!
//! It looks at paths, and at the text of the list of controllers. [`super::layout`] checks which module names which.

use super::source::{Finding, Source, block_end, words};
use std::collections::BTreeSet;

const CONTROLLERS: &str = "sim/src/controllers";
/// The entries of `controllers` that are no controllers.
const NO_CONTROLLERS: &[&str] = &["mod", "tests", "manager", "shared"];

/// Each entry of `controllers` is a controller, named in `all`.
pub(crate) fn controllers(rust: &[Source]) -> Vec<Finding> {
    let index = format!("{CONTROLLERS}/mod.rs");
    let Some(index) = rust.iter().find(|source| source.path == index) else { return Vec::new() };
    let Some(all) = index.code.find("fn all(") else {
        return vec![index.finding(
            0,
            "there is no `fn all(`",
            "write one: it returns the list of all controllers",
        )];
    };
    let open = all + index.code[all..].find('{').unwrap_or(0);
    let list = &index.code[open..block_end(&index.code, open)];
    let named = |module: &str| words(list, &format!("{module}::")).next().is_some();
    let unnamed = entries(rust, CONTROLLERS).into_iter().filter(|(entry, _)| {
        let module = entry.trim_end_matches(".rs");
        !NO_CONTROLLERS.contains(&module) && !named(module)
    });
    unnamed
        .map(|(entry, path)| Finding {
            path,
            line: 1,
            what: format!("`{entry}` is no controller: `all` does not name it"),
            instead: "move code that runs controllers to `manager/`, code that several share to `shared/`, and a part of one to its folder",
        })
        .collect()
}

/// Files about pods are in `object/pod/`.
pub(crate) fn pods(rust: &[Source]) -> Vec<Finding> {
    let pods = entries(rust, "sim/src/object").into_iter().filter(|(entry, _)| entry.starts_with("pod_"));
    pods.map(|(entry, path)| Finding {
        path,
        line: 1,
        what: format!("`{entry}` is outside `object/pod/`"),
        instead: "move it to `object/pod/`, without the prefix",
    })
    .collect()
}

/// Each folder has a `mod.rs`. Only the index of tests may be a file beside its folder.
pub(crate) fn indexes(rust: &[Source]) -> Vec<Finding> {
    let paths: BTreeSet<&str> = rust.iter().map(|source| source.path.as_str()).collect();
    let mut folders: BTreeSet<&str> = BTreeSet::new();
    for path in paths.iter().filter(|path| path.starts_with("sim/src/") || path.starts_with("src/")) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if !matches!(folder, "src" | "sim/src") {
            folders.insert(folder);
        }
    }
    let without_index = folders.into_iter().filter(|folder| {
        let index = format!("{folder}/mod.rs");
        !paths.contains(index.as_str()) && !folder.ends_with("/tests")
    });
    without_index
        .map(|folder| Finding {
            path: format!("{folder}.rs"),
            line: 1,
            what: format!("`{folder}/` has no `mod.rs`"),
            instead: "run `git mv name.rs name/mod.rs` if the file is an index, else move its code to a file named after what it does",
        })
        .collect()
}

/// The files and folders directly in `folder`, each with a path for the report.
fn entries(rust: &[Source], folder: &str) -> BTreeSet<(String, String)> {
    let below = rust.iter().filter_map(|source| source.path.strip_prefix(folder)?.strip_prefix('/'));
    below
        .map(|inner| {
            let entry = inner.split('/').next().unwrap_or(inner).to_owned();
            let path = format!("{folder}/{entry}");
            (entry, path)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::source::{Finding, Source};
    use super::{controllers, indexes, pods};

    fn files(paths: &[&str]) -> Vec<Source> {
        paths.iter().map(|path| Source::new(path, "//! a\n", false)).collect()
    }

    fn paths(findings: Vec<Finding>) -> Vec<String> {
        findings.into_iter().map(|finding| finding.path).collect()
    }

    #[test]
    fn a_file_that_is_no_controller_is_found() {
        let mut rust = files(&[
            "sim/src/controllers/manager/sync.rs",
            "sim/src/controllers/tests/mod.rs",
            "sim/src/controllers/job/mod.rs",
            "sim/src/controllers/job/pod.rs",
            "sim/src/controllers/replica.rs",
            "sim/src/controllers/history.rs",
        ]);
        let all =
            "mod history;\nfn all() { vec![job::Jobs, replica::A] }\n// history::\nfn b() { history::c() }\n";
        rust.push(Source::new("sim/src/controllers/mod.rs", all, false));
        assert_eq!(paths(controllers(&rust)), ["sim/src/controllers/history.rs"]);
        rust.pop();
        rust.push(Source::new("sim/src/controllers/mod.rs", "mod job;\n", false));
        assert_eq!(controllers(&rust)[0].what, "there is no `fn all(`");
    }

    #[test]
    fn a_file_about_pods_outside_their_folder_is_found() {
        let rust =
            files(&["sim/src/object/pod/row.rs", "sim/src/object/pod_row.rs", "sim/src/object/key.rs"]);
        assert_eq!(paths(pods(&rust)), ["sim/src/object/pod_row.rs"]);
    }

    #[test]
    fn a_folder_without_its_index_is_found() {
        let rust = files(&[
            "sim/src/lib.rs",
            "sim/src/a/mod.rs",
            "sim/src/a/b.rs",
            "sim/src/a/b/tests.rs",
            "sim/src/a/tests.rs",
            "sim/src/a/tests/pods.rs",
            "src/c.rs",
            "src/c/d.rs",
            "tests/it/e.rs",
        ]);
        assert_eq!(paths(indexes(&rust)), ["sim/src/a/b.rs", "src/c.rs"]);
    }
}
