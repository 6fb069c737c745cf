//! The child process that opens a workbook: confines itself, weighs the archive, streams the cells.
//!
//! It runs as `yingzhu sheet-reader PATH` with an empty environment but for its limits, so that a fault
//! in the parsing libraries meets neither keys nor database. What it finds it prints as JSON lines; what
//! is not allowed ends it, and only it.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use calamine::{Data, DataRef, Reader as _, SheetType, SheetVisible, Xlsx, XlsxError};

use super::cell::{Cell, Fault};
use super::confine::confine;
use super::limits::Limits;
use super::package::weigh;
use super::wire::{Line, Refusal};

/// The environment variable in which the parent hands over the limits.
pub(super) const LIMITS_VARIABLE: &str = "YINGZHU_SHEET_LIMITS";

/// Runs the child: reads the workbook and prints it. This is what the command `sheet-reader` does.
pub fn run(path: &Path) -> ExitCode {
    let limits: Limits = std::env::var(LIMITS_VARIABLE)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let mut out = BufWriter::with_capacity(256 * 1024, std::io::stdout().lock());
    let last = match read(path, &limits, &mut out) {
        Ok(zero_formulas) => Line::End { zero_formulas },
        Err(Stop::Refused(refusal)) => Line::Refused(refusal),
        // The parent has had enough and closed the pipe.
        Err(Stop::Pipe) => return ExitCode::FAILURE,
    };
    match say(&mut out, &last).and_then(|()| out.flush().map_err(|_closed| Stop::Pipe)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

enum Stop {
    Refused(Refusal),
    Pipe,
}

impl From<XlsxError> for Stop {
    fn from(error: XlsxError) -> Self {
        Self::Refused(match error {
            XlsxError::FileNotFound(_) | XlsxError::NotAWorksheet(_) => Refusal::NotAWorkbook,
            _ => Refusal::Damaged,
        })
    }
}

fn say(out: &mut impl Write, line: &Line) -> Result<(), Stop> {
    serde_json::to_writer(&mut *out, line).map_err(|_closed| Stop::Pipe)?;
    out.write_all(b"\n").map_err(|_closed| Stop::Pipe)
}

fn read(path: &Path, limits: &Limits, out: &mut impl Write) -> Result<u64, Stop> {
    let open = || File::open(path).map_err(|_gone| Stop::Refused(Refusal::Damaged));
    let file = open()?;
    let size = file.metadata().map_err(|_gone| Stop::Refused(Refusal::Damaged))?.len();
    confine(limits, size).map_err(|_refused| Stop::Refused(Refusal::Unconfined))?;
    weigh(BufReader::new(file), limits).map_err(Stop::Refused)?;

    let mut workbook: Xlsx<_> = Xlsx::new(BufReader::new(open()?))?;
    let sheets = workbook.sheets_metadata().to_vec();
    let (visible, hidden): (Vec<_>, Vec<_>) = sheets
        .into_iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .partition(|sheet| sheet.visible == SheetVisible::Visible);
    if visible.is_empty() {
        return Err(Stop::Refused(Refusal::NoVisibleSheet));
    }
    let mut hidden: Vec<String> = hidden.into_iter().map(|sheet| sheet.name).collect();
    let mut zero_formulas = 0;
    for sheet in visible {
        say(out, &Line::Sheet { name: sheet.name.clone(), hidden: std::mem::take(&mut hidden) })?;
        zero_formulas += stream(&mut workbook, &sheet.name, limits, out)?;
    }
    Ok(zero_formulas)
}

fn stream<R: std::io::Read + std::io::Seek>(
    workbook: &mut Xlsx<R>,
    sheet: &str,
    limits: &Limits,
    out: &mut impl Write,
) -> Result<u64, Stop> {
    let mut cells = workbook.worksheet_cells_reader(sheet)?;
    let mut row: (u32, Vec<Cell>) = (0, Vec::new());
    let mut bytes = 0;
    let mut zero_formulas = 0;
    while let Some(found) = cells.next_cell_with_formula_metadata()? {
        let (row_index, column) = found.pos;
        let formula = found.formula.is_some();
        let cell = cell(&found.value, formula);
        if cell.is_blank() {
            continue;
        }
        if column >= limits.columns {
            return Err(Stop::Refused(Refusal::Columns));
        }
        let number = row_index.saturating_add(1);
        if number > limits.rows {
            return Err(Stop::Refused(Refusal::Rows));
        }
        zero_formulas += u64::from(formula && cell == Cell::Number(0.0));
        if number != row.0 {
            // Rows come in order in every workbook that a program wrote; a step back is tampering.
            if number < row.0 {
                return Err(Stop::Refused(Refusal::Damaged));
            }
            finish_row(&mut row, out)?;
            row.0 = number;
            bytes = 0;
        }
        if let Cell::Text(text) = &cell {
            bytes += text.len();
            if bytes > limits.row_bytes {
                return Err(Stop::Refused(Refusal::Row));
            }
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if row.1.len() <= column {
            row.1.resize(column + 1, Cell::Empty);
        }
        if let Some(place) = row.1.get_mut(column) {
            *place = cell;
        }
    }
    finish_row(&mut row, out)?;
    Ok(zero_formulas)
}

fn finish_row(row: &mut (u32, Vec<Cell>), out: &mut impl Write) -> Result<(), Stop> {
    if row.1.is_empty() {
        return Ok(());
    }
    say(out, &Line::Row(row.0, std::mem::take(&mut row.1)))
}

fn cell(value: &DataRef<'_>, formula: bool) -> Cell {
    match value {
        DataRef::Empty if formula => Cell::Error(Fault::Formula),
        DataRef::Empty => Cell::Empty,
        // A whole number that a double cannot hold is as imprecise as the double.
        DataRef::Int(n) => number(n.to_string().parse().unwrap_or(f64::NAN)),
        DataRef::Float(n) => number(*n),
        DataRef::String(text) | DataRef::DurationIso(text) => Cell::Text(text.clone()),
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::Bool(answer) => Cell::Bool(*answer),
        DataRef::DateTime(_) | DataRef::DateTimeIso(_) => date(value.clone().into()),
        DataRef::Error(_) => Cell::Error(Fault::Value),
    }
}

fn number(n: f64) -> Cell {
    if n.is_finite() { Cell::Number(n) } else { Cell::Error(Fault::Value) }
}

fn date(value: Data) -> Cell {
    use calamine::DataType as _;
    // A serial below 1 is a time of day, and a duration is no date: both stay numbers.
    let serial = match &value {
        Data::DateTime(serial) if serial.as_f64() < 1.0 || serial.is_duration() => Some(serial.as_f64()),
        _ => None,
    };
    match (serial, value.as_datetime()) {
        (Some(n), _) => number(n),
        (None, Some(at)) => Cell::Date(at.date()),
        (None, None) => Cell::Error(Fault::Value),
    }
}
