//! `gen model`: a directory for each layer of a model.

use std::fs;
use std::path::Path;

use anyhow::Result;
use qrtl_golden::import::Runtime;

use super::dense::Layers;
use crate::GENERATOR;
use crate::emit::{Package, file_word, write_directory};
use crate::schedule::Schedule;
use crate::spec::{Spec, Summary};

/// The report of `gen model`.
pub struct Emitted {
    /// name, directory and summary of each block
    pub blocks: Vec<(String, String, Summary)>,
    /// a row of clocks for each block, under [`Schedule::HEAD`]
    pub clocks: Vec<[String; 7]>,
    /// operators that stay on the host, by index and name
    pub host: Vec<String>,
}

/// Writes a GEMM block of `rows x cols` processing elements for each fully connected layer of a model file. Their names
/// are `prefix`_0, `prefix`_1 and so on. They round as `runtime` does. The clocks are for `batch` inputs of the model.
///
/// # Errors
/// If the file is no model, an operator is not supported, the runtime rounds as no block does, or the directory cannot be
/// written.
pub fn emit(
    (file, runtime): (&Path, Runtime),
    output: &Path,
    prefix: &str,
    [rows, cols]: [usize; 2],
    batch: usize,
) -> Result<Emitted> {
    let Layers { dense, host } = Layers::read(file, runtime)?;
    let base = file_word(file);
    let of_runtime = if runtime == Runtime::Tflm { String::new() } else { format!(" --runtime {runtime}") };
    let command = format!("gen model {base} --name {prefix} --rows {rows} --cols {cols}{of_runtime}");
    let host = host.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (mut blocks, mut clocks, mut packages) = (Vec::new(), Vec::new(), Vec::new());
    for (i, layer) in dense.iter().enumerate() {
        let name = format!("{prefix}_{i}");
        let (spec, product) = (layer.spec(rows, cols), layer.product(&name, batch));
        let package = Package::new(&name, Spec::Gemm(spec.clone()), &command)?;
        clocks.push(Schedule::new(&spec, product.size)?.row(&product));
        blocks.push((name.clone(), output.join(&name).display().to_string(), package.spec.summary()));
        packages.push((name, package));
    }
    write_directory(output, |dir| {
        for (name, package) in &packages {
            package.write(&dir.join(name), &package.vectors()?)?;
        }
        let names: Vec<&str> = packages.iter().map(|(n, _)| n.as_str()).collect();
        let layers: Vec<&str> = dense.iter().map(|l| &*l.name).collect();
        let manifest = serde_json::json!({"generator": GENERATOR, "model": base,
            "blocks": names, "operators": layers, "host": host});
        fs::write(dir.join("manifest.json"), serde_json::to_string_pretty(&manifest)? + "\n")?;
        Ok(())
    })?;
    Ok(Emitted { blocks, clocks, host })
}
