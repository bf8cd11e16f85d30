//! The requirements on the tensors of operators that enlarge or shrink an image.

use super::operands::Operands;
use crate::graph::Operator;
use crate::import::Runtime;
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
            self.check_bilinear_is_known(alignment)?;
            let axis = |sizes| Between::all(sizes, alignment);
            return Ok(Operator::ResizeBilinear { rows: axis([height, rows]), cols: axis([width, cols]) });
        }
        let axis = |[input, output]: [usize; 2]| (0..output).map(|i| nearest(i, [input, output], alignment)).collect();
        let all = |size| (0..size).collect();
        Ok(Operator::Select { indices: vec![all(batch), axis([height, rows]), axis([width, cols]), all(channels)] })
    }

    fn check_bilinear_is_known(&self, alignment: Alignment) -> Result<(), String> {
        match self.runtime {
            _ if alignment.align_corners && alignment.half_pixel_centers => {
                Err("align_corners and half_pixel_centers are both set: no runtime takes this".to_owned())
            }
            Runtime::Tflm | Runtime::LitertReference => Ok(()),
            Runtime::LitertBuiltin | Runtime::Xnnpack => {
                Err("what LiteRT's own kernel and XNNPACK compute here is not known to the last bit".to_owned())
            }
        }
    }
}
