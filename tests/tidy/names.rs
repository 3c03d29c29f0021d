//! Names of tables: a fault or an oracle is found by its name, in a file of that name with `_` for `-`.
//!
//! It reads rows by a simple pattern, no Rust. A table in which it finds no row is a finding too: this law must not die
//! silently when a table gets another form.

use super::source::{Finding, Source, block_end, name, words};

/// What every fault does, by name: `("api-error", &api_error::ApiError)`.
const BEHAVIOURS: &str = "sim/src/faults/mod.rs";
/// What is known of every fault: `fault("api-error", .., true)`, or `FaultInfo { name: "api-error", .., available: true }`.
const FAULTS: &str = "sim/src/scenario/fault/table.rs";
/// Every oracle: `name: ".."`, and `file: ".."` where the file is called otherwise; an empty one where no file judges.
const ORACLES: &str = "sim/src/scenario/oracle.rs";

const RENAME: &str = "call the file as the table calls what it holds, with `_` for `-`";
const NO_ROWS: &str = "teach tests/tidy/names.rs the form that its rows have now";

pub(crate) fn faults(rust: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(index) = find(rust, BEHAVIOURS) {
        let rows = behaviours(index);
        if rows.is_empty() {
            findings.push(index.finding(0, "no row of what faults do was found", NO_ROWS));
        }
        for (at, fault, module) in rows {
            if module != file_name(fault) {
                let what = format!("the fault `{fault}` lies in the module `{module}`");
                findings.push(index.finding(at, what, RENAME));
            }
        }
    }
    if let Some(table) = find(rust, FAULTS) {
        let rows = available(table);
        if rows.is_empty() {
            findings.push(table.finding(0, "no available fault was found", NO_ROWS));
        }
        for (at, fault) in rows {
            findings.extend(lacking(rust, table, at, fault, "sim/src/faults", &file_name(fault)));
        }
    }
    findings
}

pub(crate) fn oracles(rust: &[Source]) -> Vec<Finding> {
    let Some(table) = find(rust, ORACLES) else { return Vec::new() };
    let mut rows: Vec<(usize, &str, String)> = Vec::new();
    for (at, literal) in literals(table) {
        let before = table.text[..at].trim_end();
        if before.ends_with("name:") {
            rows.push((at, literal, file_name(literal)));
        } else if before.ends_with("file:")
            && let Some((_, _, file)) = rows.last_mut()
        {
            literal.trim_end_matches(".rs").clone_into(file);
        }
    }
    if rows.is_empty() {
        return vec![table.finding(0, "no oracle was found", NO_ROWS)];
    }
    let judged = rows.into_iter().filter(|(_, _, file)| !file.is_empty());
    judged.flat_map(|(at, oracle, file)| lacking(rust, table, at, oracle, "sim/src/oracles", &file)).collect()
}

fn find<'s>(rust: &'s [Source], path: &str) -> Option<&'s Source> {
    rust.iter().find(|source| source.path == path)
}

fn file_name(row: &str) -> String {
    row.replace('-', "_")
}

/// The finding for a row whose file is not there.
fn lacking(
    rust: &[Source],
    table: &Source,
    at: usize,
    row: &str,
    folder: &str,
    file: &str,
) -> Option<Finding> {
    let paths = [format!("{folder}/{file}.rs"), format!("{folder}/{file}/mod.rs")];
    let there = paths.iter().any(|path| find(rust, path).is_some());
    (!there).then(|| table.finding(at, format!("`{row}` has no file `{}`", paths[0]), RENAME))
}

/// The names and the modules of the rows that say what a fault does.
fn behaviours(index: &Source) -> Vec<(usize, &str, &str)> {
    let mut rows = Vec::new();
    for (at, literal) in literals(index) {
        let behind = index.text[at + literal.len() + 2..].trim_start_matches([',', ' ', '\n', '&', '(']);
        let module = name(behind);
        if behind[module.len()..].starts_with("::") && index.code.contains(&format!("mod {module};")) {
            rows.push((at, literal, module));
        }
    }
    rows
}

