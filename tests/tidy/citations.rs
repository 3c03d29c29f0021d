//! Finds citations of documents that are not in the repository. A reader of the code has only the repository, so a rule belongs
//! where the code follows it.
//!
//! It knows two forms: a file name that ends in `.md`, in comments, strings and pages, and the bare name of a design document, in
//! comments and pages. Words in back quotes are code, such as a constant with the same name. Cite recorded cases by name.

use super::source::{Finding, Source, words};
use std::collections::BTreeSet;

/// The bare names of design documents.
const DOCUMENTS: &[&str] = &["ORACLES", "DESIGN", "SCENARIO", "CLUSTER", "FIDELITY", "STYLE", "BUGS"];

/// Folders that are not in the repository.
const FOLDERS: &[&str] = &["golden/"];

const INSTEAD: &str = "write here what the document defines: the source of a constant, or \"our choice, because ..\"; cite a recorded case by its name only";

/// Citations in the comments and strings of a Rust file.
pub(crate) fn rust(source: &Source, there: &BTreeSet<String>) -> Vec<Finding> {
    let bare = bare(&source.comments).into_iter();
    // A field called `md` is code.
    let is_code = |at: usize| source.code.as_bytes()[at] != b' ';
    let files = files(&source.text, there).into_iter().filter(|(at, _)| !is_code(*at));
    let cited = bare.chain(files);
    cited.map(|(at, name)| source.finding(at, what(&name), INSTEAD)).collect()
}

/// Citations in a page, or in the comments of a file in which `#` begins them.
pub(crate) fn page(path: &str, text: &str, there: &BTreeSet<String>) -> Vec<Finding> {
    let is_page = path.ends_with(".md");
    let (mut findings, mut in_block) = (Vec::new(), false);
    for (number, line) in text.lines().enumerate() {
        in_block ^= line.starts_with("```");
        let prose = if is_page { (!in_block).then_some(line) } else { line.split_once('#').map(|(_, c)| c) };
        let bare = bare(prose.unwrap_or("")).into_iter();
        findings.extend(bare.chain(files(line, there)).map(|(_, name)| Finding {
            path: path.to_owned(),
            line: number + 1,
            what: what(&name),
            instead: INSTEAD,
        }));
    }
    findings
}

fn what(name: &str) -> String {
    format!("cites `{name}`, which is not in the repository")
}

/// Bare names of documents, with their offsets.
fn bare(prose: &str) -> Vec<(usize, String)> {
    let found = DOCUMENTS.iter().flat_map(|name| words(prose, name).map(move |at| (at, (*name).to_owned())));
    // `files` finds names that `.md` follows.
    let bare =
        found.filter(|(at, name)| !is_quoted(prose, *at) && !prose[at + name.len()..].starts_with(".md"));
    let folders = FOLDERS.iter().flat_map(|name| words(prose, name).map(move |at| (at, (*name).to_owned())));
    bare.chain(folders).collect()
}

/// Whether `at` lies between two back quotes of its line.
fn is_quoted(prose: &str, at: usize) -> bool {
    let before = prose[..at].rsplit('\n').next().unwrap_or("");
    let behind = prose[at..].split('\n').next().unwrap_or("");
    before.matches('`').count() % 2 == 1 && behind.contains('`')
}

/// Names of missing Markdown files, with their offsets. Only the last part of a path counts.
fn files(text: &str, there: &BTreeSet<String>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for dot in words(text, ".md") {
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let stem = text[..dot]
            .rfind(|c| !part(c))
            .map_or(0, |n| n + text[n..].chars().next().map_or(1, char::len_utf8));
        let name = &text[stem..dot + ".md".len()];
        if stem < dot && !there.contains(name) {
            found.push((stem, name.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::source::{Finding, Source};
    use super::{page, rust};
    use std::collections::BTreeSet;

    fn there() -> BTreeSet<String> {
        BTreeSet::from(["README.md".to_owned()])
    }

    fn lines(findings: Vec<Finding>) -> Vec<usize> {
        findings.into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_missing_document_is_found_in_comments_and_strings() {
        let text = "//! As sim/README says.\n//! See MISSING.@, ö/absent.@ and README.@.\nlet a = \"x/GONE.@\";\nlet b = c.@; // d\n".replace('@', "md");
        assert_eq!(lines(rust(&Source::new("src/a.rs", &text, false), &there())), [2, 2, 3]);
    }

    #[test]
    fn a_bare_name_is_found_only_in_comments_and_not_in_code() {
        let text = "/// Ten (@).\nconst @: u8 = 1; // @, law 3\n/// See [`@`] and `A::@`, or \u{fc} `a\nlet a = \"@\"; // @ES\n"
            .replace('@', "ORACLES");
        assert_eq!(lines(rust(&Source::new("src/a.rs", &text, false), &there())), [1, 2]);
    }

    #[test]
    fn a_missing_folder_is_found() {
        let text = "//! Recorded in `@/crud` and `crud`.\n".replace('@', "golden");
        assert_eq!(lines(rust(&Source::new("src/a.rs", &text, false), &there())), [1]);
    }

    #[test]
    fn citations_in_pages_and_in_comments_of_manifests_are_found() {
        let text = "As @ says, `@` does.\n```sh\necho @\n```\nSee [b](docs/B.%), [c](sim/README.%).\n"
            .replace('@', "DESIGN")
            .replace('%', "md");
        assert_eq!(lines(page("README.md", &text, &there())), [1, 5]);
        let text = "a: @ # as @ says\nb: @\n".replace('@', "CLUSTER");
        assert_eq!(lines(page("scenarios/a.yaml", &text, &there())), [1]);
    }
}
