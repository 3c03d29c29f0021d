//! The laws of the tree: which module may name which, where files are and what they are called, how long they may get, and
//! which words are banned.
//!
//! Run them with `cargo test -p tidy`. The tests read text, depend on nothing and compile nothing of the project. They report
//! all breaches at once as `path:line: what; use this instead`. Limits may only go down. The compiler and clippy check what they
//! see better, such as hash-ordered maps and missing docs: see `.clippy.toml` and `[workspace.lints]`.
//!
//! - [`layout`]: the table of modules and the modules that they may name; [`paths`]: the modules that a file names
//! - [`rooms`]: which files belong in which folder; [`names`]: the files of faults and oracles have the names of the tables
//! - [`size`]: headers and lengths; [`words`]: bans; [`citations`]: missing documents; [`pages`]: pages, manifests, scenarios
//! - [`tree`]: all files; [`source`]: one file, with its comments and tests marked
//!
//! To add a law:
//! 1. write a function that returns findings, for one [`Source`] or for the whole tree,
//! 2. call it in [`findings_in`] or in [`findings`],
//! 3. add a test that shows what it finds, and what it accepts.

mod citations;
mod layout;
mod names;
mod pages;
mod paths;
mod rooms;
mod size;
mod source;
mod tree;
mod words;

use source::{Finding, Source};
use std::path::Path;

/// The findings of all laws for single Rust files.
fn findings_in(source: &Source) -> Vec<Finding> {
    [
        size::opening(source),
        size::file(source),
        size::functions(source),
        words::banned(source),
        words::leftovers(source),
        words::globs(source),
        layout::may_use(source),
    ]
    .concat()
}

/// All breaches of laws in the tree at `root`, sorted by place.
pub fn findings(root: &Path) -> Vec<String> {
    let tree = tree::Tree::read(root);
    let mut findings: Vec<Finding> = tree.rust.iter().flat_map(findings_in).collect();
    findings.extend(layout::top_level(&tree.top_level));
    findings.extend(rooms::controllers(&tree.rust));
    findings.extend(rooms::pods(&tree.rust));
    findings.extend(rooms::indexes(&tree.rust));
    findings.extend(names::faults(&tree.rust));
    findings.extend(names::oracles(&tree.rust));
    findings.extend(tree.rust.iter().flat_map(|source| citations::rust(source, &tree.documents)));
    for (path, text) in tree.pages.iter().chain(&tree.scenarios).chain(&tree.manifests) {
        findings.extend(citations::page(path, text, &tree.documents));
    }
    for (path, text) in &tree.scenarios {
        findings.extend(pages::scenario(path, text));
    }
    for (path, text) in &tree.manifests {
        findings.extend(pages::dependencies(path, text));
    }
    findings.extend(pages::test_command(&tree.readme, &tree.ci));
    findings.sort();
    findings.iter().map(Finding::to_string).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn the_tree_keeps_its_laws() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let lines = super::findings(&root);
        assert!(lines.is_empty(), "{} findings:\n{}\n", lines.len(), lines.join("\n"));
    }
}
