//! The page of an oracle, from its row.

use wavetank_sim::scenario::oracle::{OracleInfo, Reporter, Use};

use super::row;

/// What it finds, what reports it, and how a scenario names it.
pub(super) fn page(oracle: &OracleInfo) -> String {
    let reporter = match oracle.from {
        Reporter::Record => "an oracle that reads the record of the run",
        Reporter::Check => "a check of the scenario",
        Reporter::Run => "the run itself",
        Reporter::Process => "the process around the run",
    };
    let mut text = format!("oracle {oracle}\n{}\n\n", oracle.about);
    text += &row("reported by", reporter);
    if oracle.most >= Use::Expected {
        text += &row("to expect it", &format!("expect: {{violation: {oracle}}}"));
    }
    let disabled = match oracle.most {
        Use::Disabled => format!("oracles: {{disable: [{{name: {oracle}, reason: \"..\"}}]}}"),
        Use::Explained | Use::Expected => "it cannot be disabled".into(),
    };
    text + &row("to disable it", &disabled)
}
