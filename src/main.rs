//! The `wavetank` command with the operators that are shipped with it.

fn main() -> std::process::ExitCode {
    wavetank::cli(wavetank::shipped())
}
