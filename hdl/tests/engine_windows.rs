//! The windows and the aligner of the engine, evaluated in Rust, against the words that an instruction asks for by its
//! definition.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::VecDeque;

use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::aligner::Aligner;
use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind};
use qrtl_hdl::blocks::engine::memory::LATENCY;
use qrtl_hdl::blocks::engine::windows::Windows;
use qrtl_hdl::exact::{FlatSim, elaborate};
use qrtl_random::Random;

/// A byte of a tap and whether it belongs to the run.
type Byte = (i8, bool);

/// What the windows gave in a clock.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tap {
    clock: usize,
    bytes: Vec<Byte>,
    rotation: i128,
    last: bool,
    block_end: bool,
    place: [i128; 2],
}

/// A word of the block buffer: half, row, number, word, last of its block.
type Fill = (i128, i128, i128, u64, bool);

fn config(lanes: usize, rows: usize) -> EngineConfig {
    EngineConfig { lanes, rows, cols: 2 * lanes, activation_bytes: 4096, requantizers: 2, ..EngineConfig::default() }
}

/// Rounds of three taps of words, an odd number of words apart, over a random map.
fn draw_rounds(random: &mut Random, config: &EngineConfig) -> Instruction {
    let lanes = config.lanes as i64;
    let in_words = |i: &Instruction| i.run_bytes == lanes && [i.row_bytes, i.x_step].iter().all(|v| v % lanes == 0);
    let i = std::iter::repeat_with(|| draw(random, config)).find(in_words).unwrap();
    let (distance, x0) = (random.pick(&[1, 3, 5]) * lanes, -random.within(0, 3) as i64 * lanes);
    Instruction {
        kind: random.pick(&[Kind::Lanes, Kind::Matrix]) as i64,
        address: (i.address - i.x0) / lanes * lanes + x0,
        x0,
        triple: 1,
        absent: random.within(0, 2) as i64,
        tap_distance: distance,
        tap_step: 3 * distance,
        run_words_1: 0,
        ..i
    }
}

/// A convolution over a random map: dense kernel rows, or one run for each tap.
fn draw(random: &mut Random, config: &EngineConfig) -> Instruction {
    let mut within = |lo: i64, hi: i64| random.within(lo.into(), hi.into()) as i64;
    let [height, width] = [within(1, 9), within(1, 9)];
    let dense = within(0, 1) == 1;
    let pitch = if dense { within(1, 11) } else { config.lanes as i64 * within(1, 3) };
    let run_pixels = if dense { within(1, 4) } else { 1 };
    let [taps_y, taps_x] = [within(1, 4), if dense { 1 } else { within(1, 3) }];
    let [dilation_y, dilation_x] = [within(1, 2), within(1, 2)];
    let [stride_y, stride_x] = [within(1, 3), within(1, 3)];
    let [pad_y, pad_x] = [within(0, 3), within(0, 3)];
    let [out_height, out_width] = [within(1, 5), within(1, 5)];
    let base = within(0, 200);
    let base = if dense { base } else { base * config.lanes as i64 };
    let row = width * pitch;
    let run = run_pixels * pitch;
    let lanes = config.lanes as i64;
    let aligned = pitch % lanes == 0 && base % lanes == 0;
    let words = if aligned { run / lanes } else { (run + lanes - 1 + lanes - 1) / lanes };
    Instruction {
        kind: Kind::Matrix as i64,
        padding: within(-128, 127),
        address: base - pad_y * row - pad_x * pitch,
        x0: -pad_x * pitch,
        row_bytes: row,
        y0: -pad_y,
        height,
        x_step: stride_x * pitch,
        out_width_1: out_width - 1,
        row_step: stride_y * row,
        pixels_1: out_width * out_height - 1,
        y_step: stride_y,
        tap_row_step: dilation_y * row,
        taps_y_1: taps_y - 1,
        taps_x_1: taps_x - 1,
        tap_y_step: dilation_y,
        tap_step: dilation_x * pitch,
        run_bytes: run,
        run_words_1: words - 1,
        idle: if aligned { within(0, 3) } else { within(1, 3) },
        ..Instruction::default()
    }
}

