//! A product that is put together from others: in Verilog, where each multiplication is an unknown function, and as a law
//! about all integers.

use std::fmt::Write;

use qrtl_hdl::blocks::requantizer::{Cut, Read};
use qrtl_hdl::exact::Range;

use super::{Engine, Formal, Method, Proof, Twin, number, signed};

/// The file of the law.
const LAW: &str = "products.smt2";

/// The product `p` of two integers `x` and `m`.
#[derive(Debug, Clone, Copy)]
pub struct Product {
    /// values of `x` and `m`
    pub operands: [Range; 2],
    /// how they are cut
    pub cut: Option<Cut>,
    /// `m` has its leading bit at the upper end, so that a few bits of `p` follow from `x`
    pub normal: bool,
}

/// A part of an operand, as a multiplier reads it.
struct Part {
    name: &'static str,
    /// places above the lowest bit of the operand
    place: u32,
    /// its values, and as they are read
    range: Range,
    read: Range,
    /// what is read wrong, and whether it is read too great
    wrong: Option<bool>,
}

impl Product {
    fn at(&self) -> u32 {
        self.cut.map_or(0, |cut| cut.at)
    }

    /// Values of the product.
    pub fn range(&self) -> Range {
        self.operands[0] * self.operands[1]
    }

    fn parts(&self, operand: usize) -> Vec<Part> {
        let (at, range) = (self.at(), self.operands[operand]);
        let [whole, high, low] = [["x", "xh", "xl"], ["m", "mh", "ml"]][operand];
        let read = self.cut.map_or(Read::Plain, |cut| cut.read);
        let is_cut = self.cut.is_some_and(|cut| cut.operands[operand]);
        let part = |name, place, range| Part { name, place, range, read: range, wrong: None };
        let plain = [part(high, at, range >> Range::constant(at.into())), part(low, 0, Range::unsigned(at))];
        match (is_cut, operand, read) {
            (false, ..) => vec![part(whole, 0, range)],
            (true, 0, Read::UpperUnsigned) => {
                let [high, low] = plain;
                vec![Part { read: Range::unsigned(at), wrong: Some(true), ..high }, low]
            }
            (true, 0, Read::LowerSigned) => {
                let [high, low] = plain;
                vec![high, Part { read: Range::signed(at), wrong: Some(false), ..low }]
            }
            _ => plain.into(),
        }
    }

    /// Lines that compute `p` from `x` and `m` by the products that the design makes, with integers of `bits` bits.
    pub fn verilog(&self, bits: u32) -> String {
        let (word, at) = (signed(bits), self.at());
        let within = |name: &str, range: Range| {
            let (lo, hi) = (number(range.lo(), bits), number(range.hi(), bits));
            format!("    always @* assume ({name} >= {lo} && {name} <= {hi});\n")
        };
        let mut text = format!("    // What is assumed of products is the law in {LAW}.\n");
        for operand in [0, 1] {
            for part in self.parts(operand) {
                let (name, whole) = (part.name, ["x", "m"][operand]);
                match (name == whole, part.place) {
                    (true, _) => {}
                    (false, 0) => _ = writeln!(text, "    {word} {name} = {whole} - ({whole} >>> {at} <<< {at});"),
                    (false, _) => _ = writeln!(text, "    {word} {name} = {whole} >>> {at};"),
                }
                let read = match part.wrong {
                    None => name.to_owned(),
                    Some(true) => format!("{name} < 0 ? {name} + (1 <<< {at}) : {name}"),
                    Some(false) => format!("{name} >= (1 <<< {}) ? {name} - (1 <<< {at}) : {name}", at - 1),
                };
                let _ =
                    writeln!(text, "    {word} {name}_read = {};", read.replace("(1 <<<", &format!("({bits}'sd1 <<<")));
            }
        }
        let mut terms = Vec::new();
        for (x, m) in self.pairs() {
            let name = format!("{}_{}", x.name, m.name);
            let _ = writeln!(text, "    {word} {name} = {}_read * {}_read;", x.name, m.name);
            text += &within(&name, x.read * m.read);
            if x.read.is_signed() {
                let _ = writeln!(text, "    always @* assume ({0}_read < 0 ? {name} <= 0 : {name} >= 0);", x.name);
            }
            let corrected = match x.wrong {
                None => None,
                Some(true) => Some(format!("{0} < 0 ? {name} - ({1} <<< {at}) : {name}", x.name, m.name)),
                Some(false) => Some(format!("{0}_read < 0 ? {name} + ({1} <<< {at}) : {name}", x.name, m.name)),
            };
            let name = match corrected {
                None => name,
                Some(corrected) => {
                    let _ = writeln!(text, "    {word} {name}_right = {corrected};");
                    text += &within(&format!("{name}_right"), x.range * m.range);
                    format!("{name}_right")
                }
            };
            terms.push(format!("({name} <<< {})", x.place + m.place));
        }
        let _ = writeln!(text, "    {word} p = {};", terms.join(" + "));
        text += &within("p", self.range());
        text += "    always @* assume (x == 0 || m == 0 ? p == 0 : x < 0 ? p < 0 : p > 0);\n";
        if self.normal {
            let (least, above) = self.normal_places();
            text += &format!(
                "    {word} x_size = x < 0 ? -x : x;\n    {word} p_size = x < 0 ? -p : p;\n    always @* assume (p_size >= (x_size <<< \
                 {least}) && p_size <= (x_size <<< {above}) - x_size);\n"
            );
        }
        text
    }

