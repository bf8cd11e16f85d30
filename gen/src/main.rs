//! `gen`: emits Verilog, and answers JSON requests from golden.

mod cli;
mod multiplier;
mod size;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(status) => status,
        Err(error) => {
            // A reader that has seen enough is no error.
            let pipe = error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == ErrorKind::BrokenPipe);
            if pipe {
                return ExitCode::SUCCESS;
            }
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
