//! `gen quantize`: a float digits network, quantized by our own code, with its accuracy before and after.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::Args;
use qrtl_golden::Error;
use qrtl_golden::operators::Array;
use qrtl_golden::quantization::model_size::{ModelSize, Storage, size};
use qrtl_golden::quantization::network::{Network, Scheme};
use qrtl_golden::quantization::parameters::signed;
use qrtl_golden::quantization::{Calibration, Format, Granularity, Rounding, Symmetry, WeightQuantization};

use crate::digits::{Architecture, CALIBRATION_IMAGES, Images, TEST};

/// Greatest difference of a float logit from TensorFlow's. Sums of at most 128 float32 products in another order differ
/// by some 1e-5. A network with another padding, layout or epsilon differs by 0.01 and more.
const LOGIT_BOUND: f32 = 1e-4;

/// The arguments of `gen quantize`.
#[derive(Args)]
pub struct Quantize {
    /// network: mlp, cnn or rescnn
    model: Architecture,
    /// directory of the float weights and the images
    #[arg(long, value_name = "DIR", default_value = "models/digits")]
    models: PathBuf,
    /// bits of a weight
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=8))]
    bits: u32,
    /// bits of the values between layers
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=8))]
    activation_bits: u32,
    /// who shares a scale of the weights: per_tensor, per_channel or per_group:N (N neighbours of a channel; the
    /// network is then computed in rounded floats, as an output has no single multiplier)
    #[arg(long, default_value = "per_channel", value_parser = granularity)]
    granularity: Granularity,
    /// range that a scale covers: min_max, percentile:P (P in 50..=100), mse or entropy (entropy is for activations;
    /// weights are then min_max, as in TensorRT)
    #[arg(long, default_value = "min_max", value_parser = calibration)]
    calibration: Calibration,
    /// zero points of the weights: symmetric (all 0) or asymmetric
    #[arg(long, default_value = "symmetric", value_parser = symmetry)]
    symmetry: Symmetry,
    /// zero points of the values between layers: symmetric or asymmetric
    #[arg(long, default_value = "asymmetric", value_parser = symmetry)]
    activation_symmetry: Symmetry,
}

/// `per_tensor`, `per_channel`, `per_group:N`
fn granularity(text: &str) -> Result<Granularity, String> {
    let size = text.strip_prefix("per_group:").map(str::parse);
    match (text, size) {
        ("per_tensor", _) => Ok(Granularity::PerTensor),
        ("per_channel", _) => Ok(Granularity::PerChannel),
        (_, Some(Ok(size))) => Ok(Granularity::PerGroup(size)),
        _ => Err("expected per_tensor, per_channel or per_group:N, N at least 1".to_owned()),
    }
}

/// `min_max`, `percentile:P`, `mse`, `entropy`
fn calibration(text: &str) -> Result<Calibration, String> {
    let percentile = text.strip_prefix("percentile:").and_then(|p| p.parse().ok());
    match (text, percentile) {
        ("min_max", _) => Ok(Calibration::MinMax),
        ("mse", _) => Ok(Calibration::MeanSquaredError),
        ("entropy", _) => Ok(Calibration::Entropy),
        (_, Some(p)) if (50.0..=100.0).contains(&p) => Ok(Calibration::Percentile(p)),
        _ => Err("expected min_max, percentile:P with P in 50..=100, mse or entropy".to_owned()),
    }
}

/// `symmetric`, with as many integers below 0 as above, or `asymmetric`
fn symmetry(text: &str) -> Result<Symmetry, String> {
    match text {
        "symmetric" => Ok(Symmetry::SymmetricNarrow),
        "asymmetric" => Ok(Symmetry::Asymmetric),
        _ => Err("expected symmetric or asymmetric".to_owned()),
    }
}

/// A network in floats with the images that it is measured on.
pub struct Subject {
    /// its architecture
    pub architecture: Architecture,
    /// the network in floats, with batch norms folded
    pub network: Network,
    /// images from which the ranges of activations are taken
    pub calibration_set: Array<f32>,
    test_set: Array<f32>,
    /// number of test images that it recognizes
    pub recognized: usize,
    /// greatest difference of its logits from TensorFlow's
    pub difference: f32,
}

impl Subject {
    /// Reads the weights in `dir` and runs the float network over all images.
    ///
    /// # Errors
    /// If a file cannot be read, or the logits differ from TensorFlow's.
    pub fn read(architecture: Architecture, dir: &Path, images: &Images) -> Result<Subject> {
        let network = architecture.read(dir)?;
        let recorded = architecture.recorded_logits(dir)?;
        let logits = last(network.run(images.all())?);
        let difference = logits.iter().zip(&recorded).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        ensure!(
            difference < LOGIT_BOUND,
            "{architecture}: a float logit is {difference:.1e} from TensorFlow's, of other weights: rounding gives less than {LOGIT_BOUND:e}"
        );
        let test_set = images.test_set()?;
        let recognized = images.recognized(&last(network.run(&test_set)?));
        let calibration_set = images.calibration_set()?;
        Ok(Subject { architecture, network, calibration_set, test_set, recognized, difference })
    }

