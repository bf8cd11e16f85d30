//! placeholder

pub mod npy;
pub mod tflite;
