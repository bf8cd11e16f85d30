//! The loader of the engine, evaluated in Rust: what is written where, and how each packet is answered.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::config::MAGIC;
use qrtl_hdl::blocks::engine::crc::crc32;
use qrtl_hdl::blocks::engine::loader::{Loader, Status, Target};
use qrtl_hdl::blocks::engine::model::{Model, Section};
use qrtl_hdl::exact::{FlatSim, elaborate};
use qrtl_random::Random;

/// A word that was written: memory, address, word.
type Write = (i128, i128, u64);

/// The loader and what it has done.
struct Bench {
    sim: FlatSim,
    lanes: usize,
    random: Random,
    writes: Vec<Write>,
    starts: usize,
    loads: bool,
}

impl Bench {
    fn new(lanes: usize, seed: u64) -> (Bench, EngineConfig) {
        Bench::with(None, lanes, seed)
    }

    fn with(model: Option<&Model>, lanes: usize, seed: u64) -> (Bench, EngineConfig) {
        let config = EngineConfig { lanes, ..EngineConfig::default() };
        let mut sim = FlatSim::new(&elaborate(&Loader::new(&config, model), "loader").unwrap());
        sim.set("rst_n", 0);
        sim.step().unwrap();
        sim.set("rst_n", 1);
        let random = Random::new(seed);
        (Bench { sim, lanes, random, writes: Vec::new(), starts: 0, loads: model.is_none() }, config)
    }

    fn step(&mut self) {
        if self.sim.get("write") == 1 {
            // Where nothing is loaded, only activations are written.
            let target = if self.loads { self.sim.get("write_target") } else { Target::Activations as i128 };
            let [address, word] = ["write_address", "write_word"].map(|name| self.sim.get(name));
            self.writes.push((target, address, word as u64));
        }
        self.starts += usize::from(self.sim.get("go") == 1);
        self.sim.step().unwrap();
    }

    /// Sends a packet with pauses; gives the status with which it is answered, or `None` if the program has run.
    fn packet(&mut self, image: bool, words: &[u64]) -> Option<i128> {
        self.writes.clear();
        self.starts = 0;
        let mut at = 0;
        for clock in 0.. {
            assert!(clock < 10_000, "the loader hangs");
            let offers = at < words.len() && !self.random.one_in(4);
            let room = !self.random.one_in(3);
            for (name, value) in [("in_valid", offers), ("room", room), ("ends", false), ("in_dest", image)] {
                self.sim.set(name, value.into());
            }
            self.sim.set("in_word", if offers { words[at] } else { 0 }.into());
            self.sim.set("in_last", (at + 1 == words.len()).into());
            self.sim.settle();
            at += usize::from(offers && self.sim.get("in_ready") == 1);
            let answer = (self.sim.get("answer") == 1).then(|| self.sim.get("answer_status"));
            let started = self.sim.get("go") == 1;
            self.step();
            if answer.is_some() {
                assert_eq!(at, words.len(), "an answer before the end of the packet");
                return answer;
            }
            if started {
                self.run();
                return None;
            }
        }
        unreachable!("the loop ends by returning")
    }

    /// The program runs for some clocks, in which nothing is taken.
    fn run(&mut self) {
        for clock in 0..20 {
            self.sim.set("in_valid", 1);
            self.sim.set("ends", (clock == 19).into());
            self.sim.settle();
            assert_eq!(self.sim.get("in_ready"), 0);
            self.step();
        }
        self.sim.set("ends", 0);
    }

    fn sections(&mut self, sections: &[(Target, u64, Vec<u64>)], fingerprint: u32) -> Vec<u64> {
        let mut words = vec![MAGIC.into(), fingerprint.into()];
        for (target, address, data) in sections {
            words.push((*target as u64) << 28 | address);
            words.push(data.len() as u64);
            words.extend(data);
        }
        words.push((Target::End as u64) << 28);
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()[..self.lanes].to_vec()).collect();
        words.push(crc32(&bytes).into());
        words
    }

    fn word(&mut self) -> u64 {
        self.random.within(0, (1i128 << (8 * self.lanes)) - 1) as u64
    }

    fn words(&mut self, n: usize) -> Vec<u64> {
        (0..n).map(|_| self.word()).collect()
    }
}

