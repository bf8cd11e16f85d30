//! The blocks as a bench knows them. Each block has a file or folder under its word, and one line in `blocks!`. A
//! block for which something is missing there does not compile. The line puts the block into every list: the command
//! line, files, `sim block`, the suite, and the tables of area.

mod add;
mod average_pool;
pub mod engine;
mod fixed_point_multiplier;
mod float_requantizer;
pub mod gemm;
mod lookup;
mod max_pool;
pub mod requantizer;
mod saturator;
mod softmax;
mod subject;
mod windows;

use anyhow::{Context, Result, anyhow};
use clap::Subcommand;
use qrtl_hdl::interface::{Built, Interface, Streamed, build};
use qrtl_hdl::targets::Target;
use qrtl_random::Random;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
pub use subject::{EVERYWHERE, Role, Subject, Synthesis, WITH_DSP};

use crate::formal::{Formal, prove_streams};
use crate::script::Script;

/// The row of a block in a table.
pub struct Summary {
    /// parameters in a few words
    pub parameters: String,
    /// clock edges from a beat to its result
    pub latency: usize,
    /// results or products per clock
    pub throughput: String,
}

/// Everything that a block has beside its hardware, for a configuration.
pub trait Block: Clone + Default + Into<Spec> {
    /// The count of vectors that is shipped with the block.
    const SHIPPED: usize = 2_000;

    /// The count of vectors of `make sim`.
    const QUICK: usize = 50_000;

    /// The hardware.
    ///
    /// # Errors
    /// If a parameter is beyond its limits: a sentence that names the parameter, its limit and what it got.
    fn hardware(&self) -> Result<Box<dyn Streamed>, String>;

    /// The row in a table of a block whose parameters are within their limits.
    fn summary(&self) -> Summary;

    /// Writes `count` vectors with golden's results. For a GEMM, `count` is the number of results, in products of many
    /// shapes; for an engine, of networks.
    ///
    /// # Errors
    /// If golden refuses the parameters.
    fn vectors(&self, script: &mut Script, random: &mut Random, count: usize) -> Result<()>;

    /// The device whose cells the hardware instantiates.
    fn target(&self) -> Target {
        Target::Generic
    }

    /// What is proved of the hardware that `built` is beside the rules of its streams, and what is not.
    fn formal(&self, built: &Built) -> Formal;

    /// The configurations that are proved beside the default catalogue, by their names.
    fn proved() -> Vec<(String, Self)> {
        Vec::new()
    }

    /// The configurations that are simulated, with the number of vectors for each.
    fn suite() -> Vec<(Self, usize)>;

    /// The configurations whose area and clock are measured, baselines before the blocks that are compared with them.
    fn subjects() -> Vec<Subject<Self>>;

    /// The blocks of the default catalogue, which `gen` emits without a verb: names of modules, and their descriptions.
    fn catalogue() -> Vec<(&'static str, Self)>;
}

/// A value from TOML.
///
/// # Errors
/// The place in the text, and what is wrong with it.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    toml::from_str(text).map_err(|e| anyhow!("{}", e.to_string().trim_end()))
}

