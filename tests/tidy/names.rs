//! The file of a fault or an oracle has its name in the table, with `_` for `-`.
//!
//! It recognises rows by their text and parses no Rust. A table without rows is a finding, so that this law does not stop
//! working when a table gets another form.

use super::source::{Finding, Source};

/// The table of faults. A row begins with `"api-error" api_error(status) {`; the rows after `later: {` have no files.
const FAULTS: &str = "sim/src/scenario/fault/table.rs";
/// The table of oracles. A row begins with `HOT_LOOP "hot_loop" Record Disabled true`.
const ORACLES: &str = "sim/src/scenario/oracle.rs";

const RENAME: &str = "give the file the name in the table, with `_` for `-`";
const NO_ROWS: &str = "change tests/tidy/names.rs to the new form of rows";

/// A row that needs a file: its offset, its name, the name of its file.
type Row<'s> = (usize, &'s str, String);

pub(crate) fn faults(rust: &[Source]) -> Vec<Finding> {
    let Some(table) = find(rust, FAULTS) else { return Vec::new() };
    let mut rows: Vec<Row> = Vec::new();
    let mut findings = Vec::new();
    for (at, line) in lines(table).take_while(|(_, line)| *line != "later: {") {
        let Some((name, rest)) = line.strip_prefix('"').and_then(|rest| rest.split_once("\" ")) else {
            continue;
        };
        let Some((file, _)) = rest.split_once('(').filter(|_| is_name(name)) else { continue };
        if file != name.replace('-', "_") {
            findings.push(table.finding(at, format!("the fault `{name}` has the function `{file}`"), RENAME));
        }
        rows.push((at, name, file.to_owned()));
    }
    findings.extend(check(rust, table, &rows, "sim/src/faults"));
    let without_row = rust.iter().filter(|source| {
        let file = source.path.strip_prefix("sim/src/faults/").and_then(|file| file.strip_suffix(".rs"));
        source.code.contains("struct Behaviour;")
            && !rows.iter().any(|(_, _, row)| Some(row.as_str()) == file)
    });
    findings.extend(without_row.map(|source| {
        source.finding(0, "no row of the table belongs to this file", "add the row, or delete the file")
    }));
    findings
}

pub(crate) fn oracles(rust: &[Source]) -> Vec<Finding> {
    let Some(table) = find(rust, ORACLES) else { return Vec::new() };
    let mut rows: Vec<Row> = Vec::new();
    for (at, line) in lines(table) {
        let mut parts = line.split(' ').skip(1);
        let Some(name) = parts.next().and_then(|part| part.strip_prefix('"')?.strip_suffix('"')) else {
            continue;
        };
        if is_name(name) && parts.next() == Some("Record") && parts.nth(1) == Some("true") {
            rows.push((at, name, name.to_owned()));
        }
    }
    check(rust, table, &rows, "sim/src/oracles")
}

/// Findings for rows without a file, and for a table without rows.
fn check(rust: &[Source], table: &Source, rows: &[Row], folder: &str) -> Vec<Finding> {
    if rows.is_empty() {
        return vec![table.finding(0, "has no rows", NO_ROWS)];
    }
    let without_file = rows.iter().filter(|(_, _, file)| {
        [format!("{folder}/{file}.rs"), format!("{folder}/{file}/mod.rs")]
            .iter()
            .all(|path| find(rust, path).is_none())
    });
    let found = without_file.map(|(at, name, file)| {
        table.finding(*at, format!("`{name}` has no file `{folder}/{file}.rs`"), RENAME)
    });
    found.collect()
}

fn find<'s>(rust: &'s [Source], path: &str) -> Option<&'s Source> {
    rust.iter().find(|source| source.path == path)
}

/// The lines without their indent, with their offsets.
fn lines(table: &Source) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    table.text.split('\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        (start, line.trim())
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || b"-_".contains(&byte))
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
    fn a_fault_without_its_file_and_a_file_without_its_fault_are_found() {
        let table = "available: {\n/// A.\n\"api-error\" api_error(status) {\n}\n\"crash\" crush() { args: [], }\n}\nlater: {\n\"pause\" pause() {}\n}";
        let tree = tree(&[
            ("sim/src/scenario/fault/table.rs", table),
            ("sim/src/faults/crush.rs", "pub(super) struct Behaviour;"),
            ("sim/src/faults/old.rs", "pub(super) struct Behaviour;"),
            ("sim/src/faults/victims.rs", "struct Victims;"),
        ]);
        let all = [
            "5: the fault `crash` has the function `crush`",
            "3: `api-error` has no file `sim/src/faults/api_error.rs`",
            "1: no row of the table belongs to this file",
        ];
        assert_eq!(found(&faults(&tree)), all);
    }

    #[test]
    fn an_oracle_without_its_file_is_found() {
        let table = "rows! {\nHOT_LOOP \"hot_loop\" Record Disabled true\n\"It loops.\"\nPANIC \"panic\" Record Disabled true\n\"A.\"\nSTEP \"step\" Run Expected true\n\"B.\"\nCOUNTS \"counts\" Record Disabled false\n\"C.\"\n}";
        let tree = tree(&[("sim/src/scenario/oracle.rs", table), ("sim/src/oracles/hot_loop.rs", "")]);
        assert_eq!(found(&oracles(&tree)), ["4: `panic` has no file `sim/src/oracles/panic.rs`"]);
    }

    #[test]
    fn a_table_of_another_form_is_found() {
        let tree = tree(&[
            ("sim/src/scenario/fault/table.rs", "const A: u8 = 1;"),
            ("sim/src/scenario/oracle.rs", "const A: u8 = 1;"),
        ]);
        assert_eq!((faults(&tree).len(), oracles(&tree).len()), (1, 1));
    }
}
