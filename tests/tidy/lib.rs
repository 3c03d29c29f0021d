//! The tree keeps its own laws: who may name whom, where files lie and what they are called, how long a file may get, which
//! words have no place where.
//!
//! Run it with `cargo test -p tidy`. It reads text, depends on nothing and compiles nothing of the project. It reports
//! everything at once as `path:line: what; use this instead`, and its limits only go down. What a compiler or clippy sees
//! better (hash-ordered maps, missing docs) is left to them: see `.clippy.toml` and `[workspace.lints]`.
//!
//! - [`layout`]: the table of who may name whom, which a new module needs a row in; [`paths`]: the names in a file
//! - [`rooms`]: what lies in which folder; [`names`]: files are called as the tables of faults and oracles call them
//! - [`size`]: headers, lengths; [`words`]: bans; [`citations`]: documents that are not there; [`pages`]: what people read
//! - [`tree`], [`source`]: the files, and one file with its comments and tests told apart
//!
//! To add a law:
//! 1. write a function to findings, from one [`Source`] or from the whole tree,
//! 2. add its line in [`findings_in`] or in [`findings`],
//! 3. add a test that shows that it bites, and what it leaves alone.

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

/// Every law that looks at one Rust file.
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

/// All breaches of laws in the tree below `root`, in the order of their places.
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
