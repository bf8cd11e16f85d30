//! The lanes on a bench: steps run, and what leaves is compared with their definition.

use qrtl_golden::numerics::requantizer::requantize;
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, Requantization, Rule};
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind};
use qrtl_hdl::blocks::engine::lanes::{Lanes, TABLE_ENTRIES};
use qrtl_hdl::blocks::engine::parameters::parameter_word;
use qrtl_hdl::exact::{FlatSim, elaborate};
use qrtl_random::Random;

/// Bias, multiplier and shift of a channel.
type Channel = [i64; 3];

/// The taps of a clock and their weights, a byte for each lane and tap.
type Tap = (Vec<i8>, Vec<i8>);

/// The shape of a step.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub pixels: usize,
    pub groups: usize,
    pub taps: usize,
    /// greatest number of clocks without a tap, before a tap
    pub gap: i128,
}

/// The words that leave in a clock: half, row, place and word for the block buffer, address and word for the activation
/// memory; and whether they end a block, or the step.
#[derive(Debug, PartialEq)]
struct Seen {
    clock: usize,
    fill: Option<[i128; 4]>,
    write: Option<[i128; 2]>,
    ends: [i128; 2],
}

/// The lanes, and the contents of their memories.
pub struct Bench {
    pub config: EngineConfig,
    sim: FlatSim,
    channels: Vec<Channel>,
    tables: Vec<i64>,
}

impl Bench {
    pub fn new(config: EngineConfig, random: &mut Random) -> Bench {
        config.validate().unwrap();
        let block = Lanes::new(&config).unwrap();
        let mut sim = FlatSim::new(&elaborate(&block, "lanes").unwrap_or_else(|e| panic!("{e}")));
        sim.set("rst_n", 0);
        sim.step().unwrap();
        sim.set("rst_n", 1);
        let mut draw = |lo, hi| random.corner(lo, hi) as i64;
        let channel = |_| [draw(-1 << 26, (1 << 26) - 1), draw(1 << 30, (1 << 31) - 1), draw(-24, 0)];
        let channels: Vec<Channel> = (0..config.lane_channels).map(channel).collect();
        let parts = if config.lanes == 4 { 2 } else { 1 };
        for (c, [bias, multiplier, shift]) in channels.iter().enumerate() {
            let word = parameter_word(*bias, *multiplier, *shift).unwrap();
            for part in 0..parts {
                sim.set("parameters_write", 1);
                sim.set("parameters_address", (c * parts + part) as i128);
                sim.set("parameters_word", if parts == 2 { word >> (32 * part) & 0xffff_ffff } else { word }.into());
                sim.step().unwrap();
            }
        }
        sim.set("parameters_write", 0);
        Bench { config, sim, channels, tables: vec![0; TABLE_ENTRIES] }
    }

    /// Shows an instruction, and starts it.
    fn show(&mut self, instruction: &Instruction) {
        let words = instruction.words().unwrap();
        // A word comes a clock after its index.
        for at in 0..=words.len() {
            self.sim.set("instruction_write", (at < words.len()).into());
            self.sim.set("instruction_at", at.min(words.len() - 1) as i128);
            self.sim.set("instruction_word", at.checked_sub(1).map_or(0, |before| words[before]).into());
            self.sim.step().unwrap();
        }
        self.sim.set("start", 1);
        self.sim.step().unwrap();
        self.sim.set("start", 0);
    }

    /// The words of this clock.
    fn look(&mut self, clock: usize) -> Option<Seen> {
        self.sim.settle();
        let sim = &self.sim;
        let [fill, fill_end, write, done] = ["fill", "fill_end", "write", "done"].map(|name| sim.get(name));
        let filled = (fill == 1).then(|| ["fill_half", "fill_row", "fill_at", "fill_word"].map(|name| sim.get(name)));
        let written = (write == 1).then(|| ["write_address", "write_word"].map(|name| sim.get(name)));
        let seen = Seen { clock, fill: filled, write: written, ends: [fill_end, done] };
        [fill, fill_end, write, done].contains(&1).then_some(seen)
    }

    /// The sum of a lane.
    fn sum(&self, instruction: &Instruction, taps: &[Tap], lane: usize) -> i64 {
        let entry = |i: usize, tap: i8| self.tables[256 * usize::from(i > 0) + (i32::from(tap) + 128) as usize];
        let reads = if instruction.triple == 1 { self.config.taps } else { 1 };
        let lanes = (0..reads).map(|n| n * self.config.lanes + lane);
        let all = taps.iter().enumerate().flat_map(|(i, tap)| lanes.clone().map(move |l| (i, tap.0[l], tap.1[l])));
        let values = all.map(|(i, tap, weight)| match (instruction.table, instruction.maximum) {
            (1, _) => entry(i, tap),
            (_, 1) => tap.into(),
            _ => i64::from(tap) * i64::from(weight),
        });
        if instruction.maximum == 1 { values.max().unwrap() } else { values.sum() }
    }

