#![doc = include_str!("../README.md")]

pub mod apiserver;
pub mod client;
pub mod controllers;
pub mod convergence;
pub mod engine;
pub mod hermetic;
pub mod kubelet;
pub mod object;
pub mod programs;
pub mod scenario;
pub mod wire;
