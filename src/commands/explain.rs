//! `wavetank explain`: the pages of the reference.

use std::process::ExitCode;

use clap::Args;

use crate::cli::BAD_INPUT;
use crate::reference;
use crate::report::{print, print_error};

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The topic, such as fault, step, plan or expect, or `all` for every page as Markdown; without one, the list of topics.
    topic: Option<String>,
    /// The name of a fault, a step or an oracle; without one, the list of all.
    name: Option<String>,
}

/// Prints a page, or a list.
pub(crate) fn execute(args: &Explain) -> ExitCode {
    if args.topic.as_deref() == Some("all") && args.name.is_none() {
        print(reference::all().trim_end());
        return ExitCode::SUCCESS;
    }
    match reference::explain(args.topic.as_deref(), args.name.as_deref()) {
        Ok(text) => {
            print(text.trim_end());
            ExitCode::SUCCESS
        }
        Err(why) => {
            print_error(&why);
            ExitCode::from(BAD_INPUT)
        }
    }
}
