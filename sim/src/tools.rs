//! Programs from outside this repository: their calls, and the messages if one is missing or fails.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, anyhow, bail};

/// Runs a tool to its end, and returns the text that it printed, errors last.
///
/// # Errors
/// If the tool is missing, with the package to install; or if it fails, with the text that it printed.
pub fn run(command: &mut Command) -> Result<String> {
    let name = PathBuf::from(command.get_program());
    let name = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| missing(&name, &error))?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        bail!("{name} fails ({}):\n{text}", output.status);
    }
    Ok(text)
}

/// The advice for a tool that cannot be started.
fn missing(tool: &str, error: &std::io::Error) -> anyhow::Error {
    let package = if tool == "vvp" { "iverilog" } else { tool };
    anyhow!("{tool}: {error}; install it with `make setup` or `apt-get install {package}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_an_error_that_names_its_package() {
        let error = run(&mut Command::new("/nowhere/vvp")).unwrap_err().to_string();
        assert!(error.starts_with("vvp: ") && error.ends_with("`apt-get install iverilog`"), "{error}");
    }
}
