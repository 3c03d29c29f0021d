//! Limits: files open with a header, and files and functions may not get too long.

use super::source::{Finding, Source, block_end, item_end, words};

/// The limit for a file with its tests. Our choice.
const FILE_LINES: usize = 500;
/// The limit for a function. Our choice.
const FUNCTION_LINES: usize = 70;
/// The limit for a `mod.rs` without its inline tests. Our choice: it is mostly words and re-exports.
const MOD_LINES: usize = 120;

/// Indexes that may be longer, with their own limits. Remove entries; add none.
const LONGER: &[(&str, usize)] = &[
    ("sim/src/convergence/tracker/mod.rs", 166),
    ("sim/src/object/patch/apply/mod.rs", 132),
    ("sim/src/object/selector/mod.rs", 205),
    ("sim/src/object/shape/mod.rs", 243),
];

/// A file opens with `//!`: its one job, and what it does not do.
pub(crate) fn opening(source: &Source) -> Vec<Finding> {
    let opens = source.text.starts_with("//!") || source.text.starts_with("#![doc = include_str!(");
    if opens {
        return Vec::new();
    }
    vec![source.finding(0, "does not open with `//!`", "write the file's one job, and what it does not do")]
}

pub(crate) fn file(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = source.text.lines().count();
    if lines > FILE_LINES {
        findings.push(source.finding(
            0,
            format!("{lines} lines, the limit is {FILE_LINES}"),
            "split it by what its parts do; move tests to `name/tests.rs`",
        ));
    }
    if source.path.ends_with("/mod.rs") && !source.is_test {
        let in_tests: usize =
            source.test_spans().into_iter().map(|span| source.text[span].lines().count()).sum();
        let lines = lines - in_tests;
        let limit =
            LONGER.iter().find(|(path, _)| *path == source.path).map_or(MOD_LINES, |(_, limit)| *limit);
        if lines > limit {
            findings.push(source.finding(
                0,
                format!("{lines} lines, the limit of a `mod.rs` is {limit}"),
                "move the logic to a file named after it",
            ));
        }
    }
    findings
}

pub(crate) fn functions(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for at in words(&source.code, "fn") {
        let end = item_end(&source.code, at);
        let open = source.code[at..end].find('{');
        // `fn(u8) -> u8` is a type, and a declaration in a trait has no body.
        let named =
            source.code[at + 2..].trim_start().starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let Some(open) = open.filter(|_| named) else { continue };
        let lines = source.line_of(block_end(&source.code, at + open) - 1) - source.line_of(at) + 1;
        if lines > FUNCTION_LINES {
            findings.push(source.finding(
                at,
                format!("a function of {lines} lines, the limit is {FUNCTION_LINES}"),
                "make a function of each step, or make it data",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::{file, functions, opening};

    #[test]
    fn a_file_without_its_header_is_found() {
        assert_eq!(opening(&Source::new("src/a.rs", "// a comment\n", false)).len(), 1);
        assert_eq!(opening(&Source::new("src/a.rs", "//! Its job.\n", false)), []);
    }

    #[test]
    fn a_long_file_and_a_long_mod_rs_are_found() {
        let file_of = |path, lines| file(&Source::new(path, &"\n".repeat(lines), false)).len();
        assert_eq!((file_of("src/a.rs", 500), file_of("src/a.rs", 501)), (0, 1));
        assert_eq!((file_of("src/a/mod.rs", 120), file_of("src/a/mod.rs", 121)), (0, 1));
        let with_tests = format!("//! a\n#[cfg(test)]\nmod tests {{{}}}\n", "\n".repeat(200));
        assert_eq!(file(&Source::new("src/a/mod.rs", &with_tests, false)), []);
    }

    #[test]
    fn a_long_function_is_found_where_it_starts() {
        let text = |body| {
            format!("type F = fn(u8) -> u8;\nfn long(a: [u8; 2]) {{{}}}\nfn short();\n", "\n".repeat(body))
        };
        assert_eq!(functions(&Source::new("src/a.rs", &text(69), false)), []);
        let found = functions(&Source::new("src/a.rs", &text(70), false));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].line, found[0].what.as_str()), (2, "a function of 71 lines, the limit is 70"));
    }
}