/// Makes [`Spec`] and everything that has a case for each block.
macro_rules! blocks {
    ($($(#[$about:meta])* $word:ident: $Variant:ident($Config:ty),)*) => {
        /// A block and its parameters.
        #[derive(Debug, Clone, PartialEq, Subcommand, Serialize, Deserialize)]
        #[serde(tag = "block", rename_all = "snake_case")]
        #[command(rename_all = "snake_case")]
        pub enum Spec {
            $($(#[$about])* $Variant($Config),)*
        }

        $(impl From<$Config> for Spec {
            fn from(config: $Config) -> Spec {
                Spec::$Variant(config)
            }
        })*

        impl Spec {
            /// The words for all blocks.
            pub const WORDS: &[&str] = &[$(stringify!($word)),*];

            /// The word for the block.
            pub fn block(&self) -> &'static str {
                match self {
                    $(Spec::$Variant(_) => stringify!($word),)*
                }
            }

            /// The parameters of the block `word`, as `parse` reads them; `None` if there is no such block.
            pub(crate) fn read(word: &str, text: &str) -> Option<Result<Spec>> {
                match word {
                    $(stringify!($word) => Some(parse::<$Config>(text).map(Spec::$Variant)),)*
                    _ => None,
                }
            }

            /// The hardware, if the parameters are within their limits.
            fn hardware(&self) -> Result<Box<dyn Streamed>, String> {
                match self {
                    $(Spec::$Variant(config) => config.hardware(),)*
                }
            }

            /// The row in a table of a block whose parameters are within their limits.
            pub fn summary(&self) -> Summary {
                match self {
                    $(Spec::$Variant(config) => Block::summary(config),)*
                }
            }

            fn vectors(&self, script: &mut Script, random: &mut Random, count: usize) -> Result<()> {
                match self {
                    $(Spec::$Variant(config) => config.vectors(script, random, count),)*
                }
            }

            /// What is proved of the hardware that `built` is, and what is not.
            pub fn formal(&self, built: &Built) -> Formal {
                let mut formal = match self {
                    $(Spec::$Variant(config) => config.formal(built),)*
                };
                prove_streams(built, &mut formal);
                formal
            }

            /// The count of vectors that is shipped with the block.
            pub fn shipped(&self) -> usize {
                match self {
                    $(Spec::$Variant(_) => <$Config as Block>::SHIPPED,)*
                }
            }

            /// The count of vectors of `make sim`.
            pub fn quick(&self) -> usize {
                match self {
                    $(Spec::$Variant(_) => <$Config as Block>::QUICK,)*
                }
            }

            /// The device whose cells the hardware instantiates.
            pub fn target(&self) -> Target {
                match self {
                    $(Spec::$Variant(config) => Block::target(config),)*
                }
            }
        }

        /// The configurations that are simulated, with the number of vectors for each.
        pub fn suite() -> Vec<(Spec, usize)> {
            let mut all: Vec<(Spec, usize)> = Vec::new();
            $(all.extend(<$Config>::suite().into_iter().map(|(config, count)| (config.into(), count)));)*
            all
        }

        /// The configurations whose area and clock are measured, baselines before the blocks that are compared with
        /// them.
        pub fn subjects() -> Vec<Subject<Spec>> {
            let mut all: Vec<Subject<Spec>> = Vec::new();
            $(all.extend(<$Config>::subjects().into_iter().map(Subject::converted));)*
            all
        }

        /// The configurations that are proved beside the default catalogue, by their names.
        pub fn proved() -> Vec<(String, Spec)> {
            let mut all: Vec<(String, Spec)> = Vec::new();
            $(all.extend(<$Config>::proved().into_iter().map(|(name, config)| (name, config.into())));)*
            all
        }

        /// The default catalogue, which `gen` emits without a verb.
        pub fn catalogue() -> Vec<(&'static str, Spec)> {
            let mut all: Vec<(&'static str, Spec)> = Vec::new();
            $(all.extend(<$Config>::catalogue().into_iter().map(|(name, config)| (name, config.into())));)*
            all
        }
    };
}

blocks! {
    /// y = min(max(x, min), max)
    saturator: Saturator(qrtl_hdl::blocks::saturator::SaturatorConfig),
    /// fixed-point products: the lab's Figure 4, and accumulator by multiplier
    fixed_point_multiplier: FixedPointMultiplier(qrtl_hdl::blocks::fixed_point_multiplier::FixedPointMultiplierConfig),
    /// the entry for x in a table of 256: any function of 8 bits
    lookup: Lookup(qrtl_hdl::blocks::lookup::LookupConfig),
    /// rows of int8: round(256 exp(x) / sum of exp) - 128, as TFLM's SOFTMAX
    softmax: Softmax(qrtl_hdl::blocks::softmax::SoftmaxConfig),
    /// sum or difference of two int8, as TFLM's ADD and SUB
    add: Add(qrtl_hdl::blocks::add::AddConfig),
    /// mean of a window of int8, as TFLM's AVERAGE_POOL_2D
    average_pool: AveragePool(qrtl_hdl::blocks::average_pool::AveragePoolConfig),
    /// greatest of a window of int8, as TFLM's MAX_POOL_2D
    max_pool: MaxPool(qrtl_hdl::blocks::max_pool::MaxPoolConfig),
    /// y = clamp(requant(acc + bias, multiplier, shift) + zero_point, min, max)
    requantizer: Requantizer(qrtl_hdl::blocks::requantizer::RequantizerConfig),
    /// y = clamp(even(f32(f32(acc) * scale)) + zero_point, min, max)
    float_requantizer: FloatRequantizer(qrtl_hdl::blocks::float_requantizer::FloatRequantizerConfig),
    /// quantized matrix multiplication with its requantizers
    gemm: Gemm(qrtl_hdl::blocks::gemm::GemmConfig),
    /// inference of a whole network, whose image comes through the input stream
    engine: Engine(qrtl_hdl::blocks::engine::EngineConfig),
}

impl Spec {
    /// Elaborates the block as a module called `name`.
    ///
    /// # Errors
    /// If a parameter is out of range: what, the limit, what it got.
    pub fn build(&self, name: &str) -> Result<Built> {
        let hardware = self.hardware().map_err(|e| anyhow!(e)).with_context(|| self.block().to_owned())?;
        build(&*hardware, name).map_err(|faults| anyhow!("{faults}"))
    }

    /// `count` vectors for the block, drawn from `seed`, for the bench of a module with this interface.
    ///
    /// # Errors
    /// If the block's parameters are out of range.
    pub fn script(&self, interface: &Interface, seed: u64, count: usize) -> Result<Script> {
        let mut script = Script::new(interface);
        self.vectors(&mut script, &mut Random::new(seed), count)?;
        Ok(script)
    }
}
