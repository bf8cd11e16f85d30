//! `y = clamp(max(x over a window), min, max)`: the greatest of the int8 of a window, equal to TFLM's MAX_POOL_2D.
//!
//! ```text
//!             +----------+
//!  in_valid ->|          |-> out_valid
//!  in_ready <-| max_pool |<- out_ready
//!         x ->|          |-> y             a result for each window
//!    x_last ->|          |                 where windows differ in size
//!             +----------+
//! ```
//!
//! The values of a window come in any order, one a beat; values outside of the image are left out.

use clap::Args;
use rust_hdl::prelude::*;
use serde::{Deserialize, Serialize};

use crate::exact::{Clk, Describe, Header, Kernel, Port, Range, Reg};
use crate::interface::{StreamPorts, Streamed, Streams};
use crate::parameter::Dimension;
use crate::window::{self, Window};
use crate::{default_from_flags, describe_logic, ports};

/// Parameters of a maximum.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaxPoolConfig {
    /// values of a window: a number, or ..MAX, where a last bit ends a window; 2 to 65536
    #[arg(long, default_value_t = Dimension::UpTo(64))]
    pub size: Dimension,
    /// least result
    #[arg(long, default_value_t = -128, allow_negative_numbers = true)]
    pub min: i64,
    /// greatest result
    #[arg(long, default_value_t = 127, allow_negative_numbers = true)]
    pub max: i64,
}

default_from_flags!(MaxPoolConfig);

/// Values of `x`.
const INT8: Range = Range::signed(8);

impl MaxPoolConfig {
    /// Checks the limits that the types do not express.
    ///
    /// # Errors
    /// A sentence that names the parameter, the limit and what it got.
    pub fn validate(&self) -> Result<(), String> {
        window::validate(self.size, 1 << 16)?;
        window::bounds(self.min, self.max)
    }
}

/// See the [module](self).
#[derive(LogicBlock)]
pub struct MaxPool {
    clk: Clk,
    rst_n: Port<In>,
    in_valid: Port<In>,
    in_ready: Port<Out>,
    x: Port<In>,
    window: Window,
    out_valid: Port<Out>,
    out_ready: Port<In>,
    y: Port<Out>,
    greatest: Reg,
    ended: Reg,
    _config: MaxPoolConfig,
}

impl MaxPool {
    /// A maximum.
    ///
    /// # Errors
    /// The errors of [`MaxPoolConfig::validate`].
    pub fn new(config: &MaxPoolConfig) -> Result<MaxPool, String> {
        config.validate()?;
        Ok(MaxPool {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            in_valid: Port::bit("a value is offered"),
            in_ready: Port::bit("the value is taken"),
            x: Port::new(INT8, "value"),
            window: Window::new(config.size),
            out_valid: Port::bit("a result is offered"),
            out_ready: Port::bit("the result is taken"),
            y: Port::new(INT8, "greatest value of the window"),
            greatest: Reg::new(INT8),
            ended: Reg::control(0..=1, 0),
            _config: config.clone(),
        })
    }
}

impl Streamed for MaxPool {
    fn streams(&self) -> Streams<'_> {
        let payload = ports![&self.x, self.window.last()];
        let input = StreamPorts { valid: Some(&self.in_valid), ready: Some(&self.in_ready), payload };
        let output =
            StreamPorts { valid: Some(&self.out_valid), ready: Some(&self.out_ready), payload: ports![&self.y] };
        Streams { input, output, interval: 1 }
    }
}

describe_logic!(MaxPool);

impl Describe for MaxPool {
    fn header(&self) -> Header {
        let c = &self._config;
        Header::new("max_pool", "y = clamp(max(x over a window), min, max).")
            .fact("window", format!("{} values", c.size))
            .fact("bounds", format!("{}..={}", c.min, c.max))
            .fact("latency", "1 cycle from the last value; one value per clock")
            .fact("exact to", "MAX_POOL_2D of TFLM, int8; golden: max_pool")
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let (ended, x, greatest) = (k.read(&self.ended), k.read(&self.x), k.read(&self.greatest));
        let advance = (k.read(&self.out_ready) | !ended).named("advance");
        let accept = (k.read(&self.in_valid) & advance).named("accept");
        let position = self.window.position(k, accept);
        k.register_when(&self.greatest, accept & (position.first | greatest.lt(x)), x);
        k.register_when(&self.ended, advance, accept & position.last);
        k.drive(&self.in_ready, advance);
        k.drive(&self.out_valid, ended);
        k.drive(&self.y, greatest.clamp(i128::from(self._config.min)..=i128::from(self._config.max)));
    }
}
