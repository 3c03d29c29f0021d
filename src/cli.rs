//! The command line: verbs, flags, exit codes. Users' crates call [`cli`] with their own programs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use wavetank_sim::explore::Prepared;

use crate::commands;
use crate::isolate::read_stdin;
use crate::registry::{BadInput, Registry};
use crate::report;
use crate::scenario::MAX_BYTES;

/// A run has a violation.
pub(crate) const VIOLATION: u8 = 1;
/// The input is bad. The message says where, and what would be right.
pub(crate) const BAD_INPUT: u8 = 2;
/// wavetank itself failed.
pub(crate) const OUR_BUG: u8 = 3;
/// The path that means stdin.
pub(crate) const STDIN: &str = "-";

/// Two runs of one seed differed.
pub(crate) const NONDETERMINISM: u8 = 4;

/// A deterministic Kubernetes for testing controllers under seeded faults.
///
/// Exit codes: 0 all held, 1 violation, 2 bad input or unwritable output, 3 a bug of wavetank's, 4 nondeterminism, 130 and 143
/// after Ctrl-C and SIGTERM.
#[derive(Debug, Parser)]
#[command(name = "wavetank", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios over many seeds.
    Run(commands::run::Run),
    /// Run one seed again and show it step by step.
    Replay(commands::replay::Replay),
    /// List scenarios and programs.
    List(commands::list::List),
    /// Explain an oracle or a fault; without a name, list all of them.
    Explain(commands::explain::Explain),
    /// Print the JSON Schema of scenario files.
    Schema,
}

/// Runs the whole command line with these programs.
pub fn cli(registry: Registry) -> ExitCode {
    #[cfg(feature = "allocator")]
    crate::isolate::prepare_memory();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // clap prints help and version to stdout with code 0, and errors to stderr with code 2.
            let code = u8::try_from(error.exit_code()).unwrap_or(BAD_INPUT);
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    report::finished(match cli.command {
        Command::Run(args) => commands::run::execute(&args, &registry),
        Command::Replay(args) => commands::replay::execute(&args, &registry),
        Command::List(args) => commands::list::execute(&args, &registry),
        Command::Explain(args) => commands::explain::execute(&args),
        Command::Schema => commands::schema::execute(),
    })
}

/// The scenario files at these paths. A folder means its `*.yaml` and `*.yml` files, sorted, without subfolders.
pub(crate) fn scenario_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, BadInput> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let bad = |error: std::io::Error| {
            BadInput(format!("{}: wavetank cannot read the folder ({error})", path.display()))
        };
        let entries = std::fs::read_dir(path).map_err(bad)?.collect::<Result<Vec<_>, _>>().map_err(bad)?;
        let mut found: Vec<PathBuf> =
            entries.into_iter().map(|entry| entry.path()).filter(|p| is_scenario(p)).collect();
        if found.is_empty() {
            return Err(BadInput(format!("{}: the folder has no .yaml file", path.display())));
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

/// The scenario of a file, or of stdin for the path `-`.
pub(crate) fn load(registry: &Registry, path: &Path) -> Result<Prepared, BadInput> {
    if path != Path::new(STDIN) {
        return registry.load(path);
    }
    let text = read_stdin(MAX_BYTES)
        .map_err(|error| BadInput(format!("{STDIN}: wavetank cannot read stdin ({error})")))?;
    registry.load_text(text, path)
}

fn is_scenario(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// A word for a shell, quoted if the shell would change it.
pub(crate) fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
