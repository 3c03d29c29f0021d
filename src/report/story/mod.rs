//! One run as a story: what a user would have seen, line by line, while the run goes.
//!
//! - `told`: [`Story`], which follows the record
//! - `pods`: the output of `kubectl get pods` after each change
//! - `writes`: what programs write, the answers that fail, and conditions that change

mod pods;
mod told;
mod writes;

pub(super) use told::Story;
