//! Files of Verilog, with what they read.

use std::io;
use std::path::Path;

/// A file of Verilog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// name of the module and, with `.v`, of the file
    pub name: String,
    /// its text
    pub text: String,
    /// words that its memories hold from the start
    pub data: Vec<Data>,
}

/// A file that a module reads with `$readmemh`. A simulator looks for it in the directory in which it runs; synthesis looks
/// for it beside the module, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Data {
    /// name of the file, which follows from its text
    pub name: String,
    /// its text
    pub text: String,
}

impl File {
    /// A file that reads no other.
    pub fn new(name: &str, text: String) -> File {
        File { name: name.to_owned(), text, data: Vec::new() }
    }

    /// Writes it into a directory, and what it reads beside it.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, dir: &Path) -> io::Result<()> {
        std::fs::write(dir.join(format!("{}.v", self.name)), &self.text)?;
        self.data.iter().try_for_each(|data| std::fs::write(dir.join(&data.name), &data.text))
    }
}