    /// `m` is at least `2^first`, and below `2^second`.
    fn normal_places(&self) -> (u32, u32) {
        let above = self.operands[1].width();
        (above - 1, above)
    }

    fn pairs(&self) -> Vec<(Part, Part)> {
        let of_x = self.parts(0).into_iter();
        of_x.flat_map(|x| self.parts(1).into_iter().map(move |m| (Part { ..x }, m))).collect()
    }

    /// Adds the law: the products are within their ranges, and put together they are `x * m`.
    pub fn prove(&self, formal: &mut Formal) {
        let (text, claim) = self.law();
        let hi = self.range().hi();
        let proof = Proof {
            name: "products".to_owned(),
            claim,
            method: Method::Law,
            engine: Engine::Z3,
            top: String::new(),
            files: vec![format!("formal/{LAW}")],
            steps: 0,
            products: false,
            timeout: 300,
            expected: 1,
            twins: vec![Twin::new(
                "a product that is never its greatest",
                LAW,
                format!("(* x m) {}) ; p", integer(hi)),
                format!("(* x m) {}) ; p", integer(hi - 1)),
            )],
        };
        formal.prove(proof, LAW, text);
    }

    fn law(&self) -> (String, String) {
        let size = integer(1 << self.at());
        let mut text =
            "; The products of parts of x and m are within their ranges, and put together they are x * m.\n".to_owned();
        let mut claims = String::new();
        for (operand, whole) in [(0, "x"), (1, "m")] {
            let parts = self.parts(operand);
            for part in &parts {
                let name = part.name;
                let _ = writeln!(text, "(declare-const {name} Int)");
                let read = match part.wrong {
                    None => name.to_owned(),
                    Some(true) => format!("(ite (< {name} 0) (+ {name} {size}) {name})"),
                    Some(false) => format!("(ite (>= (* 2 {name}) {size}) (- {name} {size}) {name})"),
                };
                let _ = writeln!(text, "(define-fun {name}_read () Int {read})");
            }
            if let [high, low] = &parts[..] {
                let _ = writeln!(text, "(define-fun {whole} () Int (+ (* {size} {}) {}))", high.name, low.name);
                let _ = writeln!(text, "(assert (and (<= 0 {0}) (< {0} {size})))", low.name);
            }
            let range = self.operands[operand];
            let _ = writeln!(text, "(assert (<= {} {whole} {}))", integer(range.lo()), integer(range.hi()));
        }
        let mut terms = Vec::new();
        for (x, m) in self.pairs() {
            let (product, range) = (format!("(* {}_read {}_read)", x.name, m.name), x.read * m.read);
            let _ = writeln!(claims, "  (<= {} {product} {})", integer(range.lo()), integer(range.hi()));
            let _ = writeln!(claims, "  (ite (< {}_read 0) (<= {product} 0) (>= {product} 0))", x.name);
            let corrected = match x.wrong {
                None => product,
                Some(true) => format!("(ite (< {} 0) (- {product} (* {size} {})) {product})", x.name, m.name),
                Some(false) => format!("(ite (< {}_read 0) (+ {product} (* {size} {})) {product})", x.name, m.name),
            };
            if x.wrong.is_some() {
                let range = x.range * m.range;
                let _ = writeln!(claims, "  (<= {} {corrected} {})", integer(range.lo()), integer(range.hi()));
            }
            terms.push(format!("(* {} {corrected})", integer(1 << (x.place + m.place))));
        }
        let range = self.range();
        let _ = writeln!(claims, "  (<= {} (* x m) {}) ; p", integer(range.lo()), integer(range.hi()));
        let _ = writeln!(claims, "  (= (* x m) (+ 0 {}))", terms.join(" "));
        claims += "  (ite (or (= x 0) (= m 0)) (= (* x m) 0) (ite (< x 0) (< (* x m) 0) (> (* x m) 0)))\n";
        if self.normal {
            let (least, above) = self.normal_places();
            let size = |of: &str| format!("(ite (< x 0) (- {of}) {of})");
            let (x, p) = (size("x"), size("(* x m)"));
            let _ =
                writeln!(claims, "  (<= (* {} {x}) {p} (- (* {} {x}) {x}))", integer(1 << least), integer(1 << above));
        }
        let claim = match terms.len() {
            1 => "a product of numbers within their ranges is within its range",
            _ => {
                "the products of the parts of two numbers, put together, are their product, and each is within its range"
            }
        };
        (format!("{text}(assert (not (and\n{claims})))\n"), claim.to_owned())
    }
}

/// An integer in SMT-LIB.
fn integer(value: i128) -> String {
    if value < 0 { format!("(- {})", value.unsigned_abs()) } else { value.to_string() }
}
