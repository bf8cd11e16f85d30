//! The memories, against the plain form of what they hold.

use std::collections::BTreeMap;
use std::process::Command;

use qrtl_hdl::blocks::engine::memory::{AHEAD, LATENCY, Memory, OVERTAKEN};
use qrtl_hdl::targets::ecp5::Ebr;
use qrtl_hdl::targets::ice40::SbSpram256ka;
use qrtl_hdl::targets::{Area, Target};
use qrtl_hdl::verilog::File;
use qrtl_sim::qor::cells::Statistics;
use qrtl_sim::tools::run;
use qrtl_sim::workspace::Workspace;

use crate::{Form, delayed, equal_plain_form, files};

/// A memory of which every word is written before any is compared. A word that is read while it is written is not
/// compared.
const MEMORY: &str = "
    localparam B# = $clog2(WORDS);
    reg [B#:0] at_#;
    wire full_# = at_#[B#];
    wire write_# = !full_# | b[17];
    wire [B#-1:0] to_# = full_# ? a[B#-1:0] : at_#[B#-1:0];
    wire [B#-1:0] from_# = b[B#-1:0];
    wire [BITS-1:0] word_# = y[BITS-1:0];
    wire reads_# = READS;
    reg [BITS-1:0] words_# [0:WORDS-1];
    reg [BITS-1:0] read_#;
    reg known_#;
    always @(posedge clk) begin
        if (rst) at_# <= {(B# + 1){1'b0}};
        else if (!full_#) at_# <= at_# + {{B#{1'b0}}, 1'b1};
        if (write_#) words_#[to_#] <= word_#;
        if (reads_#) read_# <= words_#[from_#];
        known_# <= full_# & (reads_# | (known_# & KEEPS)) & !(reads_# & write_# & to_# == from_#);
        DELAYS
    end
    wire [BITS-1:0] got_#;
";

/// When a word is read, when the word stays that was read, and the ports of a memory with a write and a read port.
const TWO_PORTS: [&str; 3] = [
    "y[63:62] != 2'd0",
    "1'b1",
    ".write(write_#), .write_address(to_#), .write_word(word_#), .read(reads_#), .address(from_#)",
];

/// The same for one port.
const ONE_PORT: [&str; 3] = [
    "!write_# & (y[63:62] != 2'd0)",
    "!write_#",
    ".select(write_# | reads_#), .write(write_#), .write_word(word_#), .address(write_# ? to_# : from_#)",
];

/// The form of a memory of `words` words of `bits` bits, of which one is read in `latency` clock edges.
fn memory(files: Vec<File>, words: usize, bits: u32, latency: usize, [reads, keeps, ports]: [&str; 3]) -> Form {
    let line = |name, width, value| delayed(name, width, value, latency - 1);
    let ([words_, word_clocks, word], [knowns, known_clocks, known]) =
        (line("expected#", bits, "read_#"), line("compared#", 1, "known_#"));
    let mut declared = words_ + &knowns + MEMORY;
    for (of, by) in [("READS", reads), ("KEEPS", keeps), ("DELAYS", &(word_clocks + &known_clocks))] {
        declared = declared.replace(of, by);
    }
    declared = declared.replace("WORDS", &words.to_string()).replace("BITS", &bits.to_string());
    declared += &format!("    form_# form_#_0 (.clk(clk), {ports}, .word(got_#));\n");
    declared += &format!("    assign now[#] = {known} & (got_# != {word});\n");
    Form { files, declared, clocked: String::new() }
}

#[test]
fn an_ebr_gives_what_was_written() {
    // Every width of the cells, and words that leave bits and addresses of a cell unused.
    let shapes =
        [(16_384, 1), (8_192, 2), (4_096, 4), (2_048, 9), (1_024, 18), (512, 36), (4_096, 3), (1_024, 16), (8, 32)];
    let form = |(i, (words, bits))| memory(files(&Ebr::new(words, bits), i), words, bits, 2, TWO_PORTS);
    equal_plain_form(&shapes.into_iter().enumerate().map(form).collect::<Vec<_>>());
}

/// A factor whose products have all kinds of upper bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Words of `bits` bits that look random.
fn spread(words: usize, bits: u32) -> Vec<i128> {
    (0..words as u64).map(|address| (address.wrapping_mul(SPREAD) >> (64 - bits)).into()).collect()
}

/// Every width of the cells.
const SHAPES: [(usize, u32); 6] = [(16_384, 1), (8_192, 2), (4_096, 4), (2_048, 9), (1_024, 18), (512, 36)];

#[test]
fn an_ebr_holds_words_from_the_start() {
    let form = |(i, (words, bits)): (usize, (usize, u32))| {
        let (address, low) = (words.ilog2(), 64 - bits);
        let declared = [
            format!("wire [{}:0] at_# = y[{0}:0];", address - 1),
            format!("wire [63:0] product_# = {{{}'d0, at_#}} * 64'h{SPREAD:x};", 64 - address),
            format!("wire unused_product_# = &{{1'b0, product_#[{}:0]}};", low - 1),
            "wire reads_# = y[63:62] != 2'd0;".to_owned(),
            format!("reg [{0}:0] read_#, expected_#;\n    wire [{0}:0] got_#;", bits - 1),
            format!("always @(posedge clk) if (reads_#) read_# <= product_#[63:{low}];"),
            "always @(posedge clk) expected_# <= read_#;".to_owned(),
            "form_# form_#_0 (.clk(clk), .read(reads_#), .address(at_#), .word(got_#));".to_owned(),
            "assign now[#] = got_# != expected_#;".to_owned(),
        ];
        let declared = declared.map(|line| format!("    {line}\n")).concat();
        Form { files: files(&Ebr::holding(spread(words, bits), bits), i), declared, clocked: String::new() }
    };
    let narrow = [(4_096, 3), (1_024, 16), (8, 32)];
    equal_plain_form(&SHAPES.into_iter().chain(narrow).enumerate().map(form).collect::<Vec<_>>());
}

#[test]
fn a_small_memory_that_is_only_read_becomes_logic() {
    let files = files(&Memory::holding(Target::Ecp5, &spread(64, 32), 32).unwrap(), 0);
    let dir = tempfile::tempdir().unwrap();
    files.iter().for_each(|file| file.write(dir.path()).unwrap());
    let mut yosys = Command::new(Workspace::compiled_in().unwrap().tool("yosys"));
    let script = "read_verilog *.v; synth_ecp5 -top form_0; tee -q -o stat.json stat -json";
    run(yosys.current_dir(dir.path()).args(["-q", "-p", script])).unwrap();
    let area = Statistics::read(&dir.path().join("stat.json")).unwrap().area().unwrap();
    assert!(area.ram == 0 && area.lut >= 32, "{area:?}");
}

/// What Yosys makes a block memory of ECP5 hold that it infers is what ours of the same words holds.
#[test]
fn an_ebr_holds_its_words_where_synthesis_puts_them() {
    for (words, bits) in SHAPES {
        let contents = spread(words, bits);
        let inferred = Memory::holding(Target::Generic, &contents, bits).unwrap();
        let [inferred, ours] = [initial(files(&inferred, 0)), initial(files(&Ebr::holding(contents, bits), 0))];
        assert!(!ours.is_empty() && inferred == ours, "{words} x {bits}");
    }
}

/// The parameters of the only block memory of a netlist that say what it holds, without those that are 0.
fn initial(files: Vec<File>) -> BTreeMap<String, String> {
    let dir = tempfile::tempdir().unwrap();
    let modules: Vec<&File> = files.iter().filter(|file| !file.name.ends_with("KD")).collect();
    modules.iter().for_each(|file| file.write(dir.path()).unwrap());
    let mut yosys = Command::new(Workspace::compiled_in().unwrap().tool("yosys"));
    let script = "read_verilog *.v; synth_ecp5 -top form_0; write_json netlist.json";
    run(yosys.current_dir(dir.path()).args(["-q", "-p", script])).unwrap();
    let text = std::fs::read_to_string(dir.path().join("netlist.json")).unwrap();
    let netlist: serde_json::Value = serde_json::from_str(&text).unwrap();
    let cells = netlist["modules"]["form_0"]["cells"].as_object().unwrap().values();
    let memories: Vec<_> = cells.filter(|cell| cell["type"].as_str().unwrap().ends_with("KD")).collect();
    assert_eq!(memories.len(), 1);
    let parameters = memories[0]["parameters"].as_object().unwrap().iter();
    let words =
        parameters.filter(|(name, _)| name.starts_with("INITVAL")).map(|(n, v)| (n.clone(), v.as_str().unwrap()));
    words.filter(|(_, bits)| bits.contains('1')).map(|(name, bits)| (name, bits.to_owned())).collect()
}

#[test]
fn an_spram_gives_what_was_written() {
    let form = |(i, words)| memory(files(&SbSpram256ka::new(words), i), words, 16, 1, ONE_PORT);
    equal_plain_form(&[16_384, 2_048].into_iter().enumerate().map(form).collect::<Vec<_>>());
}

/// The memory gets what is written `late` clocks late, as it overtakes what is read.
fn written_late(mut form: Form, words: usize, bits: u32, late: usize) -> Form {
    for (pin, name, width) in
        [("write", "write", 1), ("write_address", "to", words.ilog2()), ("write_word", "word", bits)]
    {
        let [declared, clocked, value] = delayed(&format!("late_{name}#"), width, &format!("{name}_#"), late);
        form.declared = form.declared.replace(&format!(".{pin}({name}_#)"), &format!(".{pin}({value})"));
        let ranks = format!("{declared}    always @(posedge clk) begin\n{clocked}    end\n");
        form.declared = form.declared.replace("    form_# form_#_0", &format!("{ranks}    form_# form_#_0"));
    }
    form
}

/// A write takes the port, and no word is read then.
const MEMORY_WITH_ONE_PORT: [&str; 3] = [ONE_PORT[0], ONE_PORT[1], TWO_PORTS[2]];

#[test]
fn a_memory_of_the_engine_gives_what_was_written() {
    // No cells, one and many cells, groups of cells that are not full, words of several cells, one port.
    let (ecp5, ice40) = (Target::Ecp5, Target::Ice40);
    let shapes = [
        (Target::Generic, 64, 40),
        (ecp5, 256, 29),
        (ecp5, 1_024, 64),
        (ecp5, 8_192, 40),
        (ecp5, 16_384, 33),
        (ecp5, 32_768, 2),
        (ice40, 1_024, 32),
        (ice40, 8_192, 32),
    ];
    let form = |(i, (target, words, bits)): (usize, (Target, usize, u32))| {
        let block = Memory::apart(target, words, bits);
        let one_port = block.has_one_port();
        let how = if one_port { MEMORY_WITH_ONE_PORT } else { TWO_PORTS };
        let late = if target != ice40 {
            0
        } else if one_port {
            AHEAD
        } else {
            OVERTAKEN
        };
        written_late(memory(files(&block, i), words, bits, LATENCY, how), words, bits, late)
    };
    equal_plain_form(&shapes.into_iter().enumerate().map(form).collect::<Vec<_>>());
}

#[test]
fn synthesis_keeps_the_copies_of_addresses() {
    let (words, bits) = (16_384, 40);
    let files = files(&Memory::new(Target::Ecp5, words, bits), 0);
    let dir = tempfile::tempdir().unwrap();
    for file in files.iter().filter(|file| file.name != "DP16KD") {
        file.write(dir.path()).unwrap();
    }
    let mut yosys = Command::new(Workspace::compiled_in().unwrap().tool("yosys"));
    let script = "read_verilog *.v; synth_ecp5 -top form_0; tee -q -o stat.json stat -json";
    run(yosys.current_dir(dir.path()).args(["-q", "-p", script])).unwrap();
    let area = Statistics::read(&dir.path().join("stat.json")).unwrap().area().unwrap();
    // A cell holds a bit of each word. A rank has two enables and two addresses; of the second rank there is one for 16
    // cells. Both ranks of the written word are there once.
    let (rank, groups) = (2 + 2 * 14, 3);
    assert_eq!(area, Area { lut: 0, ff: rank * (1 + groups) + 2 * 40, dsp: 0, ram: 40, spram: 0 });
}
