//! The `seathold` program.

use std::process::ExitCode;

/// A quarter of the time of a hold went to the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    seathold_server::cli::main()
}
