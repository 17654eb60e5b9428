//! Where on the worksheet each part of a sheet falls.

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};
use rust_xlsxwriter::{ExcelDateTime, Format, Worksheet, XlsxError};

use super::styles::{self, Kind};
use crate::domain::time::vietnam;
use crate::sheet::{Align, Cell, Row, RowStyle, Sheet, Signature, Value, places};

/// Paper size 9 of the format is A4.
const A4: u8 = 9;
/// Height of a line of text, in points.
const LINE: f64 = 16.0;
/// Rows left free for hands to sign in.
const SIGNING_ROWS: u32 = 4;
/// Integers beyond it lose digits in a spreadsheet's floating numbers; they are written as text.
const EXACT: i64 = 1 << 53;

/// Writes a worksheet from top to bottom.
pub struct Layout<'a> {
    frame: &'a Sheet,
    /// The next row to be written.
    next: u32,
    last_column: u16,
    /// Formats already made: a list has a million cells and a dozen formats.
    formats: Vec<((RowStyle, Align, Kind), Format)>,
}

impl<'a> Layout<'a> {
    pub fn begin(worksheet: &mut Worksheet, frame: &'a Sheet) -> Result<Self, XlsxError> {
        let last_column = u16::try_from(frame.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
        let mut layout = Self { frame, next: 0, last_column, formats: Vec::new() };
        for (column, place) in frame.columns.iter().zip(0..) {
            worksheet.set_column_width(place, column.width)?;
        }
        layout.national_heading(worksheet)?;
        layout.titles(worksheet)?;
        let first = layout.next;
        layout.heading(worksheet)?;
        layout.page(worksheet, first)?;
        Ok(layout)
    }

    /// Text over columns `from..=to` of the next row.
    fn span(&self, worksheet: &mut Worksheet, ends: (u16, u16), text: &str, format: &Format) -> Result<(), XlsxError> {
        let (from, to) = ends;
        if from < to {
            worksheet.merge_range(self.next, from, self.next, to, text, format)?;
        } else {
            worksheet.write_string_with_format(self.next, from, text, format)?;
        }
        Ok(())
    }

    /// The same over the whole width, as high as the text needs.
    fn line(&mut self, worksheet: &mut Worksheet, text: &str, format: &Format) -> Result<(), XlsxError> {
        let lines = lines(text, self.width(0, self.frame.columns.len()));
        worksheet.set_row_height(self.next, LINE * f64::from(lines) + 2.0)?;
        self.span(worksheet, (0, self.last_column), text, format)?;
        self.next += 1;
        Ok(())
    }

    fn width(&self, from: usize, count: usize) -> f64 {
        self.frame.columns.iter().skip(from).take(count).map(|column| column.width).sum()
    }

    /// The first column right of the middle of the page.
    fn middle(&self) -> u16 {
        let half = self.width(0, self.frame.columns.len()) / 2.0;
        let left = (1..self.last_column).find(|count| self.width(0, usize::from(*count)) >= half * 0.9);
        left.unwrap_or(self.last_column)
    }

    fn national_heading(&mut self, worksheet: &mut Worksheet) -> Result<(), XlsxError> {
        let agency = &self.frame.agency;
        if agency.is_empty() {
            return Ok(());
        }
        let motto = [
            ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", styles::bold()),
            ("Độc lập - Tự do - Hạnh phúc", styles::underlined()),
        ];
        let middle = self.middle();
        if middle == 0 {
            // One column has no left and right.
            for (text, format) in &motto {
                self.line(worksheet, text, format)?;
            }
            for text in agency {
                self.line(worksheet, text, &styles::bold())?;
            }
        } else {
            for i in 0..agency.len().max(motto.len()) {
                worksheet.set_row_height(self.next, LINE + 2.0)?;
                if let Some(text) = agency.get(i) {
                    let format = if i + 1 == agency.len() { styles::bold() } else { styles::centered() };
                    self.span(worksheet, (0, middle - 1), text, &format)?;
                }
                if let Some((text, format)) = motto.get(i) {
                    self.span(worksheet, (middle, self.last_column), text, format)?;
                }
                self.next += 1;
            }
        }
        self.next += 1;
        Ok(())
    }

    fn titles(&mut self, worksheet: &mut Worksheet) -> Result<(), XlsxError> {
        if !self.frame.form.is_empty() {
            self.line(worksheet, &self.frame.form, &styles::form())?;
        }
        self.line(worksheet, &self.frame.title, &styles::title())?;
        for text in &self.frame.subtitle {
            self.line(worksheet, text, &styles::italic())?;
        }
        self.next += 1;
        Ok(())
    }

    fn heading(&mut self, worksheet: &mut Worksheet) -> Result<(), XlsxError> {
        let format = styles::heading();
        let placed = places(&self.frame.heading);
        for row in 0..self.frame.heading.len() {
            let here = placed.iter().filter(|place| place.row == row);
            let heights = here.clone().map(|place| {
                let width = self.width(place.col, place.cell.cols);
                f64::from(lines(&place.cell.text, width)) * LINE / f64_of(place.cell.rows)
            });
            let height = heights.fold(LINE, f64::max) + 4.0;
            worksheet.set_row_height(self.next, height.ceil())?;
            for place in here {
                let (bottom, right) = (place.cell.rows.max(1) - 1, place.col + place.cell.cols.max(1) - 1);
                let bottom = self.next + u32::try_from(bottom).unwrap_or(0);
                let (left, right) = (column(place.col), column(right));
                if bottom > self.next || right > left {
                    worksheet.merge_range(self.next, left, bottom, right, &place.cell.text, &format)?;
                } else {
                    worksheet.write_string_with_format(self.next, left, &place.cell.text, &format)?;
                }
            }
            self.next += 1;
        }
        if !self.frame.numbers.is_empty() {
            let format = styles::number_row();
            for (number, place) in self.frame.numbers.iter().zip(0..) {
                worksheet.write_string_with_format(self.next, place, number, &format)?;
            }
            self.next += 1;
        }
        Ok(())
    }

    fn page(&self, worksheet: &mut Worksheet, first: u32) -> Result<(), XlsxError> {
        worksheet.set_paper_size(A4);
        if self.frame.landscape {
            worksheet.set_landscape();
        }
        worksheet.set_print_fit_to_pages(1, 0);
        worksheet.set_print_center_horizontally(true);
        worksheet.set_margins(0.6, 0.4, 0.6, 0.6, 0.3, 0.3);
        worksheet.set_footer("&C&\"Times New Roman,Regular\"&10Trang &P/&N");
        if self.next > first {
            worksheet.set_repeat_rows(first, self.next - 1)?;
        }
        // A tall heading would leave no room to scroll in.
        if self.frame.agency.is_empty() {
            worksheet.set_freeze_panes(self.next, 0)?;
        }
        Ok(())
    }

    pub fn row(&mut self, worksheet: &mut Worksheet, row: &Row) -> Result<(), XlsxError> {
        for (i, cell) in row.cells.iter().enumerate() {
            let align = self.frame.columns.get(i).map_or(Align::Left, |column| column.align);
            let key = (row.style, align, Kind::of(&cell.value));
            let known = self.formats.iter().position(|(other, _)| *other == key);
            let place = known.unwrap_or_else(|| {
                self.formats.push((key, styles::cell(key.0, key.1, key.2)));
                self.formats.len() - 1
            });
            write(worksheet, (self.next, column(i)), cell, &self.formats[place].1)?;
        }
        self.next += 1;
        Ok(())
    }

    pub fn finish(&mut self, worksheet: &mut Worksheet) -> Result<(), XlsxError> {
        if !self.frame.notes.is_empty() {
            self.next += 1;
        }
        for note in &self.frame.notes {
            self.line(worksheet, note, &styles::note())?;
        }
        let count = u16::try_from(self.frame.signatures.len()).unwrap_or(u16::MAX);
        if count == 0 {
            return Ok(());
        }
        self.next += 1;
        let parts: [(fn(&Signature) -> &str, Format); 3] = [
            (|one| &one.place, styles::italic()),
            (|one| &one.title, styles::bold()),
            (|one| &one.note, styles::italic()),
        ];
        let columns = self.last_column + 1;
        for (part, format) in parts {
            for (one, place) in self.frame.signatures.iter().zip(0..count) {
                let from = columns * place / count;
                let to = (columns * (place + 1) / count).max(from + 1) - 1;
                self.span(worksheet, (from, to.min(self.last_column)), part(one), &format)?;
            }
            self.next += 1;
        }
        self.next += SIGNING_ROWS;
        // Something has to stand there, or the print area ends above the signatures.
        worksheet.write_blank(self.next, 0, &styles::plain())?;
        Ok(())
    }
}

/// Years that a spreadsheet knows.
const CALENDAR: std::ops::RangeInclusive<i32> = 1900..=9999;

fn write(worksheet: &mut Worksheet, at: (u32, u16), cell: &Cell, format: &Format) -> Result<(), XlsxError> {
    let (row, column) = at;
    match &cell.value {
        Value::Empty => worksheet.write_blank(row, column, format)?,
        Value::Text(text) => worksheet.write_string_with_format(row, column, text, format)?,
        Value::Integer(number) if number.abs() <= EXACT => {
            #[expect(clippy::cast_precision_loss, reason = "within 53 bits nothing is lost")]
            let number = *number as f64;
            worksheet.write_number_with_format(row, column, number, format)?
        }
        Value::Integer(number) => worksheet.write_string_with_format(row, column, number.to_string(), format)?,
        Value::Decimal(text) => match text.parse::<f64>() {
            Ok(number) => worksheet.write_number_with_format(row, column, number, format)?,
            Err(_) => worksheet.write_string_with_format(row, column, text, format)?,
        },
        // The spreadsheet's calendar begins in 1900; what lies outside stands as text.
        Value::Date(date) if !CALENDAR.contains(&date.year()) => {
            worksheet.write_string_with_format(row, column, date.to_string(), format)?
        }
        Value::Date(date) => {
            let date = moment(*date, NaiveTime::MIN)?;
            worksheet.write_datetime_with_format(row, column, &date, format)?
        }
        Value::Instant(at) => {
            let local = at.with_timezone(&vietnam());
            let moment = moment(local.date_naive(), local.time())?;
            worksheet.write_datetime_with_format(row, column, &moment, format)?
        }
    };
    Ok(())
}

/// A moment of the spreadsheet's own calendar, to the second.
pub fn moment(date: NaiveDate, time: NaiveTime) -> Result<ExcelDateTime, XlsxError> {
    let small = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
    let day = ExcelDateTime::from_ymd(
        u16::try_from(date.year()).unwrap_or(u16::MAX),
        small(date.month()),
        small(date.day()),
    )?;
    day.and_hms(u16::try_from(time.hour()).unwrap_or(0), small(time.minute()), f64::from(time.second()))
}

fn column(place: usize) -> u16 {
    u16::try_from(place).unwrap_or(u16::MAX)
}

fn f64_of(count: usize) -> f64 {
    f64::from(u32::try_from(count.max(1)).unwrap_or(u32::MAX))
}

/// Lines that a text takes in a column `width` characters wide; spreadsheets do not grow merged rows themselves.
fn lines(text: &str, width: f64) -> u32 {
    let width = width.max(1.0);
    let wrapped = |line: &str| (f64_of(line.chars().count()) * 1.15 / width).ceil().max(1.0);
    let total: f64 = text.lines().map(wrapped).sum();
    (1..=40).find(|count| f64::from(*count) >= total).unwrap_or(40)
}
