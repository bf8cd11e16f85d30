//! Lattice iCE40 UltraPlus.

pub(crate) mod chain;
mod sb_mac16;
mod sb_mac16_products;

pub use sb_mac16::{MacForm, MacRegisters, SbMac16};
pub use sb_mac16_products::{PRODUCT_LATENCY, SbMac16Products};