/// The dense bytes of each item, by the definition of the fields.
fn items(i: &Instruction, memory: &[u8]) -> Vec<Vec<u8>> {
    let size = memory.len() as i64;
    let byte = |oy: i64, ox: i64, ky: i64, kx: i64, q: i64| {
        let x = i.x0 + ox * i.x_step + kx * i.tap_step + q;
        let y = i.y0 + oy * i.y_step + ky * i.tap_y_step;
        let at = i.address + oy * i.row_step + ox * i.x_step + ky * i.tap_row_step + kx * i.tap_step + q;
        let inside = (0..i.row_bytes).contains(&x) && (0..i.height).contains(&y);
        if inside { memory[at.rem_euclid(size) as usize] } else { i.padding as u8 }
    };
    let item = |pixel: i64| {
        let (oy, ox) = (pixel / (i.out_width_1 + 1), pixel % (i.out_width_1 + 1));
        let taps = (0..=i.taps_y_1).flat_map(|ky| (0..=i.taps_x_1).map(move |kx| (ky, kx)));
        let reads = if i.triple == 1 { 3 } else { 1 };
        let absent = |kx: i64, n: i64| kx == i.taps_x_1 && n >= 3 - i.absent;
        taps.flat_map(|(ky, kx)| (0..reads).map(move |n| (ky, kx, n)))
            .flat_map(|(ky, kx, n)| (0..i.run_bytes).map(move |q| (ky, kx, n, q)))
            .map(
                |(ky, kx, n, q)| {
                    if absent(kx, n) { i.padding as u8 } else { byte(oy, ox, ky, kx, n * i.tap_distance + q) }
                },
            )
            .collect()
    };
    (0..=i.pixels_1).map(item).collect()
}

fn show(sim: &mut FlatSim, i: &Instruction) {
    let words = i.words().unwrap();
    // A word comes a clock after its index.
    for at in 0..=words.len() {
        sim.set("instruction_write", (at < words.len()).into());
        sim.set("instruction_at", at.min(words.len() - 1) as i128);
        sim.set("instruction_word", at.checked_sub(1).map_or(0, |before| words[before]).into());
        sim.step().unwrap();
    }
    sim.step().unwrap();
}

/// Runs the windows; a half is released as many clocks after it is complete as `hold` says.
fn taps(config: &EngineConfig, i: &Instruction, memory: &[u8], hold: usize) -> Vec<Tap> {
    let mut sim = FlatSim::new(&elaborate(&Windows::new(config), "windows").unwrap());
    sim.set("rst_n", 0);
    sim.step().unwrap();
    sim.set("rst_n", 1);
    sim.set("room", 1);
    show(&mut sim, i);
    sim.set("start", 1);
    sim.step().unwrap();
    sim.set("start", 0);
    let (mut on_their_way, mut releases) = (VecDeque::from(vec![vec![0; config.taps]; LATENCY]), VecDeque::new());
    let mut taps = Vec::new();
    for clock in 1.. {
        assert!(clock < 100_000, "the windows hang");
        let words: Vec<i128> = on_their_way.pop_front().unwrap();
        sim.set("word", words[0]);
        words[1..].iter().enumerate().for_each(|(n, &word)| sim.set_lane("further_word", n, word));
        let released = releases.front() == Some(&clock);
        sim.set("released", i128::from(released));
        if released {
            releases.pop_front();
        }
        sim.settle();
        let (first, distance) = (sim.get("address"), if config.taps > 1 { sim.get("further_distance") } else { 0 });
        let word = |n: usize| {
            let address = (first + n as i128 * distance) as usize * config.lanes % memory.len();
            memory[address..address + config.lanes].iter().rev().fold(0, |w, &b| w << 8 | i128::from(b))
        };
        on_their_way.push_back((0..config.taps).map(word).collect());
        if sim.get("to_aligner") == 1 || sim.get("to_lanes") == 1 {
            let mut bytes: Vec<Byte> =
                (0..config.lanes).map(|l| (sim.get_lane("tap", l) as i8, sim.get_lane("run", l) == 1)).collect();
            let further = (config.taps - 1) * config.lanes;
            bytes.extend((0..further).map(|l| (sim.get_lane("further_tap", l) as i8, true)));
            let flag = |name| sim.get(name) == 1;
            let place = [sim.get("half"), sim.get("row")];
            let (last, block_end) = (flag("last"), flag("block_end"));
            taps.push(Tap { clock, bytes, rotation: sim.get("rotation"), last, block_end, place });
            if block_end && i.kind == Kind::Matrix as i64 {
                releases.push_back(clock + hold);
            }
            if flag("step_end") {
                return taps;
            }
        }
        sim.step().unwrap();
    }
    unreachable!("the loop ends by returning")
}

