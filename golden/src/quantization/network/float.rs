//! The float network, which is the reference for quantization.

use super::{Convolution, Kind, Layer, Network, Node, Operation};
use crate::Error;
use crate::operators::Array;

impl Network {
    /// Every value for a batch of inputs, `[batch, height, width, channels]`: the input itself, then the output of
    /// every node. Each output is summed in float64 and rounded to float32 once, so that the order of terms hardly
    /// matters.
    ///
    /// # Errors
    /// If the input has another shape.
    pub fn run(&self, input: &Array<f32>) -> Result<Vec<Array<f32>>, Error> {
        self.run_through(input, |_, value| Ok(value))
    }

    /// The same as [`run`](Network::run). Each value goes through `f`, with its index, before others see it.
    ///
    /// # Errors
    /// The errors of `f`; and if the input has another shape.
    pub(super) fn run_through(
        &self,
        input: &Array<f32>,
        f: impl Fn(usize, Array<f32>) -> Result<Array<f32>, Error>,
    ) -> Result<Vec<Array<f32>>, Error> {
        let batch = self.batch(input)?;
        let mut values = vec![f(0, input.clone())?];
        for (i, node) in self.nodes.iter().enumerate() {
            let data = self.outputs(node, i + 1, batch, &values);
            let [height, width, channels] = self.shapes[i + 1];
            values.push(f(i + 1, Array::new("output", vec![batch, height, width, channels], data)?)?);
        }
        Ok(values)
    }

    /// The number of inputs.
    ///
    /// # Errors
    /// If the inputs have another shape than the network's input.
    pub(super) fn batch<T>(&self, input: &Array<T>) -> Result<usize, Error> {
        let [height, width, channels] = self.shapes[0];
        match *input.shape() {
            [batch, h, w, c] if [h, w, c] == self.shapes[0] => Ok(batch),
            _ => {
                let expected = format!("[batch, {height}, {width}, {channels}]");
                Err(Error::Shape { what: "input", got: input.shape().to_vec(), expected })
            }
        }
    }

    fn outputs(&self, node: &Node, output: usize, batch: usize, values: &[Array<f32>]) -> Vec<f32> {
        let x = values[node.inputs[0]].data();
        let shapes = [self.shapes[node.inputs[0]], self.shapes[output]];
        match &node.operation {
            Operation::Layer(layer) => layer.outputs(x, batch, shapes),
            Operation::Add { relu } => {
                let sums = x.iter().zip(values[node.inputs[1]].data()).map(|(a, b)| a + b);
                sums.map(|y| if *relu { y.max(0.0) } else { y }).collect()
            }
            Operation::AveragePool(pool) => pooled(pool, x, batch, shapes, |taps| {
                (taps.iter().map(|&x| f64::from(x)).sum::<f64>() / taps.len() as f64) as f32
            }),
            Operation::MaxPool(pool) => {
                pooled(pool, x, batch, shapes, |taps| taps.iter().copied().fold(f32::NEG_INFINITY, f32::max))
            }
        }
    }
}

impl Layer {
    /// The operation on inputs and outputs of these shapes.
    fn outputs(&self, x: &[f32], batch: usize, [input, output]: [[usize; 3]; 2]) -> Vec<f32> {
        let (channels, mut y) = (input[2], Vec::with_capacity(batch * output.iter().product::<usize>()));
        let finish = |o: usize, sum: f64| {
            let y = (sum + f64::from(self.bias[o])) as f32;
            if self.relu { y.max(0.0) } else { y }
        };
        match self.kind {
            Kind::Dense => {
                for x in x.chunks_exact(self.weights.cols()) {
                    y.extend((0..output[2]).map(|o| finish(o, dot(x, self.weights.row(o)))));
                }
            }
            Kind::Conv2d(convolution) => convolution.each(batch, input, output, |taps| {
                y.extend((0..output[2]).map(|o| {
                    let term = |&(tap, pixel): &(usize, usize)| {
                        dot(&x[pixel * channels..][..channels], &self.weights.row(o)[tap * channels..])
                    };
                    finish(o, taps.iter().map(term).sum())
                }));
            }),
            Kind::DepthwiseConv2d(convolution) => convolution.each(batch, input, output, |taps| {
                y.extend((0..channels).map(|c| {
                    let term = |&(tap, pixel): &(usize, usize)| {
                        f64::from(x[pixel * channels + c]) * f64::from(self.weights.row(c)[tap])
                    };
                    finish(c, taps.iter().map(term).sum())
                }));
            }),
        }
        y
    }
}

/// The sum of products, over as many terms as the shorter list has.
fn dot(xs: &[f32], ws: &[f32]) -> f64 {
    xs.iter().zip(ws).map(|(&x, &w)| f64::from(x) * f64::from(w)).sum()
}

fn pooled(
    pool: &Convolution,
    x: &[f32],
    batch: usize,
    [input, output]: [[usize; 3]; 2],
    reduce: impl Fn(&[f32]) -> f32,
) -> Vec<f32> {
    let (channels, mut y, mut seen) = (input[2], Vec::new(), Vec::new());
    pool.each(batch, input, output, |taps| {
        for c in 0..channels {
            seen.clear();
            seen.extend(taps.iter().map(|(_, pixel)| x[pixel * channels + c]));
            y.push(reduce(&seen));
        }
    });
    y
}
