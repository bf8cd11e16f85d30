//! What a block memory of ECP5 holds from the start, as the parameters of its cell say it.

/// Parameters of a cell that hold words.
const NAMES: [&str; 64] = [
    "INITVAL_00",
    "INITVAL_01",
    "INITVAL_02",
    "INITVAL_03",
    "INITVAL_04",
    "INITVAL_05",
    "INITVAL_06",
    "INITVAL_07",
    "INITVAL_08",
    "INITVAL_09",
    "INITVAL_0A",
    "INITVAL_0B",
    "INITVAL_0C",
    "INITVAL_0D",
    "INITVAL_0E",
    "INITVAL_0F",
    "INITVAL_10",
    "INITVAL_11",
    "INITVAL_12",
    "INITVAL_13",
    "INITVAL_14",
    "INITVAL_15",
    "INITVAL_16",
    "INITVAL_17",
    "INITVAL_18",
    "INITVAL_19",
    "INITVAL_1A",
    "INITVAL_1B",
    "INITVAL_1C",
    "INITVAL_1D",
    "INITVAL_1E",
    "INITVAL_1F",
    "INITVAL_20",
    "INITVAL_21",
    "INITVAL_22",
    "INITVAL_23",
    "INITVAL_24",
    "INITVAL_25",
    "INITVAL_26",
    "INITVAL_27",
    "INITVAL_28",
    "INITVAL_29",
    "INITVAL_2A",
    "INITVAL_2B",
    "INITVAL_2C",
    "INITVAL_2D",
    "INITVAL_2E",
    "INITVAL_2F",
    "INITVAL_30",
    "INITVAL_31",
    "INITVAL_32",
    "INITVAL_33",
    "INITVAL_34",
    "INITVAL_35",
    "INITVAL_36",
    "INITVAL_37",
    "INITVAL_38",
    "INITVAL_39",
    "INITVAL_3A",
    "INITVAL_3B",
    "INITVAL_3C",
    "INITVAL_3D",
    "INITVAL_3E",
    "INITVAL_3F",
];

/// Units of a parameter.
const UNITS: usize = 32;

/// Parameters for words of `width` bits, which is a width that the cell has. `INITVAL_00` is always among them, and others
/// that are 0 are not.
///
/// The memory consists of units of 9 bits. Words of 1, 2 and 4 bits leave the last bit of each unit out. A parameter has 32
/// units, and 2 bits of nothing behind each two. Yosys fills the cells that it infers in this way, and nextpnr reads it.
pub(super) fn parameters(words: &[i128], width: u32) -> Vec<(&'static str, String)> {
    let (width, unit_bits) = (width as usize, if width < 9 { 8 } else { 9 });
    let mut units = vec![0_u32; UNITS * NAMES.len()];
    for (address, word) in words.iter().enumerate() {
        for bit in (0..width).filter(|bit| word >> bit & 1 == 1) {
            let place = address * width + bit;
            units[place / unit_bits] |= 1 << (place % unit_bits);
        }
    }
    let parameter = |units: &[u32]| -> String {
        let pairs = units.chunks(2).rev().map(|pair| format!("{:05x}", pair[1] << 9 | pair[0]));
        format!("320'h{}", pairs.collect::<String>())
    };
    let all = NAMES.into_iter().zip(units.chunks(UNITS)).enumerate();
    let said = all.filter(|(i, (_, units))| *i == 0 || units.iter().any(|&unit| unit != 0));
    said.map(|(_, (name, units))| (name, parameter(units))).collect()
}
