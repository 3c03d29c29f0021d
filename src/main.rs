//! The `wavetank` command with the operators that are shipped with it.

#[cfg(feature = "allocator")]
mod memory;

fn main() -> std::process::ExitCode {
    #[cfg(feature = "allocator")]
    memory::prepare();
    wavetank::cli(wavetank::shipped())
}
