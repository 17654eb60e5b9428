//! Proof bundles: a frozen report with everything that a stranger needs to count it again, and nothing personal.
//! The same snapshot gives the same bytes. Memory does not grow with the number of events.

use std::io::{Seek, Write};

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::AppError;
use super::full_copy::lines::{catalogue_value, event_line};
use super::snapshots::frozen;
use crate::domain::chain::canonical_json;
use crate::domain::time::local_text;
use crate::store::indicators::{self, SETS};
use crate::store::reports::{Column, Layout, Words};
use crate::store::rows::SnapshotRow;
use crate::store::snapshots::Frozen;
use crate::store::{StoreError, Tx};
use crate::verify::line::Line;
use crate::verify::proof::{FORMAT, FileHash, Manifest, VERSION};

/// Events read at a time.
const PAGE: i64 = 500;

fn failed(error: impl std::fmt::Display) -> AppError {
    StoreError::Other(format!("the bundle cannot be written: {error}")).into()
}

fn corrupt(error: impl std::fmt::Display) -> AppError {
    StoreError::Corrupt(error.to_string()).into()
}

/// Writes the bundle of a computed snapshot.
///
/// # Errors
/// `Conflict` for a declared snapshot; the database or `out` fails.
pub fn write(tx: &mut Tx<'_>, row: &SnapshotRow, out: impl Write + Seek) -> Result<(), AppError> {
    let frozen = frozen(row)?;
    let mut bundle = Bundle { zip: ZipWriter::new(out), files: Vec::new() };
    bundle.file("content.json", |file| file.write_all(row.content.as_bytes()).map_err(failed))?;
    let definitions = definitions(&frozen)?;
    bundle.file("definitions.json", |file| file.write_all(&definitions).map_err(failed))?;
    bundle.file("catalogue.ndjson", |file| catalogue(tx, &frozen, row.known_at, file))?;
    bundle.file("events.ndjson", |file| events(tx, &frozen, row.known_at, file))?;
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        version: VERSION,
        snapshot: row.id.0.to_string(),
        agency: row.agency_id.clone(),
        label: row.label.clone(),
        report: frozen.report.report.clone(),
        known_at: local_text(frozen.report.known_at),
        content_hash: row.content_hash.clone(),
        cells: frozen.dossiers.iter().map(Vec::len).sum(),
        indicators: frozen.indicators.len(),
        heads: frozen.heads.len(),
        files: bundle.files.clone(),
    };
    let manifest = serde_json::to_value(&manifest).map_err(corrupt)?;
    bundle.file("manifest.json", |file| file.write_all(&canonical_json(&manifest)).map_err(failed))?;
    bundle.zip.finish().map_err(failed)?;
    Ok(())
}

struct Bundle<W: Write + Seek> {
    zip: ZipWriter<W>,
    files: Vec<FileHash>,
}

impl<W: Write + Seek> Bundle<W> {
    fn file(
        &mut self,
        name: &str,
        fill: impl FnOnce(&mut Hashing<'_, ZipWriter<W>>) -> Result<(), AppError>,
    ) -> Result<(), AppError> {
        // No clock and no user of this machine: the same content gives the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(6))
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644)
            .large_file(name == "events.ndjson");
        self.zip.start_file(name, options).map_err(failed)?;
        let mut file = Hashing { inner: &mut self.zip, hasher: Sha256::new(), bytes: 0 };
        fill(&mut file)?;
        let (bytes, sha256) = (file.bytes, hex::encode(file.hasher.finalize()));
        self.files.push(FileHash { name: name.to_owned(), bytes, sha256 });
        Ok(())
    }
}

/// Writes on, and hashes what it writes.
struct Hashing<'a, W> {
    inner: &'a mut W,
    hasher: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashing<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

fn put(file: &mut impl Write, value: &Value) -> Result<(), AppError> {
    let mut line = canonical_json(value);
    line.push(b'\n');
    file.write_all(&line).map_err(failed)
}

/// The agencies that were counted and every procedure, as known then.
fn catalogue(tx: &mut Tx<'_>, frozen: &Frozen, known_at: i64, file: &mut impl Write) -> Result<(), AppError> {
    let counted = |code: &str| frozen.report.agencies.iter().any(|agency| agency.code == code);
    for kind in ["agency", "procedure"] {
        let mut rows = tx.catalogue_all(kind)?;
        rows.retain(|row| row.recorded_at <= known_at && (kind == "procedure" || counted(&row.code)));
        rows.sort_by(|a, b| (&a.code, a.revision).cmp(&(&b.code, b.revision)));
        for row in &rows {
            put(file, &catalogue_value(row)?)?;
        }
    }
    Ok(())
}

/// The chains up to the instant of the report, each from its first entry.
fn events(tx: &mut Tx<'_>, frozen: &Frozen, known_at: i64, file: &mut impl Write) -> Result<(), AppError> {
    for agency in &frozen.report.agencies {
        let mut after = 0;
        'chain: loop {
            let rows = tx.events_after(&agency.code, after, PAGE)?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            for row in &rows {
                if row.recorded_at > known_at {
                    break 'chain;
                }
                let line = serde_json::to_value(Line::Event(event_line(row)?)).map_err(corrupt)?;
                put(file, &line)?;
            }
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct ColumnWords {
    number: &'static str,
    title: &'static str,
    title_en: &'static str,
    under: Vec<&'static str>,
    formula: Option<String>,
}

/// What the numbers mean, for people.
fn definitions(frozen: &Frozen) -> Result<Vec<u8>, AppError> {
    let layout: &Layout = frozen.report.layout()?;
    let column = |column: &Column| ColumnWords {
        number: column.number,
        title: column.title.vi,
        title_en: column.title.en,
        under: column.under.iter().map(|words: &Words| words.vi).collect(),
        formula: column.formula(),
    };
    let columns: Vec<ColumnWords> = layout.columns.iter().chain(layout.beside()).map(column).collect();
    let identities: Vec<String> =
        layout.identities().map(|(sum, parts)| format!("{sum}={}", parts.join("+"))).collect();
    let words = |indicator: &indicators::Indicator| {
        json!({
            "id": indicator.id, "k": indicator.k, "title": indicator.title_vi, "title_en": indicator.title_en,
            "denominator": indicator.denominator_vi, "denominator_en": indicator.denominator_en,
            "numerator": indicator.numerator_vi, "numerator_en": indicator.numerator_en,
            "unit": indicator.unit(), "counts": indicator.counts(), "source": indicator.source,
        })
    };
    let sets: Vec<Value> = SETS.iter().map(|(name, text)| json!({"name": name, "predicate": text})).collect();
    let value = json!({
        "report": layout.id,
        "form": layout.form.vi,
        "title": layout.title.vi,
        "title_en": layout.title.en,
        "layout_version": frozen.report.layout_version,
        "definition_version": frozen.report.definition_version,
        "columns": columns,
        "identities": identities,
        "indicators": indicators::all().map(words).collect::<Vec<_>>(),
        "sets": sets,
        "dossiers": "SHA-256 over `agency/id` and a line feed of every dossier of a cell, by agency code and id",
    });
    Ok(canonical_json(&value))
}
