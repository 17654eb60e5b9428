//! Where the parts of a full copy lie in its file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::CopyError;
use crate::verify::line::{Line, Lines};

/// A stretch of whole lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    pub start: u64,
    pub end: u64,
    /// Number of the line before the first one.
    pub before: u64,
}

/// One agency's lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Part {
    pub personal: Option<Span>,
    pub events: Option<Span>,
    pub records: Option<Span>,
}

/// The file's table of contents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    pub catalogue: Option<Span>,
    pub agencies: BTreeMap<String, Part>,
}

/// Reads the whole file once and checks its shape: header first, catalogue, personal rows, events, records, each
/// agency's in one piece.
///
/// # Errors
/// The file cannot be read, or is not a full copy; the line is named.
pub fn index(path: &Path, progress: &dyn Fn(u64)) -> Result<Index, CopyError> {
    let mut lines = Lines::new(BufReader::new(File::open(path)?));
    let mut index = Index::default();
    let mut stage = 0;
    let mut last = String::new();
    loop {
        let (start, before) = (lines.bytes(), lines.number());
        let Some(line) = lines.next() else { break };
        let line = line.map_err(|bad| CopyError::Format(bad.to_string()))?;
        let wrong = |detail: &str| CopyError::Format(format!("line {}: {detail}", before + 1));
        let span = Span { start, end: lines.bytes(), before };
        let (place, agency) = match &line {
            Line::Header(header) => {
                header.check().map_err(|detail| wrong(&detail))?;
                (1, "")
            }
            Line::Catalogue(_) => (2, ""),
            Line::Personal(row) => (3, row.agency.as_str()),
            Line::Event(event) => (4, event.agency.as_str()),
            Line::Record(record) => (5, record.agency.as_str()),
        };
        if (stage == 0) != (place == 1) {
            return Err(wrong("a full copy begins with its header, and has one only"));
        }
        if place < stage {
            return Err(wrong("not in the order catalogue, personal rows, events, records"));
        }
        let goes_on = place == stage && agency == last;
        let slot = match place {
            1 => &mut None,
            2 => &mut index.catalogue,
            3 => &mut index.agencies.entry(agency.to_owned()).or_default().personal,
            4 => &mut index.agencies.entry(agency.to_owned()).or_default().events,
            _ => &mut index.agencies.entry(agency.to_owned()).or_default().records,
        };
        match slot {
            Some(open) if goes_on => open.end = span.end,
            Some(_) => return Err(wrong("this agency's lines are not in one piece")),
            None => *slot = Some(span),
        }
        if !goes_on {
            (stage, last) = (place, agency.to_owned());
        }
        progress(lines.bytes());
    }
    if stage == 0 {
        return Err(CopyError::Format("line 1: a full copy begins with its header".into()));
    }
    Ok(index)
}

/// The lines of a stretch.
///
/// # Errors
/// The file cannot be opened.
pub fn lines_of(path: &Path, span: Span) -> Result<Lines<impl BufRead + use<>>, CopyError> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(span.start))?;
    Ok(Lines::new(BufReader::new(file.take(span.end.saturating_sub(span.start)))))
}
