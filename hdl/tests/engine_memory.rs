//! The memories of the engine for each target: what is written is what is read, and when.

#[path = "../../golden/tests/support/seeded.rs"]
mod seeded;

use std::collections::VecDeque;

use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::banks::{Banks, READS};
use qrtl_hdl::blocks::engine::memory::{AHEAD, LATENCY, Memory, OVERTAKEN};
use qrtl_hdl::blocks::engine::store::Store;
use qrtl_hdl::blocks::engine::write_queue::{WAITING, WriteQueue};
use qrtl_hdl::exact::{FlatSim, Range, elaborate};
use qrtl_hdl::targets::Target;

#[test]
fn a_word_comes_some_clocks_after_its_address() {
    let mut random = seeded::seeded(30);
    for (target, words, width) in [
        (Target::Generic, 16, 32),
        (Target::Ecp5, 16, 40),
        (Target::Ecp5, 2_048, 29),
        (Target::Ecp5, 16_384, 33),
        (Target::Ecp5, 7_168, 64),
        (Target::Ecp5, 40_960, 9),
        (Target::Generic, 48, 32),
        (Target::Ice40, 64, 32),
        (Target::Ice40, 8_192, 32),
    ] {
        assert!(!Memory::new(target, words, width).has_one_port());
        let block = Memory::apart(target, words, width);
        let one_port = block.has_one_port();
        assert_eq!(one_port, target == Target::Ice40 && words > 64);
        let mut sim = FlatSim::new(&elaborate(&block, "memory").unwrap_or_else(|e| panic!("{e}")));
        let mut model = vec![None; words];
        let mut coming: VecDeque<Option<i128>> = vec![None; LATENCY].into();
        let mut reads: VecDeque<Option<i128>> = vec![None; OVERTAKEN].into();
        for _ in 0..2_000 {
            // Few addresses are used, so that words are read again.
            let [to, from] = [0; 2].map(|_| random.within(0, 15) * (words as i128 / 16));
            let word = random.within(0, (1 << width) - 1);
            let overtakes = target == Target::Ice40 && reads.contains(&Some(to));
            let taken = one_port && reads[OVERTAKEN - AHEAD].is_some();
            let write = random.one_in(2) && !overtakes && !taken;
            let defined = !write || to != from;
            let read = defined && !random.one_in(4);
            reads.pop_front();
            reads.push_back(read.then_some(from));
            for (name, value) in [("write", write.into()), ("write_address", to), ("write_word", word)] {
                sim.set(name, value);
            }
            for (name, value) in [("read", read.into()), ("address", from)] {
                sim.set(name, value);
            }
            sim.settle();
            coming.push_back(if read { model[from as usize] } else { None });
            if let Some(Some(expected)) = coming.pop_front() {
                assert_eq!(sim.get("word"), expected, "{target} {words} x {width}");
            }
            if write {
                model[to as usize] = Some(word);
            }
            sim.step().unwrap();
        }
    }
}

#[test]
fn three_words_at_an_odd_distance_are_read_in_a_clock() {
    let mut random = seeded::seeded(32);
    let forms = [(Target::Generic, 32, 32), (Target::Ecp5, 2_048, 64), (Target::Ice40, 64, 32)];
    for ((target, words, width), holds) in forms.into_iter().flat_map(|form| [(form, false), (form, true)]) {
        let model: Vec<i128> = (0..words).map(|_| random.within(0, (1 << width) - 1)).collect();
        let holding = || Banks::holding(target, &model, width).unwrap_or_else(|e| panic!("{e}"));
        let block = if holds { holding() } else { Banks::new(target, words, width) };
        let mut sim = FlatSim::new(&elaborate(&block, "banks").unwrap_or_else(|e| panic!("{e}")));
        if !holds {
            sim.set("write", 1);
            for (address, &word) in model.iter().enumerate() {
                sim.set("write_address", address as i128);
                sim.set("write_word", word);
                sim.step().unwrap_or_else(|e| panic!("{e}"));
            }
            sim.set("write", 0);
        }
        (0..LATENCY).for_each(|_| sim.step().unwrap_or_else(|e| panic!("{e}")));
        let mut coming: VecDeque<Option<Vec<i128>>> = vec![None; LATENCY].into();
        for _ in 0..2_000 {
            let (at, distance) = (random.within(0, words as i128 - 1), random.within(0, words as i128 - 1));
            let reads = if distance % 2 == 1 { READS } else { 1 };
            for (name, value) in [("read", 1), ("address", at), ("distance", distance)] {
                sim.set(name, value);
            }
            sim.settle();
            let word = |n: usize| model[(at + n as i128 * distance) as usize % words];
            coming.push_back(Some((0..reads).map(word).collect()));
            if let Some(Some(expected)) = coming.pop_front() {
                let got: Vec<i128> = (0..expected.len()).map(|n| sim.get_lane("word", n)).collect();
                assert_eq!(got, expected, "{target} {words} x {width}");
            }
            sim.step().unwrap_or_else(|e| panic!("{e}"));
        }
    }
}

