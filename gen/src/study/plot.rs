//! The study as pictures: a panel for each network, a line for each choice.

use anyhow::Result;
use plotters::prelude::*;

use super::configuration::{BITS, Row};
use super::tables::Axis;
use crate::digits::Architecture;
use crate::quantize::percent;

/// Width and height in pixels.
const SIZE: (u32, u32) = (1020, 380);

/// Colours that can be told apart without colour vision, too (Okabe and Ito).
const COLOURS: [RGBColor; 4] =
    [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167)];

/// Every plot with the name of its file.
///
/// # Errors
/// A plot in memory causes none.
pub fn all(rows: &[Row]) -> Result<Vec<(&'static str, String)>> {
    Axis::ALL.into_iter().map(|(axis, name, title)| Ok((name, svg(axis, title, rows)?))).collect()
}

fn svg(axis: Axis, title: &str, rows: &[Row]) -> Result<String> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        root.fill(&WHITE)?;
        let area = root.titled(title, ("sans-serif", 24))?;
        for (panel, architecture) in area.split_evenly((1, 3)).iter().zip(Architecture::ALL) {
            draw(panel, axis, rows, architecture)?;
        }
        root.present()?;
    }
    Ok(text)
}

type Panel<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Accuracy over bits, and floats as a dashed line.
fn draw(panel: &Panel<'_>, axis: Axis, rows: &[Row], architecture: Architecture) -> Result<()> {
    let mut chart = ChartBuilder::on(panel)
        .caption(architecture.name(), ("sans-serif", 20))
        .margin(8)
        .x_label_area_size(42)
        .y_label_area_size(52)
        .build_cartesian_2d(1.8..8.2f64, 0.0..102.0f64)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_labels(7)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .label_style(("sans-serif", 15))
        .axis_desc_style(("sans-serif", 16))
        .x_desc("bits of a weight")
        .y_desc("recognized, percent")
        .draw()?;
    let series = axis.series(rows, architecture);
    let float = series.first().and_then(|(_, rows)| rows.first()).map_or(0.0, |r| percent(r.recognized[0]));
    let ends = [BITS.start(), BITS.end()].map(|&bits| (f64::from(bits), float));
    chart.draw_series(DashedLineSeries::new(ends, 4, 4, BLACK.into()))?;
    for ((name, rows), colour) in series.iter().zip(COLOURS) {
        let point = |r: &Row| (f64::from(r.configuration.bits), percent(r.recognized[1]));
        let line = LineSeries::new(rows.iter().map(point), colour.stroke_width(2)).point_size(3);
        chart
            .draw_series(line)?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .label_font(("sans-serif", 16))
        .draw()?;
    Ok(())
}
