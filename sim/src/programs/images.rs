//! How containers of an image behave: how long they take to pull, start, become ready and stop, and whether they exit or
//! hang. These are the figures only; the container runtime acts on them.
//!
//! Real: whatever is in the image. Modelled: times, drawn from a span, and failures of pulls. Not modelled: layers, sizes
//! and registries.

use crate::engine::{Draws, Millis, SECOND};
use crate::object::{Quantity, Str, Value};

/// A span from which a time is drawn uniformly, in milliseconds, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// Shortest.
    pub low_ms: Millis,
    /// Longest.
    pub high_ms: Millis,
}

/// The first pull on each node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FirstPull {
    /// It succeeds after this time.
    Takes(Span),
    /// It fails a number of times on each node, then takes 1 s.
    Fails {
        /// The reason in the container's state, such as `ErrImagePull`.
        reason: Str,
        /// How many times.
        times: u32,
    },
}

/// When a container is first ready: when its readiness probe succeeds, or without a probe when it could serve.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readiness {
    /// This time after the start.
    After(Span),
    /// Never.
    Never,
}

/// The behaviour of the images that a pattern matches.
#[derive(Clone, PartialEq, Debug)]
pub struct Image {
    /// A glob: `*` is any text, `?` any character.
    pub pattern: Str,
    /// The first pull on each node.
    pub pull: FirstPull,
    /// From ContainerCreating to Running.
    pub start: Span,
    /// From Running to ready.
    pub ready: Readiness,
    /// From SIGTERM to its exit.
    pub stop: Span,
    /// It exits by itself this time after its start, with this code.
    pub exit: Option<(Span, i32)>,
    /// It hangs this time after its start: it no longer answers probes or SIGTERM.
    pub hang: Option<Span>,
    /// How long a postStart hook takes, unless it is a `sleep`.
    pub post_start: Span,
    /// How long a preStop hook takes, unless it is a `sleep`.
    pub pre_stop: Span,
    /// The memory it uses: a container with a lower limit is killed when it starts.
    pub memory: Option<Quantity>,
    /// The registered program that runs in the container.
    pub program: Option<Str>,
    /// The program's environment; a map.
    pub with: Value,
}

/// The images of a scenario; the first match wins.
#[derive(Clone, Debug)]
pub struct Images {
    given: Vec<Image>,
    unmatched: Image,
}

impl Span {
    /// Exactly this time.
    pub const fn exactly(ms: Millis) -> Self {
        Self { low_ms: ms, high_ms: ms }
    }

    /// A time of the span, drawn under a name.
    pub fn draw(self, draws: &mut Draws, name: &[&str]) -> Millis {
        draws.between(name, self.low_ms, self.high_ms)
    }
}

impl Image {
    /// An image that takes 1 s each to pull, to start and to become ready, runs for ever and stops at once.
    pub fn matching(pattern: &str) -> Self {
        let second = Span::exactly(SECOND);
        Self {
            pattern: pattern.into(),
            pull: FirstPull::Takes(second),
            start: second,
            ready: Readiness::After(second),
            stop: Span::exactly(0),
            exit: None,
            hang: None,
            post_start: Span::exactly(0),
            pre_stop: Span::exactly(0),
            memory: None,
            program: None,
            with: Value::empty_map(),
        }
    }
}

impl Images {
    /// These images. Any other image behaves as [`Image::matching`] says.
    pub fn new(given: Vec<Image>) -> Self {
        Self { given, unmatched: Image::matching("*") }
    }

    /// The behaviour of this image.
    pub fn of(&self, image: &str) -> &Image {
        let matches = |given: &&Image| glob(given.pattern.as_bytes(), image.as_bytes());
        self.given.iter().find(matches).unwrap_or(&self.unmatched)
    }
}

/// Whether the glob matches the whole text, in at most `pattern * text` steps: after a mismatch only the last `*` grows.
pub(super) fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == b'?' || *c == text[t] => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    (p, t) = (at + 1, from + 1);
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_match_wins_and_an_unknown_image_takes_a_second_each() {
        let mut never = Image::matching("example.com/*:v?");
        never.ready = Readiness::Never;
        let images = Images::new(vec![never, Image::matching("example.com/*")]);
        assert_eq!(images.of("example.com/web:v1").ready, Readiness::Never);
        assert_eq!(images.of("example.com/web:v10").pattern, "example.com/*");
        assert_eq!(images.of("nginx"), &Image::matching("*"));
    }
}
