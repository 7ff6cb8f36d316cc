//! The answer service as a process of its own.

use answer::cli::Program;
use shared::error::StartError;
use shared_web::program;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<ExitCode, StartError> {
    program::run::<Program>()
}
