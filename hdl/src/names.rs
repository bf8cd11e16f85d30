//! Names that are legal, unique and never a keyword, and the fingerprint that tells modules of the same name apart.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Keywords of SystemVerilog (IEEE 1800-2017): Verilator reads `.v` files as SystemVerilog.
const KEYWORDS: &str = "accept_on alias always always_comb always_ff always_latch and assert assign assume automatic \
before begin bind bins binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle checker class clocking \
cmos config const constraint context continue cover covergroup coverpoint cross deassign default defparam design \
disable dist do edge else end endcase endchecker endclass endclocking endconfig endfunction endgenerate endgroup \
endinterface endmodule endpackage endprimitive endprogram endproperty endsequence endspecify endtable endtask enum \
event eventually expect export extends extern final first_match for force foreach forever fork forkjoin function \
generate genvar global highz0 highz1 if iff ifnone ignore_bins illegal_bins implements implies import incdir include \
initial inout input inside instance int integer interconnect interface intersect join join_any join_none large let \
liblist library local localparam logic longint macromodule matches medium modport module nand negedge nettype new \
nexttime nmos nor noshowcancelled not notif0 notif1 null or output package packed parameter pmos posedge primitive \
priority program property protected pull0 pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent pure rand \
randc randcase randsequence rcmos real realtime ref reg reject_on release repeat restrict return rnmos rpmos rtran \
rtranif0 rtranif1 s_always s_eventually s_nexttime s_until s_until_with scalared sequence shortint shortreal \
showcancelled signed small soft solve specify specparam static string strong strong0 strong1 struct super supply0 \
supply1 sync_accept_on sync_reject_on table tagged task this throughout time timeprecision timeunit tran tranif0 \
tranif1 tri tri0 tri1 triand trior trireg type typedef union unique unique0 unsigned until until_with untyped use \
uwire var vectored virtual void wait wait_order wand weak weak0 weak1 while wildcard wire with within wor xnor xor";

/// Whether `word` is a keyword of Verilog or SystemVerilog.
pub fn is_keyword(word: &str) -> bool {
    // This is asked for every name of every instance.
    static SET: LazyLock<HashSet<&str>> = LazyLock::new(|| KEYWORDS.split(' ').collect());
    SET.contains(word)
}

/// `base_i` with the least `i >= from` that is not `used`.
pub(crate) fn first_free(base: &str, from: usize, used: impl Fn(&str) -> bool) -> String {
    let mut numbered = (from..).map(|i| format!("{base}_{i}"));
    numbered.find(|n| !used(n)).expect("there is always one more number")
}

/// Digits of a [`fingerprint`].
const DIGITS: usize = 8;

/// Eight hexadecimal digits that follow from `text`: FNV-1a of 64 bits, with its halves folded.
fn fingerprint(text: &str) -> String {
    let step = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3);
    let h = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    format!("{:0DIGITS$x}", (h >> 32) ^ (h & 0xffff_ffff))
}

/// The name of a module that is not a top: `base`, and a fingerprint of its text. Equal names have equal texts, whatever
/// block, target or shape they come from, so that one tool can read them together.
pub(crate) fn module_name(base: &str, text: &str) -> String {
    format!("{base}_{}", fingerprint(text))
}

/// The name of a module without its fingerprint: `drain` of `drain_3f9a1c02`. A top has no fingerprint.
pub fn base_name(module: &str) -> &str {
    let hexadecimal = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    match module.rsplit_once('_') {
        Some((base, digits)) if digits.len() == DIGITS && digits.chars().all(hexadecimal) => base,
        _ => module,
    }
}

/// The names of one module.
#[derive(Debug, Default)]
pub(crate) struct Names {
    used: HashSet<String>,
}

impl Names {
    /// `wanted`, made legal and, by a number, unique.
    pub(crate) fn fresh(&mut self, wanted: &str) -> String {
        // A `$` comes only from RustHDL, which has joined its own names with it.
        let legal = |c: char| if c.is_ascii_alphanumeric() || c == '$' { c } else { '_' };
        let mut base: String = wanted.chars().map(legal).collect();
        if base.is_empty() || base.starts_with(|c: char| c.is_ascii_digit()) {
            base.insert(0, 'n');
        }
        if is_keyword(&base) {
            base.push('_');
        }
        if self.used.insert(base.clone()) {
            return base;
        }
        let name = first_free(&base, 2, |n| self.used.contains(n));
        self.used.insert(name.clone());
        name
    }

    /// A name for a net that the description did not name: `sum_1`, `sum_2`.
    pub(crate) fn numbered(&mut self, what: &str) -> String {
        let name = first_free(what, 1, |n| self.used.contains(n));
        self.used.insert(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_named_after_its_text() {
        let [one, other] = ["endmodule\n", "endmodule \n"].map(|text| module_name("drain_2", text));
        assert_ne!(one, other);
        assert_eq!([base_name(&one), base_name(&other)], ["drain_2"; 2]);
        assert_eq!(base_name("outlet_2_16"), "outlet_2_16");
        // The digits must be the same on another machine, and tomorrow.
        assert_eq!(fingerprint("hello"), "249a654d");
    }

    #[test]
    fn names_are_legal_and_unique() {
        let mut names = Names::default();
        assert_eq!(names.fresh("bit"), "bit_");
        assert_eq!(names.fresh("pe-1"), "pe_1");
        assert_eq!(names.fresh("pe_1"), "pe_1_2");
        assert_eq!(names.fresh("3x"), "n3x");
        assert_eq!(names.numbered("sum"), "sum_1");
        assert_eq!(names.numbered("sum"), "sum_2");
    }
}
