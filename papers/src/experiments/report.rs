//! Reports: a table, a plot and findings, written as text, CSV, SVG and Markdown.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use comfy_table::{Table, presets::ASCII_MARKDOWN};
use indicatif::{ProgressBar, ProgressStyle};
use plotters::prelude::*;

use super::claims::{Claim, Verdict};

pub(crate) struct Report {
    pub(crate) header: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) chart: Chart,
    /// Further files.
    pub(crate) attached: Vec<Attachment>,
    /// Sentences computed from the figures.
    pub(crate) findings: Vec<String>,
    /// A verdict on each claim of the experiment, in their order.
    pub(crate) verdicts: Vec<Verdict>,
    /// The limits of the experiment, after "Not shown: ".
    pub(crate) caveat: &'static str,
}

/// A file beside those of the report, whose name is that of the experiment, a hyphen and a suffix.
pub(crate) enum Attachment {
    /// A plot, which the page shows.
    Chart { suffix: &'static str, chart: Chart },
    /// Figures as CSV, to which the page links.
    Table {
        suffix: &'static str,
        header: Vec<&'static str>,
        rows: Vec<Vec<String>>,
    },
}

/// Lines over common axes.
pub(crate) struct Chart {
    pub(crate) x: &'static str,
    pub(crate) y: &'static str,
    pub(crate) logarithmic: bool,
    pub(crate) lines: Vec<Line>,
}

pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Creates a progress bar.
pub(crate) fn progress(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed}")
        .expect("the template is valid");
    ProgressBar::new(steps as u64).with_style(style)
}

impl Report {
    pub(crate) fn print(&self, claims: &[Claim]) {
        print!("{}", self.table());
        println!();
        for finding in &self.findings {
            println!("- {finding}");
        }
        println!("\nNot shown: {}\n\n{}", self.caveat, self.judged(claims));
    }

    /// Returns each claim with its verdict.
    fn judged(&self, claims: &[Claim]) -> String {
        assert_eq!(
            claims.len(),
            self.verdicts.len(),
            "each claim has a verdict"
        );
        let judged = claims.iter().zip(&self.verdicts).map(|(claim, verdict)| {
            format!(
                "{}. ({})\n\n- Falsified if {}.\n- Measured: {}\n- Concluded: {}.\n\n",
                claim.text, claim.by, claim.falsified, verdict.measured, verdict.outcome
            )
        });
        judged.collect()
    }

    /// Writes `name.csv`, `name.svg`, `name.md` and the attachments, and returns their paths.
    pub(crate) fn write(
        &self,
        name: &str,
        question: &str,
        claims: &[Claim],
        folder: &Path,
    ) -> Result<Vec<PathBuf>, Box<dyn Error>> {
        fs::create_dir_all(folder)?;
        let file = |extension| folder.join(name).with_extension(extension);
        write_csv(&file("csv"), &self.header, &self.rows)?;
        self.chart.draw(&file("svg"))?;
        fs::write(file("md"), self.page(name, question, claims))?;
        let mut files = vec![file("csv"), file("svg"), file("md")];
        for attachment in &self.attached {
            let file = folder.join(attachment.file_name(name));
            attachment.write(&file)?;
            files.push(file);
        }
        Ok(files)
    }

    fn page(&self, name: &str, question: &str, claims: &[Claim]) -> String {
        let findings: Vec<_> = self.findings.iter().map(|f| format!("- {f}\n")).collect();
        let attached = self.attached.iter().map(|a| a.reference(name));
        let attached: Vec<_> = attached.collect();
        format!(
            "# {name}\n\n{question}\n\n{}{}\n![{name}]({name}.svg)\n\n{}{}\nNot shown: {}\n\n\
             Run on {} hardware threads by `cargo papers run {name}`.\n",
            self.judged(claims),
            findings.concat(),
            attached.concat(),
            self.table(),
            self.caveat,
            std::thread::available_parallelism().map_or(0, usize::from),
        )
    }

    /// Returns the table in Markdown.
    fn table(&self) -> String {
        let mut table = Table::new();
        table
            .load_style(ASCII_MARKDOWN)
            .set_header(&self.header)
            .add_rows(&self.rows);
        format!("{table}\n")
    }
}

