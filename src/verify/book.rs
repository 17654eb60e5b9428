//! Everything the recount needs of a full copy: catalogue versions, and entries by dossier.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

use super::case::Case;
use super::entry::{Entry, ServiceLevel};
use super::line::{BadLine, CatalogueLine, EventLine, Line, Lines};

/// What the recount needs of an agency's document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Agency {
    pub level: String,
}

/// What the recount needs of a procedure's document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Procedure {
    pub levels: BTreeSet<String>,
    pub service_level: ServiceLevel,
    #[serde(default)]
    pub full_online_eligible: bool,
    #[serde(default)]
    pub on_national_portal: bool,
    #[serde(default)]
    pub valid_to: Option<NaiveDate>,
}

/// What the recount needs of a working calendar.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Calendar {
    weekend: BTreeSet<String>,
    days: Vec<ListedDay>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct ListedDay {
    date: NaiveDate,
    kind: String,
}

impl Calendar {
    /// What is listed for the date, else the plain week.
    #[must_use]
    pub fn is_worked(&self, date: NaiveDate) -> bool {
        match self.days.iter().rev().find(|day| day.date == date) {
            Some(day) => day.kind == "makeup_working_day",
            None => !self.weekend.contains(&date.format("%a").to_string().to_lowercase()),
        }
    }
}

#[derive(Debug, Clone)]
struct Version<T> {
    revision: i64,
    effective_from: NaiveDate,
    recorded_at: DateTime<Utc>,
    body: T,
}

type Versions<T> = BTreeMap<String, Vec<Version<T>>>;

fn in_force<T>(versions: &[Version<T>], date: NaiveDate, known_at: DateTime<Utc>) -> Option<&T> {
    versions
        .iter()
        .filter(|version| version.recorded_at <= known_at && version.effective_from <= date)
        .max_by_key(|version| (version.effective_from, version.revision))
        .map(|version| &version.body)
}

#[derive(Debug, Clone)]
struct History {
    agency: String,
    entries: Vec<Entry>,
}

/// A full copy in memory.
#[derive(Debug, Clone, Default)]
pub struct Book {
    agencies: Versions<Agency>,
    procedures: Versions<Procedure>,
    calendars: Versions<Calendar>,
    dossiers: BTreeMap<String, History>,
}

impl Book {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a full copy.
    ///
    /// # Errors
    /// The first line that cannot be read or taken in.
    pub fn read(reader: impl BufRead) -> Result<Self, BadLine> {
        let mut book = Self::new();
        let mut lines = Lines::new(reader);
        while let Some(line) = lines.next() {
            book.add(&line?).map_err(|detail| BadLine { number: lines.number(), detail })?;
        }
        Ok(book)
    }

    /// Takes lines that were read before; a fault names the place of its line among them, from 1.
    ///
    /// # Errors
    /// The first line that cannot be taken in.
    pub fn from_lines(lines: impl IntoIterator<Item = Line>) -> Result<Self, BadLine> {
        let mut book = Self::new();
        for (line, number) in lines.into_iter().zip(1..) {
            book.add(&line).map_err(|detail| BadLine { number, detail })?;
        }
        Ok(book)
    }

    /// # Errors
    /// What is wrong with the line.
    pub fn add(&mut self, line: &Line) -> Result<(), String> {
        match line {
            Line::Header(header) => header.check(),
            Line::Personal(_) | Line::Record(_) => Ok(()),
            Line::Catalogue(row) => self.add_catalogue(row),
            Line::Event(event) => self.add_event(event),
        }
    }

    /// # Errors
    /// The document is not one that the contract describes.
    pub fn add_catalogue(&mut self, row: &CatalogueLine) -> Result<(), String> {
        match row.catalogue.as_str() {
            "agency" => add_version(&mut self.agencies, row),
            "procedure" => add_version(&mut self.procedures, row),
            "calendar" => add_version(&mut self.calendars, row),
            _ => Ok(()),
        }
    }

