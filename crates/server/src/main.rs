//! The `seathold` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    seathold_server::cli::main()
}
