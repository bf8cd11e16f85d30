//! A running simulation that answers one script after the other.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use qrtl_gen::script::{Script, lanes};
use qrtl_hdl::interface::Interface;

/// A running simulation.
pub struct Conversation {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    interface: Interface,
}

impl Conversation {
    /// Starts a simulation of a module with the ports of `interface`.
    pub(crate) fn start(mut command: Command, interface: &Interface) -> Result<Conversation> {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.with_context(|| command.get_program().to_string_lossy().into_owned())?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let output = BufReader::new(output.ok_or_else(|| anyhow!("no output"))?);
        Ok(Conversation { child, input, output, interface: interface.clone() })
    }

    /// Runs a script, which must end with a flush, and returns the results, with all lanes of a beat in a row.
    ///
    /// # Errors
    /// If the script does not end with a flush, or the module breaks the protocol or hangs; the error has the bench's
    /// message.
    pub fn run(&mut self, script: &Script) -> Result<Vec<Vec<i128>>> {
        let is_flush = |line: &&str| line.starts_with("f ");
        if !script.input.lines().next_back().is_some_and(|l| is_flush(&l)) {
            bail!("{}: the script does not end with a flush", self.interface.module);
        }
        let flushes = script.input.lines().filter(is_flush).count();
        let mut input = self.input.take().ok_or_else(|| anyhow!("the bench has ended"))?;
        let mut results = Vec::new();
        // Another thread writes while this one reads, because pipes are short. A bench that ends breaks the writer's
        // pipe, so that the writer ends as well.
        let (written, read) = std::thread::scope(|scope| {
            let writer = scope.spawn(|| input.write_all(script.input.as_bytes()).and_then(|()| input.flush()));
            let read = (0..flushes).try_for_each(|_| self.read(&mut results));
            (writer.join(), read)
        });
        read?;
        written.map_err(|_| anyhow!("the writer panicked"))??;
        self.input = Some(input);
        Ok(results)
    }

    /// Reads results up to the answer to a flush.
    fn read(&mut self, results: &mut Vec<Vec<i128>>) -> Result<()> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.output.read_line(&mut line)? == 0 {
                bail!("{}", self.last_words());
            }
            match line.trim_end() {
                "." => return Ok(()),
                fields => results.push(self.decode(fields)?),
            }
        }
    }

    fn decode(&self, line: &str) -> Result<Vec<i128>> {
        let ports = self.interface.output.payload.iter();
        let fields =
            ports.zip(line.split(' ')).map(|(p, f)| lanes(p, f).ok_or_else(|| anyhow!("the bench says {line}")));
        Ok(fields.collect::<Result<Vec<_>>>()?.concat())
    }

    fn last_words(&mut self) -> String {
        let mut text = String::new();
        if let Some(stderr) = &mut self.child.stderr {
            let _ = stderr.read_to_string(&mut text);
        }
        format!("the bench ended: {}", text.trim())
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
