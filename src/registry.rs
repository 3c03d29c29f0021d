//! The programs that scenarios may name: what a user's crate hands to the command line and to the test harness.

use std::fmt;
use std::future::Future;
use std::path::Path;

use wavetank_sim::explore::Prepared;
use wavetank_sim::programs::{Host, Program};

use crate::scenario::{BadScenario, load};

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
    /// Registers a program under the name that scenarios use. It is started once per incarnation of a host; returning is
    /// a process exit.
    #[must_use]
    pub fn program<F, Fut, E>(self, name: &str, start: F) -> Self
    where
        F: Fn(Host) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + 'static,
        E: fmt::Display,
    {
        self.with(Program::new(name, start))
    }

    /// Registers a program; of two with one name the later stays.
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

    /// Reads a scenario file and makes it ready to run.
    ///
    /// # Errors
    /// What is wrong with the file, in words and with its place.
    pub fn load(&self, path: &Path) -> Result<Prepared, BadInput> {
        let scenario = load(path, &self.names())?;
        Prepared::new(scenario, &self.programs).map_err(|why| BadInput(format!("{}: {why}", path.display())))
    }
}

/// Why there is nothing to run, in words for the user.
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
