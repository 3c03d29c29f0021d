//! One test per shipped scenario file: 50 seeds each.

fn main() -> std::process::ExitCode {
    wavetank::shipped().harness("scenarios")
}
