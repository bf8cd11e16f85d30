//! Where the elements of a tensor stand in the activation memory.

/// Height, width and channels of a tensor. A tensor that is no map has its last dimension as channels, and a row of
/// pixels for all other dimensions.
pub(super) fn map_of(shape: &[usize]) -> [usize; 3] {
    match *shape {
        [1, height, width, channels] => [height, width, channels],
        [ref leading @ .., channels] => [1, leading.iter().product(), channels],
        [] => [1, 1, 1],
    }
}

/// The padding of height, width and channels of a tensor, as [`map_of`] sees them; `None` if it pads other dimensions.
pub(super) fn padding_of(shape: &[usize], padding: &[[usize; 2]]) -> Option<[[usize; 2]; 3]> {
    match (shape, padding) {
        ([1, _, _, _], &[[0, 0], rows, cols, channels]) => Some([rows, cols, channels]),
        ([1, _, _], &[[0, 0], cols, channels]) | ([_, _], &[cols, channels]) => Some([[0, 0], cols, channels]),
        ([_], &[channels]) => Some([[0, 0], [0, 0], channels]),
        _ => None,
    }
}

/// The places of the elements of a tensor. Pixels follow each other row by row, all with the same pitch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// rows of pixels
    pub height: usize,
    /// pixels of a row
    pub width: usize,
    /// bytes from a pixel to the next
    pub pitch: usize,
    /// the byte of each channel within its pixel
    pub positions: Vec<usize>,
}

impl Layout {
    /// A layout without gaps, as the input stream brings it.
    pub(super) fn dense(shape: &[usize]) -> Layout {
        let [height, width, channels] = map_of(shape);
        Layout { height, width, pitch: channels, positions: (0..channels).collect() }
    }

    /// The channels of a pixel one after the other, filled up to words of `lanes` bytes.
    pub(super) fn standard(shape: &[usize], lanes: usize) -> Layout {
        let dense = Layout::dense(shape);
        Layout { pitch: dense.pitch.next_multiple_of(lanes), ..dense }
    }

    /// Number of pixels.
    pub fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// The first byte of a pixel that holds a channel, and the byte behind the last one.
    pub(super) fn extent(&self) -> [usize; 2] {
        let first = self.positions.iter().copied().min().unwrap_or(0);
        [first, self.positions.iter().copied().max().map_or(0, |last| last + 1)]
    }

    /// Words from the beginning of a pixel that hold its channels.
    pub(super) fn words(&self, lanes: usize) -> usize {
        self.extent()[1].div_ceil(lanes)
    }

    /// Bytes from the first pixel to the end of the last one.
    pub fn bytes(&self) -> usize {
        self.pixels() * self.pitch
    }

    /// The byte of each element, in the order of elements.
    pub fn addresses(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.pixels())
            .flat_map(move |pixel| self.positions.iter().map(move |position| pixel * self.pitch + position))
    }

    /// Whether the channels of a pixel follow each other from its first byte on.
    pub(super) fn is_in_order(&self) -> bool {
        self.positions.iter().enumerate().all(|(channel, &position)| channel == position)
    }

    /// The same layout; a single pixel ends where a word of `lanes` bytes ends.
    pub(super) fn of_words(self, lanes: usize) -> Layout {
        let pitch = if self.pixels() == 1 { self.pitch.next_multiple_of(lanes) } else { self.pitch };
        Layout { pitch, ..self }
    }

    /// The same bytes as a tensor of another shape, if its elements can be said to have a pitch and positions.
    pub(super) fn reshaped(&self, shape: &[usize]) -> Option<Layout> {
        let [height, width, channels] = map_of(shape);
        let addresses: Vec<usize> = self.addresses().collect();
        let positions = addresses[..channels].to_vec();
        let pitch = match addresses.get(channels) {
            Some(next) => next.checked_sub(addresses[0])?,
            None => self.bytes(),
        };
        let layout = Layout { height, width, pitch, positions };
        let within = layout.extent()[1] <= pitch;
        (within && layout.addresses().eq(addresses)).then_some(layout)
    }
}

/// A layout in a buffer of the activation memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// index of the buffer
    pub(super) buffer: usize,
    /// byte of the buffer at which the first pixel begins
    pub(super) offset: usize,
    pub(super) layout: Layout,
}

impl Place {
    /// Whether each pixel begins at a word of `lanes` bytes, as the lanes read it.
    pub(super) fn is_in_words(&self, lanes: usize) -> bool {
        self.offset.is_multiple_of(lanes) && self.layout.pitch.is_multiple_of(lanes)
    }
}
