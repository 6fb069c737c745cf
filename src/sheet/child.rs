//! The child process that opens a workbook: confines itself, weighs the archive, tells the cells.
//!
//! It runs as `yingzhu sheet-reader PATH` with an empty environment but for its limits, so that a fault
//! in the parsing libraries meets neither keys nor database. What it finds it prints as JSON lines; what
//! is not allowed ends it, and only it.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, Write};
use std::path::Path;
use std::process::ExitCode;

use calamine::{Data, DataRef, Reader as _, Sheet, SheetType, SheetVisible, Xls, XlsError, Xlsx, XlsxError};

use super::cell::{Cell, Fault};
use super::confine::confine;
use super::limits::Limits;
use super::package::weigh;
use super::wire::{Line, Refusal};

/// The environment variable in which the parent hands over the limits.
pub(super) const LIMITS_VARIABLE: &str = "YINGZHU_SHEET_LIMITS";

/// The first bytes of an OLE file, in which the older workbooks lie.
const OLE: [u8; 4] = *b"\xd0\xcf\x11\xe0";

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
    let mut file = File::open(path).map_err(|_gone| Stop::Refused(Refusal::Damaged))?;
    let size = file.metadata().map_err(|_gone| Stop::Refused(Refusal::Damaged))?.len();
    confine(limits, size).map_err(|_refused| Stop::Refused(Refusal::Unconfined))?;
    let mut start = [0; OLE.len()];
    let old = file.read_exact(&mut start).is_ok() && start == OLE;
    file.rewind().map_err(|_gone| Stop::Refused(Refusal::Damaged))?;
    let mut rows = Rows { limits, out, row: (0, Vec::new()), bytes: 0, zero_formulas: 0 };
    if old {
        read_xls(file, &mut rows)?;
    } else {
        read_xlsx(file, &mut rows)?;
    }
    Ok(rows.zero_formulas)
}

/// The visible worksheets in order; the hidden ones are told with the first.
fn visible(sheets: &[Sheet]) -> Result<(Vec<String>, Vec<String>), Stop> {
    let worksheets = sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let (visible, hidden): (Vec<_>, Vec<_>) =
        worksheets.partition(|sheet| sheet.visible == SheetVisible::Visible);
    if visible.is_empty() {
        return Err(Stop::Refused(Refusal::NoVisibleSheet));
    }
    let names = |sheets: Vec<&Sheet>| sheets.into_iter().map(|sheet| sheet.name.clone()).collect();
    Ok((names(visible), names(hidden)))
}

fn read_xlsx(file: File, rows: &mut Rows<'_, impl Write>) -> Result<(), Stop> {
    let again = file.try_clone().map_err(|_gone| Stop::Refused(Refusal::Damaged))?;
    weigh(BufReader::new(file), rows.limits).map_err(Stop::Refused)?;
    let mut workbook: Xlsx<_> = Xlsx::new(BufReader::new(again))?;
    let (names, mut hidden) = visible(workbook.sheets_metadata())?;
    for name in names {
        say(rows.out, &Line::Sheet { name: name.clone(), hidden: std::mem::take(&mut hidden) })?;
        let mut cells = workbook.worksheet_cells_reader(&name)?;
        while let Some(found) = cells.next_cell_with_formula_metadata()? {
            let formula = found.formula.is_some();
            rows.put(found.pos, cell(&found.value, formula), formula)?;
        }
        rows.finish()?;
    }
    Ok(())
}

