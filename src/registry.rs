//! The programs that scenarios may name. A user's crate passes them to the command line and to the test harness.

use std::fmt;
use std::future::Future;
use std::path::Path;

use wavetank_sim::explore::Prepared;
use wavetank_sim::programs::{Host, Program};

#[cfg(feature = "cli")]
use crate::scenario::load_text;
use crate::scenario::{BadScenario, Scenario, load};

/// Programs by name.
///
/// ```
/// use wavetank::Host;
/// async fn run(_host: Host) -> Result<(), String> {
///     Ok(())
/// }
/// let registry = wavetank::registry().program("my-operator", run);
/// assert_eq!(registry.names(), ["my-operator"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Registry {
    programs: Vec<Program>,
}

/// An empty registry.
pub fn registry() -> Registry {
    Registry::default()
}

impl Registry {
    /// Registers a program under the name that scenarios use. Each incarnation of a host calls `start` once; when its
    /// future returns, the process exits.
    #[must_use]
    pub fn program<F, Fut, E>(self, name: &str, start: F) -> Self
    where
        F: Fn(Host) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + 'static,
        E: fmt::Display,
    {
        self.with(Program::new(name, start))
    }

    /// Registers a program. It replaces an earlier one with the same name.
    #[must_use]
    pub fn with(mut self, program: Program) -> Self {
        self.programs.retain(|other| other.name() != program.name());
        self.programs.push(program);
        self
    }

    /// The names of the programs.
    pub fn names(&self) -> Vec<&str> {
        self.programs.iter().map(Program::name).collect()
    }

    /// Reads a scenario file and prepares it for runs.
    ///
    /// # Errors
    /// Everything that is wrong with the file, each with its line and column.
    pub fn load(&self, path: &Path) -> Result<Prepared, BadInput> {
        self.prepared(load(path, &self.names())?, path)
    }

    /// Reads the text of a scenario, which errors call `name`, and prepares it for runs. Paths in it are relative to the working
    /// directory.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    #[cfg(feature = "cli")]
    pub(crate) fn load_text(&self, text: &[u8], name: &Path) -> Result<Prepared, BadInput> {
        self.prepared(load_text(text, &name.display().to_string(), &self.names())?, name)
    }

    fn prepared(&self, scenario: Scenario, path: &Path) -> Result<Prepared, BadInput> {
        Prepared::new(scenario, &self.programs).map_err(|why| BadInput(format!("{}: {why}", path.display())))
    }
}

/// Why nothing can run, in words for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadInput(pub String);

impl From<BadScenario> for BadInput {
    fn from(bad: BadScenario) -> Self {
        Self(bad.to_string())
    }
}

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadInput {}
