//! The progress of a sweep on a terminal. Without the feature `progress` nothing is shown.

#[cfg(feature = "progress")]
use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar. indicatif draws it on stderr, and only where that is a terminal.
pub(crate) struct Progress {
    #[cfg(feature = "progress")]
    bar: ProgressBar,
}

#[cfg(feature = "progress")]
impl Progress {
    /// A bar that is never drawn.
    pub(crate) fn hidden() -> Self {
        Self { bar: ProgressBar::hidden() }
    }

    /// A bar of so many runs.
    pub(crate) fn new(title: &str, runs: usize) -> Self {
        let bar = ProgressBar::new(runs as u64);
        let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} runs, {per_sec}  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(title.to_owned());
        Self { bar }
    }

    /// Whether nobody sees it.
    pub(crate) fn is_hidden(&self) -> bool {
        self.bar.is_hidden()
    }

    /// A run has ended.
    pub(crate) fn inc(&self) {
        self.bar.inc(1);
        self.bar.set_message("");
    }

    /// Shows a text beside it.
    pub(crate) fn set_message(&self, text: String) {
        self.bar.set_message(text);
    }

    /// Prints in its place.
    pub(crate) fn suspend(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// Takes it away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(not(feature = "progress"))]
impl Progress {
    pub(crate) fn hidden() -> Self {
        Self {}
    }

    pub(crate) fn new(_: &str, _: usize) -> Self {
        Self {}
    }

    pub(crate) fn is_hidden(&self) -> bool {
        true
    }

    pub(crate) fn inc(&self) {}

    pub(crate) fn set_message(&self, _: String) {}

    pub(crate) fn suspend(&self, print: impl FnOnce()) {
        print();
    }

    pub(crate) fn finish(&self) {}
}
