//! The same networks as runtimes compute them that multiply sums by real factors.

use qrtl_golden::graph::{Graph, Operator, Quantized};
use qrtl_golden::numerics::AnyRequantization;
use qrtl_golden::operators::{AddParameters, XnnpackAdd};
use qrtl_golden::{RealRequantization, RealRule, Requantization};

use super::Network;

impl Network {
    /// The network with real factors in place of multipliers, and XNNPACK's sums in place of TFLM's where XNNPACK has them.
    pub fn by_real(mut self, rule: RealRule) -> Network {
        for step in 0..self.graph.steps.len() {
            let operator = by_real(&self.graph, step, rule);
            self.graph.steps[step].operator = operator;
        }
        self.words = format!("{rule}, {}", self.words);
        self
    }
}

fn by_real(graph: &Graph, step: usize, rule: RealRule) -> Operator {
    let step = &graph.steps[step];
    let quantized = |tensor: usize| graph.tensors[tensor].quantization.expect("all tensors are integers");
    let sum = |parameters: &AddParameters, subtract| {
        let [a, b] = [step.inputs[0], step.inputs[1]].map(quantized);
        xnnpack_add([a, b, quantized(step.output)], parameters, subtract)
    };
    let change = |requantization: &mut AnyRequantization| {
        if let AnyRequantization::Fixed(fixed) = requantization
            && let Ok(real) = real_of(fixed, rule)
        {
            *requantization = AnyRequantization::Real(real);
        }
    };
    let mut operator = step.operator.clone();
    match &mut operator {
        Operator::FullyConnected(layer) => layer.requantizations.iter_mut().for_each(change),
        Operator::Conv2d { layer, .. } | Operator::DepthwiseConv2d { layer, .. } => {
            layer.requantizations.iter_mut().for_each(change);
        }
        Operator::Requantize { requantization, .. } => change(requantization),
        Operator::Mean { axes, zero_point, requantization } => {
            let mut requantization = AnyRequantization::Fixed(*requantization);
            change(&mut requantization);
            operator = Operator::OrtMean { axes: axes.clone(), zero_point: *zero_point, requantization };
        }
        Operator::Add { parameters, .. } => operator = sum(parameters, false).unwrap_or(operator),
        Operator::Sub { parameters, .. } => operator = sum(parameters, true).unwrap_or(operator),
        _ => {}
    }
    operator
}

/// The requantization with its factor as a real number. There is none by 0.
fn real_of(fixed: &Requantization, rule: RealRule) -> Result<RealRequantization, qrtl_golden::Error> {
    let (factor, shift) = (fixed.factor(), fixed.factor().shift() - 31);
    let real = factor.multiplier() as f64 * f64::from(shift).exp2();
    RealRequantization::new(rule, real, fixed.zero_point(), fixed.output())
}

fn xnnpack_add(quantized: [Quantized; 3], parameters: &AddParameters, subtract: bool) -> Option<Operator> {
    let [a, b, output] = quantized;
    let scales = quantized.map(|q| q.scale);
    let parameters = XnnpackAdd::new(scales, subtract, output.zero_point, parameters.output().output()).ok()?;
    Some(Operator::XnnpackAdd { zero_points: [a.zero_point, b.zero_point], parameters })
}
