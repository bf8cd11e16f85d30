//! What the README shows is what the repository does: its block, the Verilog and the error of it, its figures.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../hdl/examples/add_bias.rs"]
#[allow(dead_code, reason = "the example's main is not called")]
mod add_bias;

use std::path::Path;

fn root(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The text between a line of three backticks with this word and the next line of three backticks.
fn fenced<'t>(text: &'t str, word: &str) -> &'t str {
    let begin = text.split_once(&format!("```{word}\n")).unwrap_or_else(|| panic!("no {word}")).1;
    begin.split_once("```").unwrap().0
}

#[test]
fn the_block_is_the_example() {
    let (readme, example) = (root("README.md"), root("hdl/examples/add_bias.rs"));
    assert!(example.contains(fenced(&readme, "rust")));
    assert!(add_bias::verilog(17).contains(fenced(&readme, "verilog")), "{}", add_bias::verilog(17));
    let (shown, says) = (fenced(&readme, "text").trim(), add_bias::verilog(16));
    // The path depends on where the compiler was called.
    let (shown, says) = (shown.split(" (hdl/").next().unwrap(), says.rsplit_once(" (").unwrap().0);
    assert_eq!(shown, says);
    let line = 1 + example.lines().position(|l| l.contains("k.drive")).unwrap();
    assert!(readme.contains(&format!("(hdl/examples/add_bias.rs:{line}:")), "the error is in line {line}");
}

/// Every row of the table of area and clock stands in `docs/qor.csv`, and every public design in `bench/public.csv`.
#[test]
fn figures_stand_in_their_files() {
    let (readme, ours, public) = (root("README.md"), root("docs/qor.csv"), root("bench/public.csv"));
    let rows = readme.lines().filter(|l| l.starts_with("| `") && l.matches('|').count() == 12);
    let mut compared = 0;
    for row in rows {
        let fields: Vec<&str> = row.split('|').map(str::trim).collect();
        let (name, device, area, mhz) = (fields[1].trim_matches('`'), fields[2], fields[3..6].join(","), fields[6]);
        let ours = ours.lines().filter(|l| l.starts_with(&format!("{name},{device},")));
        assert!(ours.clone().any(|l| l.contains(&format!(",{area},")) && l.contains(&format!(",{mhz},"))), "{row}");
        let (design, figures) = (fields[7].split(", 4 x 4").next().unwrap(), fields[8..12].join(","));
        let public =
            public.lines().any(|l| l.starts_with(&format!("{design},")) && l.ends_with(&format!(",{figures}")));
        assert!(public, "{row}");
        compared += 1;
    }
    assert_eq!(compared, 3);
}
