//! How a value is written where it is used: a literal, a net or bits of a net, always at an explicit width.
//!
//! The text does not rely on Verilog's rules about widths and signs: every operand is extended explicitly, and all
//! operands of one expression have one width and one sign.

use crate::exact::Range;

/// A value that needs no operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// a constant
    Lit(i128),
    /// `width` bits of a net from bit `lo` on
    Slice(Slice),
}

/// Bits of a net.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slice {
    /// index into the module's nets
    pub net: usize,
    /// first bit
    pub lo: u32,
    /// number of bits
    pub width: u32,
    /// the value is two's complement
    pub signed: bool,
}

/// A declared net.
#[derive(Debug, Clone)]
pub(super) struct Net {
    pub name: String,
    pub width: u32,
    /// declared `signed`
    pub signed: bool,
    /// bits that something reads
    pub used: Vec<bool>,
}

impl Net {
    pub(super) fn new(name: String, width: u32, signed: bool) -> Net {
        Net { name, width, signed, used: vec![false; width as usize] }
    }

    /// `signed [7:0]`, `[7:0]`, or nothing for one bit.
    pub(super) fn shape(&self) -> String {
        shape(self.width, self.signed)
    }
}

/// The declaration of a width and sign, with a blank after it unless empty.
pub(super) fn shape(width: u32, signed: bool) -> String {
    let sign = if signed { "signed " } else { "" };
    if width == 1 { sign.to_owned() } else { format!("{sign}[{}:0] ", width - 1) }
}

/// A literal of `width` bits; the bits of `v` beyond are dropped.
pub(super) fn literal(v: i128, width: u32, signed: bool) -> String {
    if signed {
        match Range::signed(width).truncate(v) {
            v if v == -(1 << (width - 1)) => format!("{width}'sh{:x}", 1u128 << (width - 1)),
            v if v < 0 => format!("-{width}'sd{}", -v),
            v => format!("{width}'sd{v}"),
        }
    } else {
        format!("{width}'d{}", Range::unsigned(width).truncate(v))
    }
}

/// The nets of a module, and the text of operands; remembers which bits were read.
#[derive(Debug, Default)]
pub(super) struct Nets {
    pub nets: Vec<Net>,
}

impl Nets {
    pub(super) fn add(&mut self, net: Net) -> usize {
        self.nets.push(net);
        self.nets.len() - 1
    }

    /// A whole net, as a value of `range`.
    pub(super) fn whole(&self, net: usize) -> Slice {
        Slice { net, lo: 0, width: self.nets[net].width, signed: self.nets[net].signed }
    }

    fn is_whole(&self, s: &Slice) -> bool {
        s.lo == 0 && s.width == self.nets[s.net].width
    }

    /// Whether the text at `width` is a signed net, which makes the expression around it signed.
    pub(super) fn is_signed_at(&self, form: &Form, width: u32) -> bool {
        matches!(form, Form::Slice(s) if s.width == width && self.is_whole(s) && self.nets[s.net].signed)
    }

    /// The bits as they stand: `a`, `a[3]`, `a[7:4]`.
    fn bits(&mut self, net: usize, lo: u32, width: u32) -> String {
        self.nets[net].used[lo as usize..(lo + width) as usize].fill(true);
        let Net { name, width: all, .. } = &self.nets[net];
        match (lo, width) {
            (0, w) if w == *all => name.clone(),
            (_, 1) => format!("{name}[{lo}]"),
            _ => format!("{name}[{}:{lo}]", lo + width - 1),
        }
    }

    /// The value at `width` bits, as a signed or an unsigned Verilog expression. Bits above are sign or zero; bits that do
    /// not fit are dropped.
    pub(super) fn text(&mut self, form: &Form, width: u32, signed: bool) -> String {
        let s = match form {
            Form::Lit(v) => return literal(*v, width, signed),
            Form::Slice(s) => s.clone(),
        };
        let (text, is_signed) = if width <= s.width {
            let whole = self.is_whole(&s) && width == s.width;
            (self.bits(s.net, s.lo, width), whole && self.nets[s.net].signed)
        } else {
            let more = width - s.width;
            let bits = self.bits(s.net, s.lo, s.width);
            let text = if s.signed {
                let sign = self.bits(s.net, s.lo + s.width - 1, 1);
                if more == 1 { format!("{{{sign}, {bits}}}") } else { format!("{{{{{more}{{{sign}}}}}, {bits}}}") }
            } else {
                format!("{{{more}'d0, {bits}}}")
            };
            (text, false)
        };
        match (is_signed, signed) {
            (false, true) => format!("$signed({text})"),
            (true, false) => format!("$unsigned({text})"),
            _ => text,
        }
    }

    /// The value at `width` bits of two's complement, plus `2^(width - 1)`: its sign bit inverted, without a sign. In the
    /// same order as the value.
    pub(super) fn biased(&mut self, form: &Form, width: u32) -> String {
        let s = match form {
            Form::Lit(v) => return literal(v + (1 << (width - 1)), width, false),
            Form::Slice(s) => s.clone(),
        };
        let mut parts = Vec::new();
        let between = if s.signed {
            let sign = self.bits(s.net, s.lo + s.width - 1, 1);
            parts.push(format!("~{sign}"));
            format!("{{{}{{{sign}}}}}", width - s.width)
        } else {
            parts.push("1'd1".to_owned());
            format!("{}'d0", width - 1 - s.width)
        };
        let low = if s.signed { s.width - 1 } else { s.width };
        if width - 1 > low {
            parts.push(between);
        }
        if low > 0 {
            parts.push(self.bits(s.net, s.lo, low));
        }
        format!("{{{}}}", parts.join(", "))
    }

    /// The value's bits at `width` within a concatenation, where signs do not matter.
    pub(super) fn pattern(&mut self, form: &Form, width: u32) -> String {
        let signed = self.is_signed_at(form, width);
        self.text(form, width, signed)
    }

    /// Runs of bits of a net that nothing reads, as (first bit, number of bits).
    pub(super) fn unused(&self, net: usize) -> Vec<(u32, u32)> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for (i, _) in self.nets[net].used.iter().enumerate().filter(|(_, used)| !**used) {
            match runs.last_mut() {
                Some((lo, len)) if *lo + *len == i as u32 => *len += 1,
                _ => runs.push((i as u32, 1)),
            }
        }
        runs
    }
}
