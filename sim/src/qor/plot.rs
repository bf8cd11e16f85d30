//! Area against clock, as a picture.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;
use qrtl_hdl::targets::Device;

use super::row::Row;

/// Width and height.
const SIZE: (u32, u32) = (900, 560);

/// Draws the measurements on ECP5-25 and on UP5K, with a mark for each block. The marks of baselines are hollow.
///
/// # Errors
/// If the file cannot be written.
pub fn write(rows: &[Row], to: &Path) -> Result<()> {
    let area = SVGBackend::new(to, SIZE).into_drawing_area();
    draw(rows, &area).map_err(|e| anyhow!("{}: {e}", to.display()))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw(rows: &[Row], area: &Area) -> Result<(), Box<dyn std::error::Error>> {
    area.fill(&WHITE)?;
    for (device, half) in [Device::Ecp5Small, Device::Up5k].into_iter().zip(area.split_evenly((1, 2))) {
        let points: Vec<(f64, f64, &Row<'_>)> = rows
            .iter()
            .filter(|r| r.target.device == Some(device) && r.target.flags.is_empty())
            .filter_map(|r| Some((r.measured.area.lut as f64, r.true_mhz()?, r)))
            .collect();
        let most = |f: fn(&(f64, f64, &Row)) -> f64| points.iter().map(f).fold(1.0, f64::max);
        let (widest, fastest) = (1.6 * most(|p| p.0), 1.1 * most(|p| p.1));
        let mut chart = ChartBuilder::on(&half)
            .caption(device.name(), ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(44)
            .build_cartesian_2d((8f64..widest).log_scale(), 0f64..fastest)?;
        chart.configure_mesh().x_desc("LUT").y_desc("MHz").light_line_style(WHITE).draw()?;
        for (x, y, row) in &points {
            let color = if row.subject.is_by_hand() { RED } else { BLUE };
            let style = if row.subject.is_by_hand() { color.stroke_width(1) } else { color.filled() };
            let label = Text::new(row.subject.name.clone(), (6, -5), ("sans-serif", 10));
            chart.draw_series([EmptyElement::at((*x, *y)) + Circle::new((0, 0), 4, style) + label])?;
        }
    }
    area.present()?;
    Ok(())
}
