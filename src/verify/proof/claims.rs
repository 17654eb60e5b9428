//! Every cell and every indicator counted again from the chains, with the dossiers behind it.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::content::{Content, Row, Share};
use super::{Fault, fault};
use crate::verify::book::Book;
use crate::verify::figures::{Figure, INDICATORS, Unit, View};
use crate::verify::reports::{self, report};

const FILE: &str = "content.json";

/// SHA-256 over `agency/id` and a line feed of each dossier, by agency code and id.
fn hash_of(dossiers: &BTreeSet<String>, agencies: &BTreeMap<String, String>) -> String {
    let nameless = String::new();
    let mut members: Vec<(&String, &String)> =
        dossiers.iter().map(|id| (agencies.get(id).unwrap_or(&nameless), id)).collect();
    members.sort_unstable();
    let mut hasher = Sha256::new();
    for (agency, id) in members {
        hasher.update(format!("{agency}/{id}\n").as_bytes());
    }
    hex::encode(hasher.finalize())
}

fn size(set: &BTreeSet<String>) -> i64 {
    i64::try_from(set.len()).unwrap_or(i64::MAX)
}

/// `agencies`: the agency of each dossier.
pub(super) fn check_claims(content: &Content, book: &Book, agencies: &BTreeMap<String, String>) -> Result<(), Fault> {
    let cut = content.cut().map_err(|detail| fault(FILE, "cut", detail))?;
    let (form, ended, by) = content.form().map_err(|detail| fault(FILE, "report", detail))?;
    let columns: Vec<String> = form.columns().map(|column| column.to_string()).collect();
    if content.report.columns != columns {
        return Err(fault(FILE, "columns", "are not those of the form"));
    }
    let mut counted = report(book, &cut, form, ended, by, &content.groups());
    for (row, hashes) in content.report.rows.iter().zip(&content.dossiers) {
        let name = row.name();
        let Some(found) = counted.remove(&row.key()) else {
            return Err(fault(FILE, format!("row {name}"), "no dossier is in it, or it stands twice"));
        };
        for ((column, said), hash) in columns.iter().zip(&row.cells).zip(hashes) {
            let dossiers = found.cell(column);
            let cell = || format!("row {name}, column {column}");
            if *said != size(&dossiers) {
                return Err(fault(FILE, cell(), format!("{said}; the chains give {}", size(&dossiers))));
            }
            if *hash != hash_of(&dossiers, agencies) {
                return Err(fault(FILE, cell(), "the dossiers behind it are not those of the chains"));
            }
        }
        check_beside(row, &found, &name)?;
    }
    if let Some((key, _)) = counted.first_key_value() {
        return Err(fault(FILE, "rows", format!("the chains give a row that is not there: {key:?}")));
    }
    check_indicators(content, &View::new(book, &cut), agencies)
}

/// What is printed beside the columns.
fn check_beside(row: &Row, found: &reports::Row, name: &str) -> Result<(), Fault> {
    let share = |figure: &Figure| Share { numerator: size(&figure.numerator), denominator: size(&figure.denominator) };
    let pairs = [
        ("on_time_resolved", row.on_time_resolved, share(&found.on_time_resolved)),
        ("on_time_due", row.on_time_due, share(&found.on_time_due)),
    ];
    for (what, said, found) in pairs {
        if said != found {
            let detail = format!(
                "{}/{}; the chains give {}/{}",
                said.numerator, said.denominator, found.numerator, found.denominator
            );
            return Err(fault(FILE, format!("row {name}, {what}"), detail));
        }
    }
    for (what, said) in [("stopped", row.stopped), ("withdrawn", row.withdrawn)] {
        let counted = size(&found.cell(what));
        if said != counted {
            return Err(fault(FILE, format!("row {name}, {what}"), format!("{said}; the chains give {counted}")));
        }
    }
    Ok(())
}

fn check_indicators(content: &Content, view: &View<'_>, agencies: &BTreeMap<String, String>) -> Result<(), Fault> {
    for said in &content.indicators {
        let place = |part: &str| format!("indicator {}, {part}", said.id);
        let unit = INDICATORS.iter().find(|(id, _)| *id == said.id).map(|(_, unit)| *unit);
        let Some((figure, unit)) = view.figure(&said.id).zip(unit) else {
            return Err(fault(FILE, place("id"), "no such indicator"));
        };
        let numerator = match figure.sum {
            Some(sum) => i64::try_from(sum).unwrap_or(i64::MAX),
            None => size(&figure.numerator),
        };
        for (part, said, found) in
            [("numerator", said.numerator, numerator), ("denominator", said.denominator, size(&figure.denominator))]
        {
            if said != found {
                return Err(fault(FILE, place(part), format!("{said}; the chains give {found}")));
            }
        }
        for (part, said, members) in [
            ("numerator", &said.numerator_dossiers, &figure.numerator),
            ("denominator", &said.denominator_dossiers, &figure.denominator),
        ] {
            let found = (unit == Unit::Dossier).then(|| hash_of(members, agencies));
            if *said != found {
                return Err(fault(FILE, place(part), "the dossiers behind it are not those of the chains"));
            }
        }
    }
    Ok(())
}
