//! The end of the GEMM block: it keeps results until they are taken, and says beforehand whether there will be room for
//! more.

use rust_hdl::prelude::*;

use super::config::GemmConfig;
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Kernel, Maybe, Port, Ram, Range, Reg};

/// Clock edges from the moment when a beat enters the memory until it is offered.
pub(super) const OUTLET_LATENCY: usize = 2;

/// Clock edges until `room` takes account of a place that was reserved.
const LAG: usize = 3;

/// A FIFO whose places are reserved before their beats come, so that the requantizers between drain and FIFO run
/// without a clock enable.
///
/// `room` comes from a register that lags behind, so it goes low before the last places are reserved. An offered beat
/// stands in registers until it is taken.
#[derive(LogicBlock)]
pub struct Outlet {
    /// clock
    pub clk: Clk,
    /// reset to empty
    pub rst_n: Port<In>,
    /// a place may be reserved
    pub room: Port<Out>,
    /// a place is reserved
    pub reserve: Port<In>,
    /// a beat comes for a place that was reserved
    pub put: Port<In>,
    /// results of the beat that comes
    pub put_y: Bus<In>,
    /// number of lanes with a result
    pub put_kept: Port<In>,
    /// the beat that comes is the last of the product
    pub put_last: Port<In>,
    /// a beat is offered
    pub out_valid: Port<Out>,
    /// the offered beat is taken
    pub out_ready: Port<In>,
    /// results of the offered beat
    pub y: Bus<Out>,
    /// lanes that hold a result
    pub keep: Bus<Out>,
    /// the offered beat is the last of the product
    pub last: Port<Out>,
    results: Vec<Ram>,
    kept: Maybe<Ram>,
    put_at: Reg,
    take_at: Reg,
    level: Reg,
    filled: Reg,
    offered: Reg,
    reserved: Reg,
    freed: Reg,
    used: Reg,
    some_room: Reg,
}

impl Outlet {
    /// An outlet for the results of `config`, deep enough for a beat at each clock if none has to wait.
    pub fn new(config: &GemmConfig) -> Outlet {
        let depth = (config.result_ranks() + LAG + 1).next_power_of_two();
        let (lanes, y, kept) = (config.requantizers(), config.output.range(), config.kept());
        let address = || Reg::control(0..=depth as i128 - 1, 0);
        let count = || Reg::control(0..=depth as i128, 0);
        let flag = || Reg::control(0..=1, 0);
        Outlet {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            room: Port::bit("a place may be reserved"),
            reserve: Port::bit("a place is reserved"),
            put: Port::bit("a beat comes"),
            put_y: Bus::new(lanes, y, "its results"),
            put_kept: Port::new(kept, "number of lanes with a result"),
            put_last: Port::bit("it is the last of the product"),
            out_valid: Port::bit("a beat is offered"),
            out_ready: Port::bit("it is taken"),
            y: Bus::new(lanes, y, "its results"),
            keep: Bus::new(lanes, 0..=1, "lanes that hold a result"),
            last: Port::bit("it is the last of the product"),
            results: (0..lanes).map(|lane| Ram::new(depth, if lane == 0 { with_mark(y) } else { y })).collect(),
            kept: Maybe::when(lanes > 1, || Ram::new(depth, kept)),
            put_at: address(),
            take_at: address(),
            level: count(),
            filled: flag(),
            offered: flag(),
            reserved: flag(),
            freed: flag(),
            used: count(),
            some_room: flag(),
        }
    }

    /// Number of beats that the outlet holds.
    pub fn depth(&self) -> usize {
        self.results[0].depth()
    }
}

/// A word of the memory: the result, and in the lowest bit whether its beat is the last. A memory for this bit alone
/// would become registers and a selection among all of them.
fn with_mark(y: Range) -> Range {
    y * Range::constant(2) + Range::new(0, 1)
}

describe_logic!(Outlet);

impl Describe for Outlet {
    fn header(&self) -> Header {
        let (lanes, depth) = (self.y.lanes(), self.depth());
        Header::new(format!("outlet_{lanes}_{depth}"), "A FIFO whose places are reserved before their beats come.")
            .fact("places", depth)
            .fact("latency", format!("{OUTLET_LATENCY} cycles"))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let (put, filled, offered) = (k.read(&self.put), k.read(&self.filled), k.read(&self.offered));
        let free = (k.read(&self.out_ready) | !offered).named("free");
        let take = (filled & free).named("take");
        k.register_when(&self.offered, free, filled);

        let depth = self.depth() as i128;
        for (at, moves) in [(&self.put_at, put), (&self.take_at, take)] {
            k.register_when(at, moves, (k.read(at) + 1).wrap(Range::new(0, depth - 1)));
        }
        let (put_at, take_at) = (k.read(&self.put_at), k.read(&self.take_at));
        let level = k.read(&self.level);
        let next_level = (level + put - take).bounded(self.level.range(), "a place was reserved for each beat");
        k.register(&self.level, next_level);
        k.register(&self.filled, put | level.ge(2) | (filled & !take));

        k.register(&self.reserved, k.read(&self.reserve));
        k.register(&self.freed, take);
        let used = k.read(&self.used);
        let next_used = used + k.read(&self.reserved) - k.read(&self.freed);
        k.register(&self.used, next_used.bounded(self.used.range(), "places are reserved where there is room"));
        k.register(&self.some_room, used.lt(depth - LAG as i128 + 1));
        k.drive(&self.room, k.read(&self.some_room));

        for (lane, ram) in self.results.iter().enumerate() {
            let y = k.lane(&self.put_y, lane);
            let put_word = if lane == 0 { y.concat(k.read(&self.put_last), 1) } else { y };
            let word = k.ram(ram, (put, put_at, put_word), (take, take_at));
            k.drive_lane(&self.y, lane, if lane == 0 { word >> 1 } else { word });
            if lane == 0 {
                k.drive(&self.last, word.bit(0));
            }
        }
        let kept =
            self.kept.get().map_or(k.lit(1), |ram| k.ram(ram, (put, put_at, k.read(&self.put_kept)), (take, take_at)));
        for lane in 0..self.keep.lanes() {
            k.drive_lane(&self.keep, lane, k.lit(lane as i128).lt(kept));
        }
        k.drive(&self.out_valid, offered);
    }
}
