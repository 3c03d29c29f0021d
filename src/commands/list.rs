//! `wavetank list`: scenarios, and the programs that they may name.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::cli::{BAD_INPUT, load, scenario_files};
use crate::registry::Registry;
use crate::report::{print, print_error};

/// Arguments of `list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Scenario files, or folders of them; default: the folder `scenarios`, if there is one.
    paths: Vec<PathBuf>,
}

/// The folder that is listed without an argument.
const FOLDER: &str = "scenarios";

/// Prints each scenario's name, number of seeds and first comment, then the programs.
pub(crate) fn execute(args: &List, registry: &Registry) -> ExitCode {
    let folder = PathBuf::from(FOLDER);
    let paths = match &args.paths[..] {
        [] if folder.is_dir() => vec![folder],
        paths => paths.to_vec(),
    };
    if paths.is_empty() {
        print(&format!("scenarios: there is no folder `{FOLDER}` here; `list PATH` lists another"));
    }
    let files = match scenario_files(&paths) {
        Ok(files) => files,
        Err(bad) => {
            print_error(&bad.to_string());
            return ExitCode::from(BAD_INPUT);
        }
    };
    let mut code = ExitCode::SUCCESS;
    for file in &files {
        match load(registry, file) {
            Ok(prepared) => {
                let scenario = prepared.scenario();
                print(&format!(
                    "{}   {} seeds   {}",
                    scenario.name,
                    scenario.seeds.end - scenario.seeds.start,
                    file.display()
                ));
                first_comment(file).iter().for_each(|line| print(&format!("    {line}")));
            }
            Err(bad) => {
                print_error(&bad.to_string());
                code = ExitCode::from(BAD_INPUT);
            }
        }
    }
    print(&format!("programs: {}", registry.names().join(", ")));
    code
}

/// The comment at the beginning of a file.
fn first_comment(file: &std::path::Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map_while(|line| line.strip_prefix('#').map(|comment| comment.trim().to_owned())).collect()
}
