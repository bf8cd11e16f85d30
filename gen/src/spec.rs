//! Descriptions of blocks in files and on the command line.

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::blocks::parse;
pub use crate::blocks::{Spec, Summary};

impl Spec {
    /// Reads a description in TOML. It says `block = "…"`, unless `block` says it already.
    ///
    /// # Errors
    /// If the text is no TOML, is for another block, or has an unknown key or a value of the wrong type. The error
    /// names the place.
    pub fn from_toml(text: &str, block: Option<&str>) -> Result<Spec> {
        #[derive(Deserialize)]
        struct Head {
            block: Option<toml::Spanned<String>>,
        }
        let own = parse::<Head>(text)?.block;
        // The line is blanked and not removed, so that errors still name the right place.
        let rest = own.as_ref().map_or(text.to_owned(), |own| blank_line(text, own.span().start));
        let own = own.as_ref().map(|b| b.get_ref().as_str());
        if let (Some(own), Some(wanted)) = (own, block) {
            ensure!(own == wanted, "describes the block {own}, not {wanted}");
        }
        let word = own.or(block).context("block: missing; `gen list` shows the blocks")?;
        match Spec::read(word, &rest) {
            Some(spec) => spec,
            None => bail!("block: {word} is none of {}", Spec::WORDS.join(", ")),
        }
    }

    /// The command that emits the block: its word, and the flags that differ from the defaults.
    ///
    /// # Errors
    /// The parameters of a block can be written as JSON, so no block causes one.
    pub fn command(&self) -> Result<String> {
        let default = serde_json::to_value(Spec::from_toml("", Some(self.block()))?)?;
        let Value::Object(own) = serde_json::to_value(self)? else { bail!("{}: no parameters", self.block()) };
        let mut command = format!("emit {}", self.block());
        for (key, value) in own.iter().filter(|(key, value)| default.get(key) != Some(value)) {
            let flag = key.replace('_', "-");
            match value {
                Value::Bool(true) => command += &format!(" --{flag}"),
                value => {
                    let value = flag_value(value);
                    let separator = if value.starts_with('-') { "=" } else { " " };
                    command += &format!(" --{flag}{separator}{value}");
                }
            }
        }
        Ok(command)
    }
}

/// A parameter's value for the command line.
fn flag_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(flag_value).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// `text` with blanks in place of the line in which byte `at` stands.
fn blank_line(text: &str, at: usize) -> String {
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let end = text[at..].find('\n').map_or(text.len(), |i| at + i);
    format!("{}{}{}", &text[..start], " ".repeat(end - start), &text[end..])
}