    /// The word of an item.
    fn word(&self, instruction: &Instruction, taps: &[Tap], group: usize) -> i128 {
        let (w, q) = (self.config.lanes, self.config.lane_requantizers);
        let bytes = (0..w).map(|lane| {
            let entry = instruction.lane_parameters as usize
                + if instruction.parameters_advance == 1 { group * w / q } else { 0 }
                + lane / q;
            let [bias, multiplier, shift] = self.channels[entry * q + lane % q];
            let factor = FixedMultiplier::new(MultiplierWidth::W32, multiplier, shift).unwrap();
            let bounds = Bounds::new(instruction.lane_min, instruction.lane_max).unwrap();
            let rule = Requantization::new(Rule::TfliteDouble, factor, instruction.lane_zero_point, bounds).unwrap();
            i128::from(requantize(self.sum(instruction, taps, lane) + bias, &rule).unwrap() as u8)
        });
        bytes.enumerate().map(|(i, byte)| byte << (8 * i)).sum()
    }

    /// A clock with a tap and its flags, or with anything and no tap. Returns the words of this clock.
    fn clock(&mut self, random: &mut Random, clock: usize, tap: Option<(&Tap, [bool; 5])>) -> Option<Seen> {
        let w = self.config.lanes;
        let flags = tap.map_or_else(|| [(); 5].map(|()| random.one_in(2)), |(_, flags)| flags);
        let mut any = |_| (0..w * self.config.taps).map(|_| random.within(-128, 127) as i8).collect::<Vec<i8>>();
        let (bytes, weights) = tap.map_or_else(|| (any(0), any(1)), |(tap, _)| tap.clone());
        let word = |bytes: &[i8]| bytes.iter().rev().fold(0, |word, byte| (word << 8) | i128::from(*byte as u8));
        bytes[..w].iter().enumerate().for_each(|(l, &byte)| self.sim.set_lane("tap", l, byte.into()));
        self.sim.set("weights", word(&weights[..w]));
        bytes[w..].iter().enumerate().for_each(|(l, &byte)| self.sim.set_lane("further_tap", l, byte.into()));
        weights[w..].chunks(w).enumerate().for_each(|(n, of)| self.sim.set_lane("further_weights", n, word(of)));
        self.sim.set("tap_valid", tap.is_some().into());
        for (name, flag) in ["first", "last", "pixel_end", "block_end", "step_end"].into_iter().zip(flags) {
            self.sim.set(&format!("tap_{name}"), flag.into());
        }
        let seen = self.look(clock);
        self.sim.step().unwrap();
        seen
    }

    /// Runs a step, and compares all that leaves with its definition.
    pub fn run(&mut self, random: &mut Random, instruction: &Instruction, shape: Shape) {
        let c = self.config.clone();
        self.show(instruction);
        let (mut expected, mut seen) = (Vec::new(), Vec::new());
        let (mut clock, mut free) = (0, 0);
        let mut bytes = || (0..c.lanes * c.taps).map(|_| random.corner(-128, 127) as i8).collect::<Vec<i8>>();
        let items: Vec<Vec<Tap>> =
            (0..shape.pixels * shape.groups).map(|_| (0..shape.taps).map(|_| (bytes(), bytes())).collect()).collect();
        for (n, item) in items.iter().enumerate() {
            let (pixel, group) = (n / shape.groups, n % shape.groups);
            let pixel_end = group == shape.groups - 1;
            let step_end = pixel_end && pixel == shape.pixels - 1;
            let block_end = step_end || (pixel_end && pixel % c.rows == c.rows - 1);
            for (i, tap) in item.iter().enumerate() {
                let (first, last) = (i == 0, i == shape.taps - 1);
                let mut gap = random.within(0, shape.gap) as usize;
                if last {
                    gap = gap.max(usize::saturating_sub(free, clock));
                }
                for _ in 0..gap {
                    seen.extend(self.clock(random, clock, None));
                    clock += 1;
                }
                let ends = [pixel_end, block_end, step_end].map(|end| if last { end } else { random.one_in(2) });
                let flags = [first, last, ends[0], ends[1], ends[2]];
                seen.extend(self.clock(random, clock, Some((tap, flags))));
                clock += 1;
            }
            free = clock - 1 + c.lanes_item();
            let word = self.word(instruction, item, group);
            let fused = instruction.kind == Kind::Fused as i64;
            let (row, half) = (pixel % c.rows, pixel / c.rows % 2);
            let address = instruction.out + pixel as i64 * instruction.out_pitch + group as i64;
            expected.push(Seen {
                clock: clock - 1 + c.lanes_latency(),
                fill: fused.then_some([half as i128, row as i128, group as i128, word]),
                write: (!fused).then_some([address.into(), word]),
                ends: [fused && block_end, !fused && step_end].map(i128::from),
            });
        }
        for clock in clock..clock + 2 * c.lanes_latency() {
            seen.extend(self.clock(random, clock, None));
        }
        assert_eq!(seen, expected, "{c:?} {shape:?} {instruction:?}");
    }

    /// Fills the tables, all or the first. Entries for softmax change nothing.
    pub fn fill_tables(&mut self, random: &mut Random, entries: usize, softmax: bool) {
        let kind = Kind::Tables as i64;
        self.show(&Instruction { kind, softmax_table: softmax.into(), ..Instruction::default() });
        let greatest = if softmax { (1 << 31) - 1 } else { 255 << 20 };
        for at in 0..entries {
            let value = random.corner(-greatest, greatest);
            if random.one_in(2) {
                self.sim.set("entry_valid", 0);
                self.sim.step().unwrap();
            }
            self.sim.set("entry_valid", 1);
            self.sim.set("entry", value);
            assert_eq!(self.look(0), None);
            self.sim.step().unwrap();
            if !softmax {
                self.tables[at] = value as i64;
            }
        }
        self.sim.set("entry_valid", 0);
    }
}
