//! The digits models.

/// The path of a file of `models/digits`.
pub fn digits(file: &str) -> String {
    format!("{}/../models/digits/{file}", env!("CARGO_MANIFEST_DIR"))
}
