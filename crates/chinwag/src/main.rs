//! The program `chinwag`.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    chinwag::program::main()
}