#[test]
fn a_memory_holds_words_from_the_start() {
    let mut random = seeded::seeded(33);
    for (target, words, width) in [
        (Target::Generic, 16, 32),
        (Target::Ecp5, 16, 40),
        (Target::Ecp5, 2_048, 29),
        (Target::Ecp5, 32_768, 7),
        (Target::Ice40, 64, 32),
    ] {
        let contents: Vec<i128> = (0..words).map(|_| random.within(0, (1 << width) - 1)).collect();
        let block = Memory::holding(target, &contents, width).unwrap_or_else(|e| panic!("{e}"));
        let mut sim = FlatSim::new(&elaborate(&block, "memory").unwrap_or_else(|e| panic!("{e}")));
        let addresses: Vec<usize> = (0..2_000).map(|_| random.within(0, words as i128 - 1) as usize).collect();
        for (clock, &address) in addresses.iter().enumerate() {
            sim.set("read", 1);
            sim.set("address", address as i128);
            sim.settle();
            if let Some(before) = clock.checked_sub(LATENCY) {
                assert_eq!(sim.get("word"), contents[addresses[before]], "{target} {words} x {width}");
            }
            sim.step().unwrap_or_else(|e| panic!("{e}"));
        }
    }
}

#[test]
fn a_memory_of_spram_holds_nothing_from_the_start() {
    let contents = vec![0; 8_192];
    let Err(why) = Memory::holding(Target::Ice40, &contents, 32) else { panic!("it holds {} words", contents.len()) };
    assert_eq!(why, "8192 words of 32 bits take SPRAM of UP5K, which holds nothing from the start");
}

#[test]
fn words_wait_for_the_port_in_their_order() {
    let mut random = seeded::seeded(31);
    let block = WriteQueue::new(Range::unsigned(14), Range::unsigned(32));
    let mut sim = FlatSim::new(&elaborate(&block, "queue").unwrap_or_else(|e| panic!("{e}")));
    let (mut waiting, mut most) = (VecDeque::new(), 0);
    for _ in 0..5_000 {
        let taken = !random.one_in(3);
        let leaves = !taken && !waiting.is_empty();
        let put = random.one_in(2) && waiting.len() - usize::from(leaves) < WAITING;
        let (address, word) = (random.within(0, (1 << 14) - 1), random.within(0, (1 << 32) - 1));
        for (name, value) in
            [("put", put.into()), ("put_address", address), ("put_word", word), ("taken", taken.into())]
        {
            sim.set(name, value);
        }
        sim.settle();
        let written = (sim.get("write") == 1).then(|| (sim.get("write_address"), sim.get("write_word")));
        let expected = if leaves { waiting.pop_front() } else { None };
        assert_eq!(written, expected);
        waiting.extend(put.then_some((address, word)));
        most = most.max(waiting.len());
        sim.step().unwrap();
    }
    assert_eq!(most, WAITING);
}

#[test]
fn more_words_than_may_wait_are_a_fault() {
    let block = WriteQueue::new(Range::unsigned(14), Range::unsigned(32));
    let mut sim = FlatSim::new(&elaborate(&block, "queue").unwrap_or_else(|e| panic!("{e}")));
    sim.set("put", 1);
    sim.set("taken", 1);
    (0..WAITING).for_each(|_| sim.step().unwrap());
    assert!(sim.step().is_err());
}

#[test]
fn activations_are_written_while_others_are_read() {
    for target in [Target::Generic, Target::Ecp5, Target::Ice40] {
        let config = EngineConfig { lanes: 4, cols: 4, rows: 2, target, ..EngineConfig::default() };
        let block = Store::new(&config, Range::unsigned(24), None).unwrap_or_else(|e| panic!("{e}"));
        let mut sim = FlatSim::new(&elaborate(&block, "store").unwrap_or_else(|e| panic!("{e}")));
        let written: Vec<i128> = (0..200).map(|at| at * 0x0101_0101 + 7).collect();
        // Two words come while others are read, and there are as many clocks in which none is.
        for clock in 0..2 * written.len() {
            let comes = clock % 4 < 2;
            let at = clock / 4 * 2 + clock % 4;
            sim.set("write", comes.into());
            sim.set("write_address", if comes { at as i128 } else { 0 });
            sim.set("write_word", if comes { written[at] } else { 0 });
            sim.set("read", comes.into());
            sim.set("address", 8_000 + clock as i128);
            sim.step().unwrap();
        }
        sim.set("write", 0);
        sim.set("read", 0);
        (0..WAITING + LATENCY).for_each(|_| sim.step().unwrap());
        for at in 0..written.len() + LATENCY {
            sim.set("read", (at < written.len()).into());
            sim.set("address", at as i128);
            sim.settle();
            if let Some(before) = at.checked_sub(LATENCY) {
                assert_eq!(sim.get("word"), written[before], "{target}: word {before}");
            }
            sim.step().unwrap();
        }
    }
}