/// An image with all kinds of sections, for an input of `input` words at word 40.
fn image(bench: &mut Bench, config: &EngineConfig, input: u64) -> (Vec<u64>, Vec<Write>) {
    let targets = [Target::Activations, Target::Weights, Target::LaneWeights, Target::Parameters];
    let targets = targets.into_iter().chain([Target::LaneParameters, Target::Program]);
    let mut sections: Vec<_> = targets.enumerate().map(|(i, t)| (t, 7 * i as u64, bench.words(3 * i))).collect();
    sections.push((Target::Model, 0, vec![40, input]));
    let write = |target: Target, address: u64, data: &[u64]| -> Vec<Write> {
        data.iter().enumerate().map(|(i, &w)| (target as i128, i128::from(address) + i as i128, w)).collect()
    };
    let writes = sections.iter().flat_map(|(target, address, data)| write(*target, *address, data)).collect();
    (bench.sections(&sections, config.fingerprint()), writes)
}

#[test]
fn an_image_goes_to_the_memories_and_an_input_to_its_place() {
    for (lanes, seed) in [(8, 1), (4, 2), (8, 3), (4, 4)] {
        let (mut bench, config) = Bench::new(lanes, seed);
        let input = 1 + seed;
        let (words, writes) = image(&mut bench, &config, input);
        assert_eq!(bench.packet(true, &words), Some(Status::Ok as i128));
        assert_eq!(bench.writes, writes);
        for _ in 0..3 {
            let words = bench.words(input as usize);
            assert_eq!(bench.packet(false, &words), None);
            assert_eq!(bench.starts, 1);
            let expected: Vec<Write> = words.iter().enumerate().map(|(i, &w)| (0, 40 + i as i128, w)).collect();
            assert_eq!(bench.writes, expected);
        }
    }
}

#[test]
fn a_packet_that_is_refused_is_answered_and_the_next_is_taken() {
    for (lanes, seed) in [(8, 5), (4, 6)] {
        let (mut bench, config) = Bench::new(lanes, seed);
        let any = bench.words(3);
        assert_eq!(bench.packet(false, &any), Some(Status::NoModel as i128));
        let (good, _) = image(&mut bench, &config, 3);
        for length in 1..good.len() {
            assert_eq!(bench.packet(true, &good[..length]), Some(Status::Damaged as i128), "{length} words");
        }
        for at in 0..good.len() {
            let mut damaged = good.clone();
            damaged[at] ^= 1 << bench.random.within(0, 8 * lanes as i128 - 1);
            if damaged[at] as u32 == good[at] as u32 && (at < 2 || at + 1 == good.len()) {
                continue; // the upper half of these words is not looked at, or is covered by the CRC alone
            }
            let status = bench.packet(true, &damaged).unwrap();
            let expected = match at {
                0 => Status::NoImage,
                1 => Status::OtherConfiguration,
                _ => Status::Damaged,
            };
            assert_eq!(status, expected as i128, "word {at}");
            assert_eq!(bench.packet(false, &any), Some(Status::NoModel as i128), "word {at}");
        }
        let longer: Vec<u64> = good.iter().copied().chain([0]).collect();
        assert_eq!(bench.packet(true, &longer), Some(Status::Damaged as i128));
        assert_eq!(bench.packet(true, &good), Some(Status::Ok as i128));
        for length in [1, 2, 4, 9] {
            let words = bench.words(length);
            assert_eq!(bench.packet(false, &words), Some(Status::WrongLength as i128), "{length} words");
        }
        assert_eq!(bench.packet(false, &any), None);
        assert_eq!(bench.packet(true, &[0]), Some(Status::NoImage as i128));
        // What was no image leaves the model.
        assert_eq!(bench.packet(false, &any), None);
    }
}

#[test]
fn an_engine_that_holds_a_model_takes_inputs_at_once_and_refuses_images() {
    let section = Section { target: Target::Model, address: 0, words: vec![40, 3] };
    let model = Model::new(vec![section]).unwrap();
    for (lanes, seed) in [(8, 7), (4, 8)] {
        let (mut bench, config) = Bench::with(Some(&model), lanes, seed);
        let (good, _) = image(&mut bench, &config, 3);
        let holds = Some(Status::HoldsModel as i128);
        for round in 0..3 {
            let words = bench.words(3);
            assert_eq!(bench.packet(false, &words), None, "round {round}");
            let expected: Vec<Write> = words.iter().enumerate().map(|(i, &w)| (0, 40 + i as i128, w)).collect();
            assert_eq!((bench.starts, &bench.writes), (1, &expected));
            for length in [good.len(), 1, 2, 3, 5] {
                assert_eq!(bench.packet(true, &good[..length]), holds, "{length} words");
                assert_eq!(bench.writes, []);
            }
            for length in [1, 2, 4, 9] {
                let words = bench.words(length);
                assert_eq!(bench.packet(false, &words), Some(Status::WrongLength as i128), "{length} words");
            }
        }
    }
}
