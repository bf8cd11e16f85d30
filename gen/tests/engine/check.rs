//! Compiles a network, runs its image, and compares every tensor that it shows with golden's.

use qrtl_gen::engine::interpreter::Interpreter;
use qrtl_gen::engine::{Options, Output, Program, compile};
use qrtl_golden::RealRule;
use qrtl_golden::graph::{Graph, Value};
use qrtl_golden::operators::Array;
use qrtl_hdl::blocks::engine::loader::Status;
use qrtl_hdl::blocks::engine::{EngineConfig, EngineRule};
use qrtl_hdl::targets::Target;

/// The sizes of the array, the lanes, and the requantizers of both.
pub fn engine(rows: usize, cols: usize, lanes: usize, requantizers: [usize; 2]) -> EngineConfig {
    EngineConfig {
        rows,
        cols,
        lanes,
        requantizers: requantizers[0],
        lane_requantizers: requantizers[1],
        activation_bytes: 1 << 18,
        weight_bytes: 1 << 19,
        // A softmax of many rows takes an instruction for each row.
        program_words: 1 << 14,
        ..EngineConfig::default()
    }
}

/// The engines for which all networks are compiled.
pub fn engines() -> Vec<EngineConfig> {
    let small = engine(2, 4, 4, [1, 1]);
    let wide = EngineConfig { taps: 3, ..engine(8, 16, 8, [8, 4]) };
    vec![engine(4, 16, 8, [4, 2]), EngineConfig { split: false, ..small }, engine(8, 16, 8, [8, 4]), wide]
}

/// An engine whose memory of activations has one port, and whose steps bring their parameters.
pub fn one_port() -> EngineConfig {
    let small =
        EngineConfig { split: false, activation_bytes: 1 << 16, target: Target::Ice40, ..engine(2, 4, 4, [1, 1]) };
    EngineConfig { resident: false, ..small }
}

/// Engines that multiply sums by real factors, each with the rule of its networks.
pub fn by_real() -> [(RealRule, EngineConfig); 2] {
    let of = |rule| EngineConfig { rule, ..engine(4, 16, 8, [4, 2]) };
    [(RealRule::F32Even, of(EngineRule::F32Even)), (RealRule::F64Away, of(EngineRule::Single))]
}

/// A compiled network that is loaded.
pub struct Loaded<'a> {
    graph: &'a Graph,
    pub program: Program,
    engine: Interpreter,
}

impl Loaded<'_> {
    pub fn new<'a>(graph: &'a Graph, config: &EngineConfig, options: &Options) -> Result<Loaded<'a>, String> {
        let program = compile(graph, config, options).map_err(|e| format!("{e:#}"))?;
        let mut engine = Interpreter::new(config);
        assert_eq!(engine.load(&program.image).unwrap(), Status::Ok);
        Ok(Loaded { graph, program, engine })
    }

    /// Runs an input, and compares. Returns the number of elements that were compared, and of those that differ.
    #[track_caller]
    pub fn compare(&mut self, input: &Array, name: &str) -> (usize, usize) {
        self.compare_from(&Value::Integer(input.clone()), name)
    }

    /// The same for an input of any element. Operators at the ends stay on the host, which is golden.
    #[track_caller]
    pub fn compare_from(&mut self, input: &Value, name: &str) -> (usize, usize) {
        let expected = self.graph.run(input).unwrap();
        let of_tensor = |tensor: usize| {
            let step = self.graph.steps.iter().rposition(|step| step.output == tensor);
            let Value::Integer(array) = step.map_or(input, |step| &expected[step]) else {
                panic!("{name}: no integers")
            };
            array
        };
        let words = self.program.input(of_tensor(self.program.input)).unwrap();
        let packet = self.engine.run(&words).unwrap_or_else(|e| panic!("{name}: {e:#}"));
        let (mut all, mut differ) = (0, 0);
        for (output, bytes) in self.program.parts(&packet).unwrap() {
            let (tensor, got) = match output {
                Output::Clocks { .. } | Output::Restart => continue,
                Output::Tap(tap) => (tap.tensor, self.program.elements(tap, bytes)),
                Output::Result { .. } => (self.program.result, bytes.iter().map(|&byte| Some(byte as i8)).collect()),
            };
            let expected = of_tensor(tensor).data();
            assert_eq!(got.len(), expected.len(), "{name}: tensor {tensor}");
            let computed: Vec<usize> = (0..got.len()).filter(|&n| got[n].is_some()).collect();
            let differs = |n: &&usize| got[**n].map(i32::from) != Some(expected[**n]);
            let different: Vec<usize> = computed.iter().filter(differs).copied().collect();
            if let (Some(&n), 0) = (different.first(), differ) {
                println!("{name}: tensor {tensor}, element {n}: expected {}, got {:?}", expected[n], got[n]);
            }
            all += computed.len();
            differ += different.len();
        }
        (all, differ)
    }
}