/// The names of the rows of faults that this version carries out.
fn available(table: &Source) -> Vec<(usize, &str)> {
    let names: Vec<(usize, &str)> = literals(table);
    let calls = words(&table.code, "fault(").map(|at| (at, parenthesis_end(&table.code, at)));
    let values = words(&table.code, "FaultInfo {").map(|at| (at, block_end(&table.code, at + 10)));
    let mut rows = Vec::new();
    for (at, end) in calls.chain(values) {
        let row = &table.code[at..end];
        let last = row.trim_end_matches([')', ',', ' ', '\n']);
        let is_available = last.ends_with(" true") || row.contains("available: true");
        let first = names.iter().find(|(literal, _)| (at..end).contains(literal));
        rows.extend(first.filter(|_| is_available));
    }
    rows
}

/// Where the first parenthesis behind `from` closes.
fn parenthesis_end(code: &str, from: usize) -> usize {
    let mut depth = 0;
    for (n, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return n + 1,
            b')' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// The string literals outside of tests that could be names, each with the offset of its first quote.
fn literals(source: &Source) -> Vec<(usize, &str)> {
    let tests = source.test_spans();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = source.text[from..].find('"').map(|n| from + n) {
        let Some(len) = source.text[at + 1..].find('"') else { break };
        let literal = &source.text[at + 1..at + 1 + len];
        // A quote in a comment opens nothing.
        let is_code = source.comments.as_bytes()[at] == b' ';
        from = if is_code { at + len + 2 } else { at + 1 };
        let could_be = literal.bytes().all(|byte| byte.is_ascii_lowercase() || b"-_.".contains(&byte));
        if is_code && could_be && !tests.iter().any(|span| span.contains(&at)) {
            found.push((at, literal));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::source::{Finding, Source};
    use super::{faults, oracles};

    fn tree(files: &[(&str, &str)]) -> Vec<Source> {
        files.iter().map(|(path, text)| Source::new(path, text, false)).collect()
    }

    fn found(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(|finding| format!("{}: {}", finding.line, finding.what)).collect()
    }

    #[test]
    fn a_fault_in_a_file_of_another_name_is_found() {
        let index = "mod api_error;\nmod crash_it;\n// \"crash\nconst A: &[B] = &[\n(\"api-error\", &api_error::A),\n(\"crash\", &crash_it::A)];";
        let tree = tree(&[("sim/src/faults/mod.rs", index)]);
        assert_eq!(found(&faults(&tree)), ["6: the fault `crash` lies in the module `crash_it`"]);
    }

    #[test]
    fn an_available_fault_without_its_file_is_found() {
        let table = "[fault(\"api-error\", &[A], f(), true),\n fault(\n\"crash\",\n&[arg(\"a\")],\nNever,\ntrue,\n),\nfault(\"later\", false),\nFaultInfo { name: \"reboot\", available: true }]";
        let mut tree =
            tree(&[("sim/src/scenario/fault/table.rs", table), ("sim/src/faults/crash/mod.rs", "")]);
        let lacking = [
            "1: `api-error` has no file `sim/src/faults/api_error.rs`",
            "9: `reboot` has no file `sim/src/faults/reboot.rs`",
        ];
        assert_eq!(found(&faults(&tree)), lacking);
        tree.push(Source::new("sim/src/faults/api_error.rs", "", false));
        assert_eq!(found(&faults(&tree)), lacking[1..]);
    }

    #[test]
    fn an_oracle_without_its_file_is_found() {
        let table = "&[OracleInfo { name: \"hot_loop\" },\nOracleInfo { name: \"unstable\", file: \"convergence\" },\nOracleInfo { name: \"step\", file: \"\" },\nOracleInfo { name: \"orphans\" }]";
        let tree = tree(&[
            ("sim/src/scenario/oracle.rs", table),
            ("sim/src/oracles/hot_loop.rs", ""),
            ("sim/src/oracles/convergence.rs", ""),
        ]);
        assert_eq!(found(&oracles(&tree)), ["4: `orphans` has no file `sim/src/oracles/orphans.rs`"]);
    }

    #[test]
    fn a_table_of_another_form_is_found() {
        let tree = tree(&[
            ("sim/src/faults/mod.rs", "mod a;"),
            ("sim/src/scenario/fault/table.rs", "const A: u8 = 1;"),
            ("sim/src/scenario/oracle.rs", "const A: u8 = 1;"),
        ]);
        assert_eq!((faults(&tree).len(), oracles(&tree).len()), (2, 1));
    }
}