/// Runs the aligner with these taps.
fn fills(config: &EngineConfig, i: &Instruction, taps: &[Tap]) -> Vec<Fill> {
    let mut sim = FlatSim::new(&elaborate(&Aligner::new(config), "aligner").unwrap());
    sim.set("rst_n", 0);
    sim.step().unwrap();
    sim.set("rst_n", 1);
    show(&mut sim, i);
    let mut fills = Vec::new();
    for clock in taps[0].clock..taps[taps.len() - 1].clock + 5 {
        let tap = taps.iter().find(|tap| tap.clock == clock);
        sim.set("valid", tap.is_some().into());
        if let Some(tap) = tap {
            for (l, &(byte, run)) in tap.bytes.iter().enumerate() {
                sim.set_lane("tap", l, byte.into());
                sim.set_lane("run", l, run.into());
            }
            for (name, value) in [("last", tap.last.into()), ("block_end", tap.block_end.into())].into_iter().chain([
                ("rotation", tap.rotation),
                ("half", tap.place[0]),
                ("row", tap.place[1]),
            ]) {
                sim.set(name, value);
            }
        } else {
            // What stands there without a tap must not matter.
            (0..config.lanes).for_each(|l| sim.set_lane("run", l, 1));
            for (name, value) in [("last", 1), ("block_end", 1), ("half", 1), ("row", 1)] {
                sim.set(name, value);
            }
        }
        sim.settle();
        if sim.get("fill") == 1 {
            let [half, row, at, word] = ["fill_half", "fill_row", "fill_at", "fill_word"].map(|name| sim.get(name));
            fills.push((half, row, at, word as u64, sim.get("fill_end") == 1));
        }
        sim.step().unwrap();
    }
    fills
}

#[test]
fn items_are_dense_in_the_block_buffer() {
    for seed in 0..400 {
        let random = &mut Random::new(seed);
        let config = config(if seed % 2 == 0 { 8 } else { 4 }, [2, 4, 8][seed as usize % 3]);
        let i = draw(random, &config);
        let memory: Vec<u8> = (0..config.activation_bytes).map(|_| random.within(0, 255) as u8).collect();
        let taps = taps(&config, &i, &memory, random.within(1, 60) as usize);
        let fills = fills(&config, &i, &taps);
        let items = items(&i, &memory);
        let mut buffer = vec![vec![0; config.terms]; 2 * config.rows];
        let mut blocks = 0;
        for (half, row, at, word, end) in fills {
            let row = &mut buffer[half as usize * config.rows + row as usize];
            let at = at as usize * config.lanes;
            row[at..at + config.lanes].copy_from_slice(&word.to_le_bytes()[..config.lanes]);
            if end {
                assert_eq!(half, blocks % 2, "seed {seed}");
                let first = blocks as usize * config.rows;
                for (r, item) in items[first..items.len().min(first + config.rows)].iter().enumerate() {
                    let got = &buffer[half as usize * config.rows + r][..item.len()];
                    assert_eq!(got, item, "seed {seed}, block {blocks}, row {r}, {i:?}");
                }
                blocks += 1;
            }
        }
        assert_eq!(blocks as usize, items.len().div_ceil(config.rows), "seed {seed}, {i:?}");
    }
}

#[test]
fn three_taps_of_a_row_come_in_a_clock() {
    for seed in 0..300 {
        let random = &mut Random::new(seed);
        let lanes = if seed % 2 == 0 { 8 } else { 4 };
        let config = EngineConfig { taps: 3, ..config(lanes, 4) };
        let i = draw_rounds(random, &config);
        let memory: Vec<u8> = (0..config.activation_bytes).map(|_| random.within(0, 255) as u8).collect();
        let taps = taps(&config, &i, &memory, 1);
        let got: Vec<u8> = taps.iter().flat_map(|tap| &tap.bytes).map(|&(byte, _)| byte as u8).collect();
        assert_eq!(got, items(&i, &memory).concat(), "seed {seed}, {i:?}");
    }
}

#[test]
fn the_loops_take_the_clocks_that_their_counts_say() {
    for seed in 0..60 {
        let random = &mut Random::new(seed);
        let config = config(8, 4);
        let i = draw(random, &config);
        let memory = vec![0; config.activation_bytes];
        let hold = random.within(1, 90) as usize;
        let taps = taps(&config, &i, &memory, hold);
        let item = ((i.taps_y_1 + 1) * (i.taps_x_1 + 1) * (i.run_words_1 + 1)) as usize;
        let mut ends: Vec<usize> = Vec::new();
        let mut pixel = 0;
        let pixels = i.pixels_1 as usize + 1;
        while pixel < pixels {
            let items = config.rows.min(pixels - pixel);
            // A block begins two clocks after the one before it, or after the release of the half that it takes.
            let rested = ends.last().map_or(taps[0].clock - 1, |end| end + (i.idle as usize).max(1));
            let free = ends.len().checked_sub(2).map_or(0, |before| ends[before] + hold + 10);
            ends.push(rested.max(free) + items * item + (items - 1) * i.idle as usize);
            pixel += items;
        }
        let got: Vec<usize> = taps.iter().filter(|tap| tap.block_end).map(|tap| tap.clock).collect();
        assert_eq!(got, ends, "seed {seed}, hold {hold}, {i:?}");
    }
}