/// The older format cannot be streamed: calamine holds the workbook whole, within the child's memory.
fn read_xls(mut file: File, rows: &mut Rows<'_, impl Write>) -> Result<(), Stop> {
    let again = file.try_clone().map_err(|_gone| Stop::Refused(Refusal::Damaged))?;
    let mut workbook: Xls<_> = match Xls::new(BufReader::new(again)) {
        Ok(workbook) => workbook,
        Err(XlsError::Password) => return Err(Stop::Refused(Refusal::Encrypted)),
        Err(XlsError::Cfb(_)) => return Err(Stop::Refused(what_ole_is(&mut file))),
        Err(_) => return Err(Stop::Refused(Refusal::Damaged)),
    };
    let (names, mut hidden) = visible(workbook.sheets_metadata())?;
    for name in names {
        say(rows.out, &Line::Sheet { name: name.clone(), hidden: std::mem::take(&mut hidden) })?;
        let damaged = |_: XlsError| Stop::Refused(Refusal::Damaged);
        let formulas = workbook.worksheet_formula(&name).map_err(damaged)?;
        let range = workbook.worksheet_range(&name).map_err(damaged)?;
        let (first_row, first_column) = range.start().unwrap_or_default();
        for (row, column, value) in range.used_cells() {
            let at = |first: u32, n: usize| first.saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
            let at = (at(first_row, row), at(first_column, column));
            let formula = formulas.get_value(at).is_some_and(|f| !f.is_empty());
            rows.put(at, cell(&borrowed(value), formula), formula)?;
        }
        rows.finish()?;
    }
    Ok(())
}

/// What an OLE file is that holds no workbook stream: a workbook of the newer format with a password, or
/// something else.
fn what_ole_is(file: &mut File) -> Refusal {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut window = Vec::new();
    let mut block = vec![0; 64 * 1024];
    if file.rewind().is_err() {
        return Refusal::Damaged;
    }
    while let Ok(read @ 1..) = file.read(&mut block) {
        window.extend_from_slice(block.get(..read).unwrap_or_default());
        if window.windows(name.len()).any(|part| part == name) {
            return Refusal::Encrypted;
        }
        window.drain(..window.len().saturating_sub(name.len()));
    }
    Refusal::NotAWorkbook
}

/// The rows of the sheet being read, told one by one.
struct Rows<'a, W> {
    limits: &'a Limits,
    out: &'a mut W,
    row: (u32, Vec<Cell>),
    bytes: usize,
    zero_formulas: u64,
}

impl<W: Write> Rows<'_, W> {
    /// Takes the next cell; the cells of a sheet come row by row.
    fn put(&mut self, (row, column): (u32, u32), cell: Cell, formula: bool) -> Result<(), Stop> {
        if cell.is_blank() {
            return Ok(());
        }
        if column >= self.limits.columns {
            return Err(Stop::Refused(Refusal::Columns));
        }
        let number = row.saturating_add(1);
        if number > self.limits.rows {
            return Err(Stop::Refused(Refusal::Rows));
        }
        self.zero_formulas += u64::from(formula && cell == Cell::Number(0.0));
        if number != self.row.0 {
            // Rows come in order in every workbook that a program wrote; a step back is tampering.
            if number < self.row.0 {
                return Err(Stop::Refused(Refusal::Damaged));
            }
            self.tell()?;
            self.row.0 = number;
        }
        if let Cell::Text(text) = &cell {
            self.bytes += text.len();
            if self.bytes > self.limits.row_bytes {
                return Err(Stop::Refused(Refusal::Row));
            }
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if self.row.1.len() <= column {
            self.row.1.resize(column + 1, Cell::Empty);
        }
        if let Some(place) = self.row.1.get_mut(column) {
            *place = cell;
        }
        Ok(())
    }

    fn tell(&mut self) -> Result<(), Stop> {
        self.bytes = 0;
        let (number, cells) = (self.row.0, std::mem::take(&mut self.row.1));
        if cells.is_empty() { Ok(()) } else { say(self.out, &Line::Row(number, cells)) }
    }

    /// Ends the sheet.
    fn finish(&mut self) -> Result<(), Stop> {
        self.tell()?;
        self.row.0 = 0;
        Ok(())
    }
}

fn borrowed(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(n) => DataRef::Int(*n),
        Data::Float(n) => DataRef::Float(*n),
        Data::String(text) | Data::DurationIso(text) => DataRef::SharedString(text),
        Data::Bool(answer) => DataRef::Bool(*answer),
        Data::DateTime(at) => DataRef::DateTime(*at),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
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
