//! The `wavetank` command with the operators that are shipped with it.

/// Runs allocate and free objects by the hundred thousand, all of them small and none for longer than the run.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    wavetank::cli(wavetank::shipped())
}
