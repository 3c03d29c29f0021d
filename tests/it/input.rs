//! Where scenarios come from: stdin, and the folder that `list` shows.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use super::{NEVER_HOLDS, text};

/// Runs the command in a folder with this text on stdin.
fn piped(folder: &str, args: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wavetank"));
    command.args(args).current_dir(folder).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The command may have read enough before all is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn a_scenario_comes_from_stdin_also_where_runs_fork() {
    let fingerprints = |isolation: &str| {
        let args = ["run", "-", "--seeds", "2", "--json", "--isolation", isolation];
        let output = piped(ROOT, &args, NEVER_HOLDS);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        let field = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["file"], "-");
            line["fingerprint"].to_string()
        };
        text(&output.stdout).lines().map(field).collect::<Vec<_>>()
    };
    let thread = fingerprints("thread");
    assert_eq!((thread.len(), &thread), (2, &fingerprints("fork")));

    let said = text(&piped(ROOT, &["run", "-", "--seed", "1"], NEVER_HOLDS).stdout);
    let line = said.lines().find_map(|line| line.strip_prefix("replay     ")).unwrap();
    assert!(line.contains(" replay - --seed 1 --plan ") && line.ends_with(" < FILE"), "{line}");
    let again = text(&piped(ROOT, &["replay", "-", "--seed", "1"], NEVER_HOLDS).stdout);
    assert!(again.contains(line), "{again}");
}

#[test]
fn paths_in_a_scenario_from_stdin_start_in_the_working_directory_and_its_errors_name_it() {
    let scenario = "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {name: piped}\nspec:\n  setup:\n  - apply: ";
    let good =
        piped(&format!("{ROOT}/scenarios"), &["run", "-", "--seed", "1"], &format!("{scenario}staticweb/\n"));
    assert_eq!(good.status.code(), Some(0), "{}", text(&good.stderr));
    let bad = piped(ROOT, &["run", "-", "--seed", "1"], &format!("{scenario}staticweb/\n"));
    assert!(bad.status.code() == Some(2) && text(&bad.stderr).contains("-:6:12: "), "{}", text(&bad.stderr));
    let large = piped(ROOT, &["run", "-"], &"# a comment\n".repeat(100_000));
    assert!(text(&large.stderr).contains("a scenario has at most 1048576"), "{}", text(&large.stderr));
}

#[test]
fn list_shows_programs_where_there_is_no_folder_of_scenarios() {
    let output = piped(env!("CARGO_TARGET_TMPDIR"), &["list"], "");
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        said.contains("scenarios: there is no folder `scenarios` here; `list PATH` lists another"),
        "{said}"
    );
    assert!(said.contains("programs: website-operator"), "{said}");
    let named = piped(env!("CARGO_TARGET_TMPDIR"), &["list", "nowhere"], "");
    assert_eq!(named.status.code(), Some(2));
    let all = text(&piped(ROOT, &["list"], "").stdout);
    assert!(all.contains("staticweb-walkthrough   200 seeds   scenarios/"), "{all}");
}
