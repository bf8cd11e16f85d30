//! Saturation.

use crate::Bounds;

/// `min(max(x, min), max)`
pub fn saturate(x: i64, bounds: Bounds) -> i64 {
    x.max(bounds.min()).min(bounds.max())
}
