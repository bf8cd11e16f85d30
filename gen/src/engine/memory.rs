//! Where the buffers stand in the activation memory: two that are in use at the same time never overlap.

use anyhow::{Result, bail, ensure};

use qrtl_golden::graph::{Graph, Tensor};
use qrtl_golden::import::quoted;

use super::lower::Emitted;
use super::plan::{Buffer, named};

/// What a model takes of a memory of an engine, in the unit of the parameter that says how large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// the parameter of the engine, as `weight_bytes`
    pub name: &'static str,
    /// what the model takes
    pub used: usize,
    /// what there is
    pub there: usize,
}

impl Memory {
    /// # Errors
    /// If the memory is too small.
    pub(super) fn check(&self) -> Result<()> {
        let Memory { name, used, there } = *self;
        ensure!(used <= there, "{name}: the model needs {used}, and the engine has {there}");
        Ok(())
    }
}

/// Of a tensor that the memory of activations cannot hold, channels may still be left out; more than this times the memory
/// is not looked at.
const TIMES: usize = 8;

/// Greatest number of channels of all tensors, 2^20, of which the compiler keeps the ranges.
const MAX_CHANNELS: usize = 1 << 20;

/// Checks the sizes of a network before anything is made of it, so that a small file cannot ask for much.
///
/// # Errors
/// The step that has a tensor far beyond the memory of activations; or that there are too many channels.
pub(super) fn check_sizes(graph: &Graph, activation_bytes: usize) -> Result<()> {
    for step in &graph.steps {
        let elements = step.inputs.iter().chain([&step.output]).map(|&tensor| graph.tensors[tensor].elements()).max();
        let (elements, most) = (elements.unwrap_or(0), TIMES * activation_bytes);
        let name = named(step);
        ensure!(
            elements <= most,
            "{name}: activation_bytes: a tensor has {elements} elements, and at most {most} are tried"
        );
    }
    let channels = |tensor: &Tensor| tensor.shape.last().copied().unwrap_or(1);
    let channels = graph.tensors.iter().map(channels).fold(0, usize::saturating_add);
    ensure!(channels <= MAX_CHANNELS, "the tensors have {channels} channels: at most {MAX_CHANNELS} are supported");
    Ok(())
}

/// The instructions during which a buffer is in use, the first and the last.
pub(super) type Lifetime = [usize; 2];

/// A rule for how long a buffer is in use, as [`lifetime`].
pub(super) type Rule = fn(usize, &[Buffer], &[Emitted], usize) -> Option<Lifetime>;

/// The byte address of each buffer in a memory of `bytes` bytes, and what they take of it.
///
/// # Errors
/// If they do not fit: the tensor for which there is no room, the bytes that it takes, and the bytes there are.
pub(super) fn addresses(
    buffers: &[Buffer],
    lifetimes: &[Option<Lifetime>],
    bytes: usize,
) -> Result<(Vec<usize>, Memory)> {
    let mut used: Vec<usize> = (0..buffers.len()).filter(|&buffer| lifetimes[buffer].is_some()).collect();
    let length = |buffer: usize| lifetimes[buffer].map_or(0, |[first, last]| last - first);
    let size = |buffer: usize| buffers[buffer].bytes;
    // No order is best for all networks, so a few are tried.
    let orders: [&dyn Fn(usize) -> (usize, usize); 3] = [
        &|buffer| (usize::MAX - size(buffer), buffer),
        &|buffer| (usize::MAX - length(buffer), usize::MAX - size(buffer)),
        &|buffer| (lifetimes[buffer].map_or(0, |[first, _]| first), usize::MAX - size(buffer)),
    ];
    let placed = orders.map(|order| {
        used.sort_by_key(|&buffer| order(buffer));
        in_order(&used, buffers, lifetimes)
    });
    let end = |places: &Vec<usize>| used.iter().map(|&b| places[b] + buffers[b].bytes).max().unwrap_or(0);
    let Some(best) = placed.into_iter().min_by_key(end) else { bail!("no order of buffers") };
    match used.iter().filter(|&&b| best[b] + buffers[b].bytes > bytes).max_by_key(|&&b| buffers[b].bytes) {
        Some(&outside) => bail!(
            "activation_bytes: tensor {} takes {} bytes, and with the tensors that are in use at the same time the model needs \
             {} of the {bytes} bytes that the engine has",
            quoted(&buffers[outside].name),
            buffers[outside].bytes,
            end(&best)
        ),
        None => {
            let memory = Memory { name: "activation_bytes", used: end(&best), there: bytes };
            Ok((best, memory))
        }
    }
}

