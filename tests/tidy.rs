//! The tree keeps its own laws: who may name whom, how long a file may get, which words have no place where.
//!
//! Run it alone with `cargo test --test tidy`. It reads text and compiles nothing of the project, reports everything at once as
//! `path:line: what; use this instead`, and its limits only go down. What a compiler or clippy sees better (hash-ordered
//! maps, missing docs) is left to them: see `.clippy.toml` and `[workspace.lints]`.
//!
//! How to add a rule: a function from a [`Source`] to findings, one line in [`findings_in`], and a test that shows it bites.

#[path = "tidy/layout.rs"]
mod layout;
#[path = "tidy/pages.rs"]
mod pages;
#[path = "tidy/paths.rs"]
mod paths;
#[path = "tidy/size.rs"]
mod size;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/tree.rs"]
mod tree;
#[path = "tidy/words.rs"]
mod words;

use source::{Finding, Source};
use std::path::Path;

/// Every rule that looks at one Rust file.
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

#[test]
fn the_tree_keeps_its_laws() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tree = tree::Tree::read(root);
    let mut findings: Vec<Finding> = tree.rust.iter().flat_map(findings_in).collect();
    findings.extend(layout::top_level(&tree.top_level));
    for (path, text) in &tree.scenarios {
        findings.extend(pages::scenario(path, text));
    }
    for (path, text) in &tree.manifests {
        findings.extend(pages::dependencies(path, text));
    }
    findings.extend(pages::test_command(&tree.readme, &tree.ci));
    findings.sort();
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(lines.is_empty(), "{} findings:\n{}\n", lines.len(), lines.join("\n"));
}