    /// Number of test images that `network`, which is this network with other weights, recognizes in floats.
    ///
    /// # Errors
    /// A network with this network's shape causes none.
    pub fn recognized_by(&self, network: &Network, images: &Images) -> Result<usize, Error> {
        Ok(images.recognized(&last(network.run(&self.test_set)?)))
    }

    /// Number of test images that the quantized network recognizes, and whether it runs in integers.
    ///
    /// # Errors
    /// The errors of [`Scheme::quantize`]; and if a sum overflows.
    pub fn quantized(&self, scheme: &Scheme, calibrated: &Calibrated, images: &Images) -> Result<(usize, bool)> {
        let quantized = scheme.quantize(&self.network, calibrated)?;
        let logits = quantized.run(&self.test_set)?;
        Ok((images.recognized(logits.data()), quantized.is_integer()))
    }
}

/// The parameters of every value of a network.
pub type Calibrated = [qrtl_golden::quantization::Parameters];

fn last(mut values: Vec<Array<f32>>) -> Vec<f32> {
    values.pop().map(|logits| logits.data().to_vec()).unwrap_or_default()
}

/// The scheme with weights of `bits` bits and values between layers of `activation_bits` bits, both signed. Weights are
/// rounded with ties to even.
///
/// Entropy calibrates the activations only, as in TensorRT, and the weights are then min-max. A channel has far too few
/// weights for the histogram of 2,048 bins, and most of them would be clipped.
///
/// # Errors
/// If no integers have this number of bits.
pub fn scheme(
    [bits, activation_bits]: [u32; 2],
    granularity: Granularity,
    calibration: Calibration,
    [symmetry, activation_symmetry]: [Symmetry; 2],
) -> Result<Scheme, Error> {
    let format = Format { integers: signed(bits)?, symmetry };
    let rounding = Rounding::HalfEven;
    let activations = Format { integers: signed(activation_bits)?, symmetry: activation_symmetry };
    let of_weights = if calibration == Calibration::Entropy { Calibration::MinMax } else { calibration };
    let weights = WeightQuantization { format, granularity, calibration: of_weights, rounding };
    Ok(Scheme { weights, activations, calibration })
}

impl Quantize {
    /// Quantizes the network and measures it.
    ///
    /// # Errors
    /// If a file cannot be read or holds something else, or the scheme has no integers for the network.
    pub fn run(&self) -> Result<Report> {
        let images = Images::read(&self.models)?;
        let subject = Subject::read(self.model, &self.models, &images)?;
        let bits = [self.bits, self.activation_bits];
        let scheme = scheme(bits, self.granularity, self.calibration, [self.symmetry, self.activation_symmetry])?;
        let calibrated = scheme.calibrate(&subject.network, &subject.calibration_set)?;
        let (recognized, integer) = subject.quantized(&scheme, &calibrated, &images)?;
        Ok(Report {
            sizes: [size(&subject.network.layer_shapes(), Storage::Float32)?, scheme.size(&subject.network)?],
            recognized: [subject.recognized, recognized],
            difference: subject.difference,
            model: self.model,
            bits,
            scheme,
            integer,
        })
    }
}

/// The report of a quantization, for people.
pub struct Report {
    model: Architecture,
    bits: [u32; 2],
    scheme: Scheme,
    integer: bool,
    difference: f32,
    /// test images recognized before and after
    recognized: [usize; 2],
    sizes: [ModelSize; 2],
}

/// The value that stands for this word on the command line.
pub fn symmetry_name(symmetry: Symmetry) -> &'static str {
    if symmetry == Symmetry::Asymmetric { "asymmetric" } else { "symmetric" }
}

/// A number of test images in percent.
pub fn percent(recognized: usize) -> f64 {
    100.0 * recognized as f64 / TEST as f64
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { model, bits: [bits, activation_bits], scheme, difference, .. } = self;
        let Scheme { weights, activations, calibration } = scheme;
        let (granularity, symmetry) = (weights.granularity, symmetry_name(weights.format.symmetry));
        writeln!(f, "{model}: float logits within {difference:.1e} of TensorFlow's (1,797 images)")?;
        writeln!(f, "weights: {bits} bits, {granularity}, {symmetry}, {}", weights.calibration)?;
        let symmetry = symmetry_name(activations.symmetry);
        let images = CALIBRATION_IMAGES;
        writeln!(f, "activations: {activation_bits} bits, {symmetry}, {calibration} of {images} training images")?;
        let how = if self.integer { "integers, tflite_double" } else { "floats rounded to the integers' grids" };
        writeln!(f, "computed in {how}")?;
        writeln!(f, "           recognized            bytes  (weights, biases, scales, zero points)")?;
        for (i, word) in ["float32", "quantized"].into_iter().enumerate() {
            let (n, s) = (self.recognized[i], self.sizes[i]);
            let parts = format!("({}, {}, {}, {})", s.weights, s.biases, s.scales, s.zero_points);
            writeln!(f, "{word:9}  {n:3} of {TEST} = {:5.2} %  {:6}  {parts}", percent(n), s.total())?;
        }
        let points = percent(self.recognized[1]) - percent(self.recognized[0]);
        write!(
            f,
            "accuracy {points:+.2} points, bytes x {:.3}",
            self.sizes[1].total() as f64 / self.sizes[0].total() as f64
        )
    }
}
