//! The places where a requantizer can have register ranks.

/// A place for a register rank, in the order of the data path. The places between `Operands` and `Product` lie within
/// the product. The four multipliers of a chain (`ice40/chain.rs`), and a product in passes, have
/// registers of their own there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// behind the sum of accumulator and bias: the operands of the product
    Operands,
    /// within the multipliers; in a chain behind its first sum
    Multiply,
    /// behind the multipliers; in a chain behind its second sum
    Partial,
    /// behind the first addition of products; in a chain behind its third sum; in passes behind the product that a pass
    /// adds
    Middle,
    /// behind the second of three additions; in passes behind the halves of the operands that a pass takes
    Join,
    /// behind the product
    Product,
    /// behind the shifts by 8 places and more
    Wide,
    /// behind the shift by 4 places
    Narrow,
    /// behind the other shifts
    Fine,
    /// behind the addition of the zero point
    Offset,
    /// behind the comparison with the bounds
    Compare,
    /// behind the selection among the value and the bounds
    Result,
}

impl Place {
    /// Every place.
    pub const ALL: [Place; 12] = [
        Place::Operands,
        Place::Multiply,
        Place::Partial,
        Place::Middle,
        Place::Join,
        Place::Product,
        Place::Wide,
        Place::Narrow,
        Place::Fine,
        Place::Offset,
        Place::Compare,
        Place::Result,
    ];
}

/// The places that have a rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registered(&'static [Place]);

impl Registered {
    /// The first `ranks` places of `order`.
    ///
    /// # Panics
    /// If there are fewer places.
    pub fn first(ranks: usize, order: &'static [Place]) -> Registered {
        Registered(&order[..ranks])
    }

    /// Whether there is a rank at `place`.
    pub fn at(self, place: Place) -> bool {
        self.0.contains(&place)
    }

    /// The number of `places` that have a rank.
    pub fn count(self, places: &[Place]) -> usize {
        places.iter().filter(|place| self.at(**place)).count()
    }
}
