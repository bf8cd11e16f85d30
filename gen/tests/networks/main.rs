//! Random networks: whether all run, what occurs in them, and whether they say anything.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod classes;

use std::collections::{BTreeMap, BTreeSet};

use qrtl_gen::networks::{MAX_STEPS, Network, draw};
use qrtl_golden::Bounds;
use qrtl_golden::graph::{Element, Value};
use qrtl_golden::operators::Array;
use qrtl_random::Random;

const NETWORKS: u64 = 1000;

/// The integers of each step's output, for each input in turn.
fn run(network: &Network, inputs: &[Value]) -> Vec<Vec<i32>> {
    let mut all = vec![Vec::new(); network.graph.steps.len()];
    for input in inputs {
        let outputs = network.graph.run(input).unwrap_or_else(|error| panic!("{error}: {}", network.words));
        for (all, output) in all.iter_mut().zip(outputs) {
            let Value::Integer(array) = output else { panic!("no step gives floats: {}", network.words) };
            all.extend_from_slice(array.data());
        }
    }
    all
}

/// Number of different integers.
fn distinct(integers: &[i32]) -> usize {
    integers.iter().collect::<BTreeSet<_>>().len()
}

#[test]
fn all_options_occur_and_no_others() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    // Some operators are rarely alone.
    for seed in 0..3 * NETWORKS {
        let network = draw(seed);
        let outputs = run(&network, &network.inputs);
        for class in classes::of(&network.graph, &outputs) {
            *seen.entry(class).or_default() += 1;
        }
    }
    let expected = classes::all();
    let missing: Vec<_> = expected.iter().filter(|&class| !seen.contains_key(class)).collect();
    let surplus: Vec<_> = seen.keys().filter(|&class| !expected.contains(class)).collect();
    println!("{seen:#?}");
    assert!(missing.is_empty() && surplus.is_empty(), "missing: {missing:?}, not expected: {surplus:?}");
}

/// A rule that is not defined for some sum would fail at the inputs that are farthest from the zero point.
#[test]
fn networks_run_for_all_inputs() {
    for seed in 0..NETWORKS {
        let network = draw(seed);
        let input = &network.graph.tensors[network.graph.inputs[0]];
        assert_eq!(input.element, Element::Integer(Bounds::INT8));
        let mut random = Random::new(seed);
        let mut array = |pool: &[i32]| {
            let data = (0..input.elements()).map(|_| random.pick(pool)).collect();
            Value::Integer(Array::new("input", input.shape.clone(), data).unwrap())
        };
        let all: Vec<i32> = (-128..128).collect();
        let outputs = run(&network, &[array(&[-128]), array(&[127]), array(&[-128, 127]), array(&all)]);
        let beyond = outputs.iter().flatten().find(|&&v| !Bounds::INT8.contains(v.into()));
        assert_eq!(beyond, None, "{}", network.words);
    }
}

/// Networks whose outputs are constant, or the same for all inputs, find few faults. They occur, but they are few.
#[test]
fn outputs_are_spread() {
    let (mut varied, mut dependent, mut steps, mut spread) = (0, 0, 0, 0);
    for seed in 0..NETWORKS {
        let network = draw(seed);
        let outputs = run(&network, &network.inputs);
        let last = &outputs[network.graph.output_step().unwrap()];
        let (first, rest) = last.split_at(last.len() / network.inputs.len());
        varied += u64::from(distinct(last) > 1);
        dependent += u64::from(rest.chunks_exact(first.len()).any(|other| other != first));
        steps += outputs.len();
        spread += outputs.iter().filter(|integers| distinct(integers) > 32.min(integers.len() / 4)).count();
    }
    println!("of {NETWORKS}: {varied} varied, {dependent} dependent; of {steps} steps: {spread} spread");
    assert!(varied * 10 > NETWORKS * 9, "{varied} outputs of {NETWORKS} are not constant");
    assert!(dependent * 20 > NETWORKS * 17, "{dependent} outputs of {NETWORKS} depend on the input");
    assert!(spread * 10 > steps * 6, "{spread} steps of {steps} give many different integers");
}

#[test]
fn networks_are_small() {
    let mut macs: Vec<u64> = Vec::new();
    for seed in 0..NETWORKS {
        let Network { graph, words, .. } = draw(seed);
        assert!((1..=MAX_STEPS).contains(&graph.steps.len()), "{words}");
        macs.push(graph.macs());
        assert!(graph.macs() <= 200_000, "{} MAC: {words}", graph.macs());
    }
    macs.sort_unstable();
    println!("MAC: median {}, sum {}", macs[macs.len() / 2], macs.iter().sum::<u64>());
    assert!(macs[macs.len() / 2] > 1000, "half of the networks have less than {} MAC", macs[macs.len() / 2]);
}

/// Nothing is computed in vain: each tensor is read by a later step, or is the output.
#[test]
fn all_steps_count() {
    for seed in 0..NETWORKS {
        let Network { graph, words, .. } = draw(seed);
        for (place, step) in graph.steps.iter().enumerate() {
            let read = graph.steps[place + 1..].iter().any(|later| later.inputs.contains(&step.output));
            assert!(read || step.output == graph.outputs[0], "nothing reads step {place}: {words}");
        }
    }
}

#[test]
fn a_seed_gives_one_network() {
    let [first, again, other] = [7, 7, 8].map(draw);
    assert_eq!(first.graph, again.graph);
    assert_eq!(first.inputs, again.inputs);
    assert_eq!(first.words, again.words);
    assert_ne!(first.graph, other.graph, "of two seeds");
    println!("{}\n{}", first.words, other.words);
    assert!(first.words.starts_with("seed 7: x "));
}