/// The part of the axis, beyond its figures, that is left to the legend.
const LEGEND: f64 = 0.3;

/// Dark enough for thin lines on white.
const COLOURS: [RGBColor; 14] = [
    RGBColor(31, 119, 180),
    RGBColor(214, 39, 40),
    RGBColor(44, 160, 44),
    RGBColor(148, 103, 189),
    RGBColor(255, 127, 14),
    RGBColor(0, 0, 0),
    RGBColor(23, 170, 190),
    RGBColor(140, 86, 75),
    RGBColor(227, 80, 170),
    RGBColor(150, 150, 20),
    RGBColor(127, 127, 127),
    RGBColor(0, 90, 50),
    RGBColor(110, 0, 60),
    RGBColor(70, 70, 160),
];

/// Returns the label of a tick.
fn tick(x: &f64) -> String {
    format!("{}", (x * 1000.0).round() / 1000.0)
}

impl Attachment {
    fn file_name(&self, experiment: &str) -> String {
        match self {
            Self::Chart { suffix, .. } => format!("{experiment}-{suffix}.svg"),
            Self::Table { suffix, .. } => format!("{experiment}-{suffix}.csv"),
        }
    }

    /// Returns the plot or the link, in Markdown.
    fn reference(&self, experiment: &str) -> String {
        let file = self.file_name(experiment);
        match self {
            Self::Chart { suffix, .. } => format!("![{suffix}]({file})\n\n"),
            Self::Table { suffix, .. } => format!("Figures: [{suffix}]({file})\n\n"),
        }
    }

    fn write(&self, file: &Path) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Chart { chart, .. } => chart.draw(file),
            Self::Table { header, rows, .. } => write_csv(file, header, rows),
        }
    }
}

fn write_csv(file: &Path, header: &[&str], rows: &[Vec<String>]) -> Result<(), Box<dyn Error>> {
    let mut csv = csv::Writer::from_path(file)?;
    csv.write_record(header)?;
    for row in rows {
        csv.write_record(row)?;
    }
    csv.flush()?;
    Ok(())
}

impl Chart {
    fn draw(&self, file: &Path) -> Result<(), Box<dyn Error>> {
        let area = SVGBackend::new(file, (860, 480)).into_drawing_area();
        area.fill(&WHITE)?;
        let all = || self.lines.iter().flat_map(|line| &line.points);
        let most = |pick: fn(&(f64, f64)) -> f64| all().map(pick).fold(1.0, f64::max);
        let (x_most, y_most) = (most(|point| point.0), most(|point| point.1) * 1.05);
        let x_least = all().map(|point| point.0).fold(x_most, f64::min);
        let mut builder = ChartBuilder::on(&area);
        builder
            .margin(12)
            .x_label_area_size(48)
            .y_label_area_size(76);
        // A macro, because the two kinds of axis have different types.
        macro_rules! draw_on {
            ($x:expr) => {{
                let mut chart = builder.build_cartesian_2d($x, 0.0..y_most)?;
                chart
                    .configure_mesh()
                    .x_desc(self.x)
                    .y_desc(self.y)
                    .x_labels(6)
                    .x_label_formatter(&tick)
                    .y_label_formatter(&tick)
                    .label_style(("sans-serif", 17))
                    .axis_desc_style(("sans-serif", 18))
                    .max_light_lines(1)
                    .draw()?;
                for (number, line) in self.lines.iter().enumerate() {
                    let colour = COLOURS[number % COLOURS.len()];
                    let series =
                        LineSeries::new(line.points.iter().copied(), colour.stroke_width(2))
                            .point_size(3);
                    chart
                        .draw_series(series)?
                        .label(&line.name)
                        .legend(move |(x, y)| {
                            PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2))
                        });
                }
                chart
                    .configure_series_labels()
                    .label_font(("sans-serif", 16))
                    .background_style(WHITE.mix(0.85))
                    .border_style(BLACK.mix(0.3))
                    .draw()?;
            }};
        }
        if self.logarithmic {
            let x_least = x_least.max(1.0);
            draw_on!((x_least..x_most * (x_most / x_least).powf(LEGEND)).log_scale());
        } else {
            draw_on!(x_least..x_most + (x_most - x_least) * LEGEND);
        }
        area.present()?;
        Ok(())
    }
}