    /// # Errors
    /// The entry is not one that the contract describes.
    pub fn add_event(&mut self, event: &EventLine) -> Result<(), String> {
        let entry = Entry::read(event)?;
        let history = self
            .dossiers
            .entry(event.dossier.clone())
            .or_insert_with(|| History { agency: event.agency.clone(), entries: Vec::new() });
        if history.agency != event.agency {
            return Err(format!("dossier {} belongs to {}, not {}", event.dossier, history.agency, event.agency));
        }
        let place = history.entries.partition_point(|other| other.seq < entry.seq);
        history.entries.insert(place, entry);
        Ok(())
    }

    /// The dossiers of these agencies as they stood at `at`, known at `known_at`; voided ones too.
    pub fn cases<'a>(
        &'a self,
        agencies: &'a BTreeSet<String>,
        at: DateTime<Utc>,
        known_at: DateTime<Utc>,
    ) -> impl Iterator<Item = Case> + 'a {
        self.dossiers
            .iter()
            .filter(|(_, history)| agencies.contains(&history.agency))
            .filter_map(move |(id, history)| Case::at(&history.agency, id, &history.entries, at, known_at))
    }

    /// One dossier as it stood at `at`, known at `known_at`.
    #[must_use]
    pub fn case(&self, dossier: &str, at: DateTime<Utc>, known_at: DateTime<Utc>) -> Option<Case> {
        let history = self.dossiers.get(dossier)?;
        Case::at(&history.agency, dossier, &history.entries, at, known_at)
    }

    /// Codes of every agency that the copy names, in its catalogue or by a dossier.
    #[must_use]
    pub fn agencies(&self) -> BTreeSet<String> {
        let with_dossiers = self.dossiers.values().map(|history| &history.agency);
        self.agencies.keys().chain(with_dossiers).cloned().collect()
    }

    /// The level of an agency on `date`, known at `known_at`.
    #[must_use]
    pub fn level(&self, agency: &str, date: NaiveDate, known_at: DateTime<Utc>) -> Option<&str> {
        in_force(self.agencies.get(agency)?, date, known_at).map(|agency| agency.level.as_str())
    }

    /// The working calendar known last at `known_at`.
    #[must_use]
    pub fn calendar(&self, known_at: DateTime<Utc>) -> Option<&Calendar> {
        let known = self.calendars.values().flatten().filter(|version| version.recorded_at <= known_at);
        known.max_by_key(|version| version.revision).map(|version| &version.body)
    }

    /// Procedures valid on `date`, known at `known_at`, that are handled at a level of one of these agencies.
    #[must_use]
    pub fn procedures_of(
        &self,
        agencies: &BTreeSet<String>,
        date: NaiveDate,
        known_at: DateTime<Utc>,
    ) -> BTreeMap<&str, &Procedure> {
        let levels: BTreeSet<&str> = agencies
            .iter()
            .filter_map(|code| in_force(self.agencies.get(code)?, date, known_at))
            .map(|agency| agency.level.as_str())
            .collect();
        self.procedures
            .iter()
            .filter_map(|(code, versions)| Some((code.as_str(), in_force(versions, date, known_at)?)))
            .filter(|(_, procedure)| procedure.valid_to.is_none_or(|last| date <= last))
            .filter(|(_, procedure)| procedure.levels.iter().any(|level| levels.contains(level.as_str())))
            .collect()
    }
}

fn add_version<T: serde::de::DeserializeOwned>(versions: &mut Versions<T>, row: &CatalogueLine) -> Result<(), String> {
    let body = T::deserialize(&row.body).map_err(|error| format!("{} {}: {error}", row.catalogue, row.code))?;
    versions.entry(row.code.clone()).or_default().push(Version {
        revision: row.revision,
        effective_from: row.effective_from,
        recorded_at: row.recorded_at,
        body,
    });
    Ok(())
}
