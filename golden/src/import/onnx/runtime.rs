//! The two ways in which ONNX Runtime is reproduced.

use crate::words;

words! {
    /// ONNX Runtime 1.32.0 on the CPU, at ORT_ENABLE_EXTENDED or above. The two differ in the sums of `uint8` by `int8`
    /// only.
    pub enum Runtime: "runtime" {
        /// exact sums: a CPU with VNNI, or the session options that [`Import`](super::Import) names
        Onnxruntime = "onnxruntime",
        /// x86-64 with AVX2 and without VNNI, and the default options: sums in pairs that saturate at 16 bits, and
        /// activations of QDQ models turned from `int8` into `uint8`
        OnnxruntimeAvx2 = "onnxruntime_avx2",
    }
}
