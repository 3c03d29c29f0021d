//! The `wavetank` command with the shipped operators.

/// A run allocates several hundred thousand small objects and frees all of them when it ends.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    wavetank::cli(wavetank::shipped())
}
