//! Vectors of the blocks that reduce a window to a result.

use anyhow::Result;
use qrtl_golden::operators::{Array, Axis, Window};
use qrtl_golden::{Bounds, Error};
use qrtl_hdl::parameter::Dimension;
use qrtl_random::Random;

use crate::script::Script;

/// An operator of golden over `[batch, height, width, channels]`.
type Pool = fn(&Array, [usize; 2], &Window, Bounds) -> Result<Array, Error>;

/// Writes `count` windows with golden's results within bounds of `[min, max]`.
pub(super) fn windows(
    script: &mut Script,
    random: &mut Random,
    count: usize,
    size: Dimension,
    [min, max]: [i64; 2],
    pool: Pool,
) -> Result<()> {
    let (bounds, most) = (Bounds::new(min, max)?, size.max());
    while script.vectors < count {
        // A reset drops a window that has begun.
        if random.one_in(200) {
            script.flush();
            let begun = random.within(1, most as i128 - 1) as usize;
            values(random, begun).iter().for_each(|&x| send(script, size, x, false));
            script.reset();
        }
        let length = match size {
            Dimension::Fixed(length) => length,
            Dimension::UpTo(most) if random.one_in(10) => most,
            Dimension::UpTo(most) => {
                let most = random.pick(&[4, 9, most]).min(most);
                random.within(1, most as i128) as usize
            }
        };
        let xs = values(random, length);
        let axis = Axis::valid(1, 1);
        let map = Array::new("x", vec![1, 1, length, 1], xs.clone())?;
        let y = pool(&map, [1, length], &Window { rows: axis, cols: axis }, bounds)?.data()[0];
        // A window of the greatest size ends without being told.
        let told = length < most || random.one_in(2);
        for (i, &x) in xs.iter().enumerate() {
            send(script, size, x, i + 1 == length && told);
        }
        script.expect(&[Some(y.into())]);
    }
    script.flush();
    Ok(())
}

/// A value. Only a window whose size is not fixed has a last bit.
fn send(script: &mut Script, size: Dimension, x: i32, last: bool) {
    match size {
        Dimension::Fixed(_) => script.beat(&[x.into()]),
        Dimension::UpTo(_) => script.beat(&[x.into(), last.into()]),
    }
}

/// Values anywhere, or near each other; a few of them make the sum half of the number of values, or one less.
fn values(random: &mut Random, length: usize) -> Vec<i32> {
    let (n, middle) = (length as i128, random.corner(-128, 127));
    let spread = random.pick(&[0, 2, 255]);
    let (lo, hi) = ((middle - spread).max(-128), (middle + spread).min(127));
    let mut xs: Vec<i32> = (0..length).map(|_| random.within(lo, hi) as i32).collect();
    if random.one_in(2) {
        let wanted = n * random.within(-128, 127) + n / 2 - random.within(0, 1);
        for i in 0..length {
            let others: i128 = xs.iter().map(|&x| i128::from(x)).sum::<i128>() - i128::from(xs[i]);
            xs[i] = (wanted - others).clamp(-128, 127) as i32;
        }
    }
    xs
}
