//! The directory that a sweep writes: a description of each array, and a Makefile with a job for each.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use qrtl_hdl::targets::Device;

use super::Estimate;
use crate::emit::write_directory;
use crate::schedule::Product;

/// Writes the directory `to`.
///
/// # Errors
/// If it cannot be written, or holds something that is not qrtl's.
pub fn write(to: &Path, device: Device, all: &[Estimate], front: &[Estimate], products: &[Product]) -> Result<()> {
    let device = device.to_possible_value().map_or(String::new(), |v| v.get_name().to_owned());
    write_directory(to, |dir| {
        for estimate in all {
            fs::write(dir.join(format!("{}.toml", estimate.array.name())), toml(estimate)?)?;
        }
        let names = |of: &[Estimate]| of.iter().map(|e| e.array.name()).collect::<Vec<_>>();
        let makefile = include_str!("../templates/explore.mk")
            .replace("@DEVICE@", &device)
            .replace("@FRONT@", &names(front).join(" "))
            .replace("@ALL@", &names(all).join(" "));
        fs::write(dir.join("Makefile"), makefile)?;
        let products: Vec<_> = products.iter().map(|p| serde_json::json!({"name": p.name, "mnk": p.size})).collect();
        let manifest = serde_json::json!({"generator": crate::GENERATOR, "device": device,
            "products": products, "front": names(front)});
        fs::write(dir.join("manifest.json"), serde_json::to_string_pretty(&manifest)? + "\n")?;
        Ok(())
    })
}

/// The description that `gen emit --config` reads.
fn toml(estimate: &Estimate) -> Result<String> {
    let spec = serde_json::to_value(&estimate.spec)?;
    let keys = spec.as_object().context("a description has keys")?;
    // Numbers, words and truth values are spelled alike in JSON and TOML, and a description has no tables.
    let line = |(key, value): (&String, &serde_json::Value)| format!("{key} = {value}\n");
    Ok(keys.iter().map(line).fold("block = \"gemm\"\n".to_owned(), |text, line| text + &line))
}
