//! Reads the files that the laws check. The crates in `tests/fixtures` have no laws.

use super::source::{Source, name};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The project's files as text, with paths from the root.
pub(crate) struct Tree {
    pub(crate) rust: Vec<Source>,
    pub(crate) scenarios: Vec<(String, String)>,
    pub(crate) manifests: Vec<(String, String)>,
    pub(crate) top_level: Vec<String>,
    /// All Markdown pages.
    pub(crate) pages: Vec<(String, String)>,
    /// The file names of these pages, without folders.
    pub(crate) documents: BTreeSet<String>,
    pub(crate) readme: String,
    pub(crate) ci: String,
}

impl Tree {
    pub(crate) fn read(root: &Path) -> Tree {
        let mut paths = Vec::new();
        for folder in ["sim", "src", "tests", "benches", "examples", "scenarios"] {
            walk(root, folder, &mut paths);
        }
        paths.extend(["Cargo.toml", "README.md", "CONTRIBUTING.md"].map(str::to_owned));
        paths.sort();
        let text = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
        let all = |suffix: &str| -> Vec<(String, String)> {
            let found = paths.iter().filter(|path| path.ends_with(suffix));
            found.map(|path| (path.clone(), text(path))).collect()
        };
        let pages = all(".md");
        Tree {
            rust: rust(all(".rs")),
            scenarios: all(".yaml").into_iter().filter(|(path, _)| path.starts_with("scenarios/")).collect(),
            manifests: all("Cargo.toml"),
            top_level: entries(root),
            documents: pages.iter().map(|(path, _)| file_name(path).to_owned()).collect(),
            pages,
            readme: text("README.md"),
            ci: text(".ci/run"),
        }
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The names in a folder, except those that start with a dot.
fn entries(folder: &Path) -> Vec<String> {
    let read = fs::read_dir(folder).into_iter().flatten();
    let names = read.map(|entry| entry.expect("the folder is readable").file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    names
}

fn walk(root: &Path, folder: &str, paths: &mut Vec<String>) {
    for name in entries(&root.join(folder)) {
        let path = format!("{folder}/{name}");
        if root.join(&path).is_file() {
            paths.push(path);
        } else if name != "target" && path != "tests/fixtures" {
            walk(root, &path, paths);
        }
    }
}

/// The Rust files. Some are test code only because a `#[cfg(test)] mod` in another file names them.
fn rust(files: Vec<(String, String)>) -> Vec<Source> {
    let mut sources: Vec<Source> =
        files.iter().map(|(path, text)| Source::new(path, text, lies_among_tests(path))).collect();
    let named: BTreeSet<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        let is_named = |module: &String| {
            source
                .path
                .strip_prefix(module.as_str())
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        source.is_test |= named.iter().any(is_named);
    }
    sources
}

fn lies_among_tests(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "tests.rs" | "benches"))
}

/// The test modules that a file declares and that are in other files, as paths without `.rs`.
fn test_modules(source: &Source) -> Vec<String> {
    let folder = match source.path.rsplit_once('/') {
        Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder,
        _ => source.path.trim_end_matches(".rs"),
    };
    let mut modules = Vec::new();
    for span in source.test_spans() {
        let item = source.code[span].trim();
        let declared = item.strip_suffix(';').and_then(|item| item.rsplit_once("mod "));
        modules.extend(declared.map(|(_, module)| format!("{folder}/{}", name(module))));
    }
    modules
}

#[cfg(test)]
mod tests {
    use super::rust;

    #[test]
    fn a_file_is_a_test_by_its_place_or_by_its_declaration() {
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let sources = rust(vec![
            file("sim/src/a/mod.rs", "#[cfg(test)]\nmod fixtures;\nmod b;\n"),
            file("sim/src/a/fixtures.rs", ""),
            file("sim/src/a/fixtures/deep.rs", ""),
            file("sim/src/a/b.rs", ""),
            file("sim/src/a/b/tests.rs", ""),
            file("tests/it/main.rs", ""),
        ]);
        let tests: Vec<bool> = sources.iter().map(|source| source.is_test).collect();
        assert_eq!(tests, [false, true, true, false, true, true]);
    }
}
