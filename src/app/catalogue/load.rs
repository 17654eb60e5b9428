//! Documents from a file, and those that ship with the program.

use serde::Serialize;
use serde_json::Value;

use super::{
    Entry, Expect, Put, QUEUE, check_agency, keep_agency, keep_calendar, keep_plan, keep_procedure, known_agencies,
    refuse,
};
use crate::app::{App, AppError};
use crate::domain::calendar::{self, Calendar};
use crate::domain::catalogue::{Agency, Procedure};
use crate::domain::error::{FieldError, Refusal};
use crate::domain::strict::Strict;
use crate::plans::{self, Plan};
use crate::store::Tx;
use crate::store::catalogues::{CALENDAR, Document};

/// A load reports at most this many broken rules.
const MOST_ERRORS: usize = 100;

/// What a load did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LoadReport {
    pub documents: u64,
    /// Documents of which a revision was added; the others were there already.
    pub changed: u64,
}

/// One document of a file and where it stands there.
type Item = (String, Entry);

/// Loads documents from YAML or JSON text: either a mapping `{agencies: […], procedures: […], calendar: {…},
/// plans: […]}`, or a list of documents, each with its `kind`. All or nothing, in one transaction; safe to
/// run again. Agencies may stand in any order.
///
/// # Errors
/// Everything that is wrong, each with a pointer that begins with the document's place in the file.
pub async fn load_file(app: &App, text: &str, indicator_ids: &[&'static str]) -> Result<LoadReport, AppError> {
    let items = items_of(text)?;
    let (app2, ids) = (app.clone(), indicator_ids.to_vec());
    app.store.write_long(QUEUE, move |tx| load(tx, &app2, &items, &ids)).await
}

fn load(tx: &mut Tx<'_>, app: &App, items: &[Item], indicator_ids: &[&str]) -> Result<LoadReport, AppError> {
    let mut known = known_agencies(&*app.catalogues.agencies(tx)?);
    for (_, entry) in items {
        if let Entry::Agency(agency) = entry {
            known.insert(agency.code.clone(), agency.clone());
        }
    }
    let mut errors = Vec::new();
    for (place, entry) in items {
        let broken = match entry {
            Entry::Agency(agency) => check_agency(agency, &known),
            Entry::Procedure(procedure) => procedure.check(),
            Entry::Calendar(calendar) => calendar.check(),
            Entry::Plan(plan) => plan.check(indicator_ids),
        };
        errors.extend(broken.into_iter().map(|error| below(place, error)));
    }
    errors.truncate(MOST_ERRORS);
    refuse(errors)?;
    let mut report = LoadReport::default();
    for (place, entry) in items {
        let put = match entry {
            Entry::Agency(agency) => keep_agency(tx, app, agency, None, Expect::Anything),
            Entry::Procedure(procedure) => keep_procedure(tx, app, procedure, Expect::Anything),
            Entry::Calendar(calendar) => keep_calendar(tx, app, calendar, Expect::Anything),
            Entry::Plan(plan) => keep_plan(tx, app, plan, Expect::Anything),
        };
        let put = put.map_err(|error| match error {
            AppError::Refused(Refusal::Invalid(errors)) => {
                AppError::invalid(errors.into_iter().map(|error| below(place, error)).collect())
            }
            other => other,
        })?;
        report.documents += 1;
        report.changed += u64::from(put.changed);
    }
    Ok(report)
}

fn below(place: &str, error: FieldError) -> FieldError {
    FieldError { pointer: format!("{place}{}", error.pointer), ..error }
}

/// Keys of a file's mapping and the kind of what they hold.
const SECTIONS: [(&str, &str); 5] = [
    ("agencies", Agency::KIND),
    ("procedures", Procedure::KIND),
    ("calendar", Calendar::KIND),
    ("calendars", Calendar::KIND),
    ("plans", Plan::KIND),
];

fn value_of(text: &str) -> Result<Value, AppError> {
    serde_norway::from_str(text)
        .map(|Strict(value)| value)
        .map_err(|error| AppError::field("", "malformed", &format!("neither YAML nor JSON: {error}")))
}

/// Reads one calendar: a document by itself, or the `calendar` of a catalogue's file.
///
/// # Errors
/// What is wrong, with a pointer.
pub fn read_calendar(text: &str) -> Result<Calendar, AppError> {
    let mut value = value_of(text)?;
    let inner = value.as_object_mut().and_then(|fields| fields.remove(Calendar::KIND));
    match read_item(Some(Calendar::KIND), inner.unwrap_or(value)) {
        Ok(Entry::Calendar(calendar)) => Ok(calendar),
        Ok(_) => Err(AppError::field("", "wrong_type", "a calendar is expected")),
        Err(error) => Err(AppError::invalid(vec![error])),
    }
}

fn items_of(text: &str) -> Result<Vec<Item>, AppError> {
    let value = value_of(text)?;
    let documents = documents_of(value)?;
    let mut items = Vec::with_capacity(documents.len());
    let mut errors = Vec::new();
    for (place, kind, value) in documents {
        match read_item(kind, value) {
            Ok(entry) => items.push((place, entry)),
            Err(error) => errors.push(below(&place, error)),
        }
    }
    errors.truncate(MOST_ERRORS);
    refuse(errors)?;
    Ok(items)
}

/// Place, kind if the section tells it, and the document itself.
type Found = (String, Option<&'static str>, Value);

fn documents_of(value: Value) -> Result<Vec<Found>, AppError> {
    let mut documents: Vec<Found> = Vec::new();
    match value {
        Value::Array(list) => {
            documents.extend(list.into_iter().enumerate().map(|(i, value)| (format!("/{i}"), None, value)));
        }
        Value::Object(sections) => {
            for (key, value) in sections {
                let Some((_, kind)) = SECTIONS.iter().find(|(name, _)| *name == key) else {
                    let detail = "known are agencies, procedures, calendar, plans";
                    return Err(AppError::field(&format!("/{key}"), "unknown_field", detail));
                };
                match value {
                    Value::Array(list) => {
                        let place = |i| format!("/{key}/{i}");
                        documents.extend(list.into_iter().enumerate().map(|(i, value)| (place(i), Some(*kind), value)));
                    }
                    value => documents.push((format!("/{key}"), Some(*kind), value)),
                }
            }
        }
        _ => return Err(AppError::field("", "wrong_type", "a list of documents, or a mapping of lists, is expected")),
    }
    Ok(documents)
}

fn read_item(kind: Option<&str>, value: Value) -> Result<Entry, FieldError> {
    let Value::Object(mut fields) = value else {
        return Err(FieldError::new("", "wrong_type", "a document is a mapping"));
    };
    let kind = match kind {
        Some(kind) => kind.to_owned(),
        None => match fields.remove("kind") {
            Some(Value::String(kind)) => kind,
            _ => return Err(FieldError::new("/kind", "required", "agency, procedure, calendar or plan")),
        },
    };
    Entry::read(&kind, fields)
}

/// Puts in what ships with the program, unless something of that name is there: the calendar, the plans.
///
/// # Errors
/// The database fails.
pub async fn install_defaults(app: &App) -> Result<LoadReport, AppError> {
    let app2 = app.clone();
    app.store
        .write(QUEUE, move |tx| {
            let mut report = LoadReport::default();
            let mut note = |put: Result<Put, AppError>| -> Result<(), AppError> {
                report.documents += 1;
                match put {
                    Ok(put) => report.changed += u64::from(put.changed),
                    Err(AppError::Exists(_)) => {}
                    Err(other) => return Err(other),
                }
                Ok(())
            };
            if tx.catalogue_revisions(Calendar::KIND, CALENDAR)?.is_empty() {
                note(keep_calendar(tx, &app2, &calendar::embedded(), Expect::New))?;
            }
            for plan in plans::shipped() {
                note(keep_plan(tx, &app2, &plan, Expect::New))?;
            }
            Ok(report)
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_unambiguous_and_unpack_to_what_they_are() {
        let refused = |text: &str| value_of(text).err().map(|error| format!("{error:?}"));
        assert_eq!(refused("agencies: [{code: H26, name: &a Một}, {code: H26.1, name: *a}]"), None);
        let nested = "calendar: {version: '1', days: [], version: '2'}";
        for text in ["agencies: []\nagencies: []", "agencies: [{code: H26, code: H27}]", nested] {
            let error = refused(text).unwrap_or_else(|| panic!("read: {text}"));
            assert!(error.contains("stands twice"), "{error}");
        }
        // Ten lines that would unpack into a thousand million texts.
        let level = |n: u32| format!("l{n}: &l{n} [{}]\n", vec![format!("*l{}", n - 1); 10].join(", "));
        let bomb = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned() + &(1..9).map(level).collect::<String>();
        assert!(refused(&bomb).is_some_and(|error| error.contains("repetition")));
        let deep = format!("a: {}{}", "[".repeat(5_000), "]".repeat(5_000));
        assert!(refused(&deep).is_some_and(|error| error.contains("recursion")));
    }
}
