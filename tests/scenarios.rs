//! A test for each shipped scenario file, with 50 seeds.

fn main() -> std::process::ExitCode {
    wavetank::shipped().harness("scenarios")
}