/// The lifetime of a buffer. The buffer `input` is in use from the beginning, whether an instruction reads it or not, and a
/// buffer with contents always. `None` for another buffer that no instruction uses.
pub(super) fn lifetime(buffer: usize, buffers: &[Buffer], emitted: &[Emitted], input: usize) -> Option<Lifetime> {
    let uses = |i: &usize| emitted[*i].reads.contains(&buffer) || emitted[*i].writes == Some(buffer);
    let first = (0..emitted.len()).find(uses);
    let last = (0..emitted.len()).rev().find(uses);
    match (first, last) {
        (Some(_), _) if buffers[buffer].contents.is_some() => Some([0, usize::MAX]),
        _ if buffer == input => Some([0, last.unwrap_or(0)]),
        (Some(first), Some(last)) => Some([first, last]),
        _ => None,
    }
}

/// Places buffers one after the other, each at the lowest address at which it overlaps none that is in use at the same
/// time.
fn in_order(order: &[usize], buffers: &[Buffer], lifetimes: &[Option<Lifetime>]) -> Vec<usize> {
    let mut addresses = vec![0; buffers.len()];
    for (n, &buffer) in order.iter().enumerate() {
        let meets = |other: &usize| match (lifetimes[buffer], lifetimes[*other]) {
            (Some([first, last]), Some([from, to])) => first <= to && from <= last,
            _ => false,
        };
        let mut taken: Vec<[usize; 2]> = order[..n]
            .iter()
            .filter(|other| meets(other))
            .map(|&other| [addresses[other], addresses[other] + buffers[other].bytes])
            .collect();
        taken.sort_unstable();
        let mut address = 0;
        for [from, to] in taken {
            if address + buffers[buffer].bytes <= from {
                break;
            }
            address = address.max(to);
        }
        addresses[buffer] = address;
    }
    addresses
}

#[cfg(test)]
mod tests {
    use qrtl_golden::graph::Value;
    use qrtl_hdl::blocks::engine::EngineConfig;

    use super::*;
    use crate::engine::interpreter::Interpreter;
    use crate::engine::{Options, compiled};
    use crate::networks::{Network, draw};

    /// A buffer that is free again in the last instruction that uses it.
    fn short(buffer: usize, buffers: &[Buffer], emitted: &[Emitted], input: usize) -> Option<Lifetime> {
        let [first, last] = lifetime(buffer, buffers, emitted, input)?;
        Some([first, last.saturating_sub(1).max(first)])
    }

    /// Whether a network gives golden's results.
    fn is_right(network: &Network, rule: Rule) -> bool {
        let config = EngineConfig { program_words: 1 << 14, ..EngineConfig::default() };
        let program = compiled(&network.graph, &config, &Options::default(), rule).unwrap();
        let mut engine = Interpreter::new(&config);
        engine.load(&program.image).unwrap();
        network.inputs.iter().all(|input| {
            let values = network.graph.run(input).unwrap();
            let result = network.graph.steps.iter().rposition(|step| step.output == program.result).unwrap();
            let (Value::Integer(input), Value::Integer(expected)) = (input, &values[result]) else { return false };
            let expected: Vec<u8> = expected.data().iter().map(|&y| y as u8).collect();
            engine.run(&program.input(input).unwrap()).is_ok_and(|packet| packet == expected)
        })
    }

    #[test]
    fn random_networks_find_a_lifetime_that_is_too_short() {
        let networks: Vec<Network> = (0..30).map(draw).collect();
        assert!(networks.iter().all(|network| is_right(network, lifetime)));
        let wrong = networks.iter().filter(|network| !is_right(network, short)).count();
        println!("{wrong} of {} networks find it", networks.len());
        assert!(wrong >= 10);
    }
}
