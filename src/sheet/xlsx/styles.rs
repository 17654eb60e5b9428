//! The few cell formats of a printed report.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, FormatUnderline};

use crate::sheet::{Align, RowStyle, Value};

/// The family of official documents (Nghị định 30/2020).
const FONT: &str = "Times New Roman";

pub fn plain() -> Format {
    Format::new().set_font_name(FONT).set_font_size(12).set_align(FormatAlign::VerticalCenter)
}

pub fn centered() -> Format {
    plain().set_align(FormatAlign::Center).set_text_wrap()
}

pub fn bold() -> Format {
    centered().set_bold()
}

pub fn underlined() -> Format {
    bold().set_underline(FormatUnderline::Single)
}

pub fn title() -> Format {
    bold().set_font_size(14)
}

pub fn italic() -> Format {
    centered().set_italic()
}

/// Number of the form, at the right margin.
pub fn form() -> Format {
    plain().set_italic().set_align(FormatAlign::Right)
}

pub fn note() -> Format {
    plain().set_font_size(11).set_align(FormatAlign::Left).set_text_wrap()
}

pub fn heading() -> Format {
    bold().set_font_size(11).set_border(FormatBorder::Thin)
}

pub fn number_row() -> Format {
    italic().set_font_size(10).set_border(FormatBorder::Thin)
}

/// How values are shown. Grouping and decimal marks follow the reader's locale: `1.234,50` in Vietnam.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    /// With this many decimals.
    Decimal(usize),
    Date,
    Instant,
}

impl Kind {
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Empty | Value::Text(_) => Self::Text,
            Value::Integer(_) => Self::Integer,
            Value::Decimal(number) => Self::Decimal(number.split_once('.').map_or(0, |(_, rest)| rest.len())),
            Value::Date(_) => Self::Date,
            Value::Instant(_) => Self::Instant,
        }
    }

    fn pattern(self) -> Option<String> {
        match self {
            Self::Text => None,
            Self::Integer | Self::Decimal(0) => Some("#,##0".to_owned()),
            Self::Decimal(places) => Some(format!("#,##0.{}", "0".repeat(places))),
            Self::Date => Some("dd/mm/yyyy".to_owned()),
            Self::Instant => Some("dd/mm/yyyy hh:mm".to_owned()),
        }
    }
}

/// A cell of the table.
pub fn cell(style: RowStyle, align: Align, kind: Kind) -> Format {
    let mut format = plain().set_font_size(11).set_border(FormatBorder::Thin).set_text_wrap();
    format = format.set_align(match align {
        Align::Left => FormatAlign::Left,
        Align::Center => FormatAlign::Center,
        Align::Right => FormatAlign::Right,
    });
    if let Some(pattern) = kind.pattern() {
        format = format.set_num_format(pattern);
    }
    match style {
        RowStyle::Plain => format,
        RowStyle::Group => format.set_bold(),
        RowStyle::Total => format.set_bold().set_background_color(Color::RGB(0x00F0_F0F0)),
    }
}
