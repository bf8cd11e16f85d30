//! The requirements on the tensors of operators that enlarge or shrink an image.

use super::operands::Operands;
use crate::graph::Operator;
use crate::operators::{Alignment, Between, nearest};

impl Operands<'_> {
    /// RESIZE_NEAREST_NEIGHBOR or RESIZE_BILINEAR of int8.
    pub(super) fn resize(&self, input: usize, output: usize, alignment: Alignment) -> Result<Operator, String> {
        self.moved(&[input], output)?;
        let [batch, height, width, channels] = self.sizes(input)?;
        let given = self.known(1, "height and width")?;
        let size = |v: &i64| usize::try_from(*v).ok().filter(|&size| size > 0);
        let (Some(rows), Some(cols), 2) = (given.first().and_then(size), given.get(1).and_then(size), given.len())
        else {
            return Err(format!("height and width are {given:?}: must be two numbers above 0"));
        };
        self.check_shape(output, [batch, rows, cols, channels].into_iter())?;
        if &*self.operator.name == "RESIZE_BILINEAR" {
            if alignment.align_corners && alignment.half_pixel_centers {
                return Err("align_corners and half_pixel_centers are both set: no runtime takes this".to_owned());
            }
            self.check_reference()?;
            let axis = |sizes| Between::all(sizes, alignment);
            return Ok(Operator::ResizeBilinear { rows: axis([height, rows]), cols: axis([width, cols]) });
        }
        let axis = |[input, output]: [usize; 2]| (0..output).map(|i| nearest(i, [input, output], alignment)).collect();
        let all = |size| (0..size).collect();
        Ok(Operator::Select { indices: vec![all(batch), axis([height, rows]), axis([width, cols]), all(channels)] })
    }
}
