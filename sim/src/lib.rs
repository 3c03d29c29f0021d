#![doc = include_str!("../README.md")]

pub mod apiserver;
pub mod client;
pub mod cluster;
pub mod controllers;
pub mod convergence;
pub mod engine;
pub mod explore;
pub mod faults;
pub mod hermetic;
pub mod kubelet;
pub mod object;
pub mod oracles;
pub mod programs;
pub mod scenario;
pub mod scheduler;
pub mod wire;
