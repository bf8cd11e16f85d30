//! From the source positions in a report back to the nets that a reader of the Verilog knows.

use std::collections::BTreeMap;

use qrtl_hdl::verilog::File;

/// Greatest number of nets that are named on one path.
const MOST: usize = 8;

/// Lines of the measured files.
pub struct Sources {
    lines: BTreeMap<String, Vec<String>>,
}

impl Sources {
    /// The lines of a block's files.
    pub fn new(files: &[File]) -> Sources {
        let lines = |f: &File| (format!("{}.v", f.name), f.text.lines().map(str::to_owned).collect());
        Sources { lines: files.iter().map(lines).collect() }
    }

    /// The nets at the positions `file:line.column-line.column`, each once, in the order of the positions.
    pub fn nets<'a>(&self, positions: impl Iterator<Item = &'a String>) -> Vec<String> {
        let mut nets: Vec<String> = Vec::new();
        for net in positions.filter_map(|p| self.net(p)) {
            if !nets.contains(&net) && nets.len() < MOST {
                nets.push(net);
            }
        }
        nets
    }

    fn net(&self, position: &str) -> Option<String> {
        let (file, place) = position.rsplit_once(':')?;
        let line: usize = place.split('.').next()?.parse().ok()?;
        target(self.lines.get(file)?.get(line.checked_sub(1)?)?)
    }
}

/// The net that a line assigns: `wire signed [7:0] z = …`, `assign y = …` or `q <= …`.
fn target(line: &str) -> Option<String> {
    let text = line.trim();
    let left = match text.split_once("<=") {
        Some((left, _)) if !text.starts_with("wire") && !text.starts_with("assign") => left,
        _ => text.split_once(" = ")?.0,
    };
    let word = left.split_whitespace().rfind(|w| !w.starts_with('['))?;
    let name = word.split('[').next()?;
    let legal = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    legal.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_the_net_that_it_assigns() {
        let name = |l| target(l);
        assert_eq!(name("    wire signed [62:0] product = a * b;").as_deref(), Some("product"));
        assert_eq!(name("            low_coarse <= selected_5[16:0];").as_deref(), Some("low_coarse"));
        assert_eq!(name("    wire less = a <= b;").as_deref(), Some("less"));
        assert_eq!(name("    assign y[3:0] = z;").as_deref(), Some("y"));
        assert_eq!(name("    end else if (advance) begin"), None);
    }
}
