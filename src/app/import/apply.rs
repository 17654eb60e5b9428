//! A dossier's line applied in a transaction: recorded, or found to be there already.

use uuid::Uuid;

use super::line::DossierLine;
use super::report::DeadlineDifference;
use super::same::same_content;
use crate::app::catalogue::Keeper;
use crate::app::export;
use crate::app::keys::line_hash;
use crate::app::record::{Ask, Book, File};
use crate::app::{App, AppError};
use crate::domain::actor::Standing;
use crate::domain::error::{FieldError, Refusal};
use crate::domain::event::{Event, EventType, Origin, Payload};
use crate::domain::time::business_date;
use crate::store::catalogues::Tree;
use crate::store::rows::ImportKeyRow;
use crate::store::sql_types::Id;
use crate::store::{Retryable, StoreError, Tx};

/// Source under which a carried official code is kept.
pub const BY_CODE: &str = "~code";
/// Source under which the content of a line without code and source is kept.
const BY_CONTENT: &str = "~content";

/// What became of a line that was not refused.
#[derive(Debug)]
pub enum Outcome {
    Created(Option<DeadlineDifference>),
    Unchanged,
    /// There, with other content; the text names it.
    Differs(String),
}

/// Why a line was not recorded.
#[derive(Debug)]
pub enum Stop {
    Store(StoreError),
    Refused(Vec<FieldError>),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Retryable for Stop {
    fn retry(&self) -> Option<StoreError> {
        match self {
            Self::Store(StoreError::Retry(text)) => Some(StoreError::Retry(text.clone())),
            Self::Store(StoreError::Unavailable(text)) => Some(StoreError::Unavailable(text.clone())),
            Self::Store(_) | Self::Refused(_) => None,
        }
    }
}

/// Whose import of which file.
#[derive(Debug)]
pub struct Run {
    /// `import:<actor>`.
    pub actor: String,
    pub file: String,
}

/// Records a dossier unless it is there already. `keeper`: who imports, unless it is the program's owner.
pub fn apply(
    tx: &mut Tx<'_>,
    app: &App,
    run: &Run,
    keeper: Option<&Keeper>,
    line: &DossierLine,
) -> Result<Outcome, Stop> {
    check_agency(tx, app, line)?;
    // Locks the agency's head: of two lines with the same key the second one sees the first.
    let mut book = Book::open(tx, app, &line.agency).map_err(|error| stop(0, error))?;
    let content_hash = line_hash(app, &line.content_hash);
    if let Some((id, hash)) = find(tx, line, &content_hash)? {
        if hash.as_ref() == Some(&content_hash) {
            return Ok(Outcome::Unchanged);
        }
        let file = File::load(tx, &app.vault, &line.agency, id)?;
        let same = same_content(&file, &line.asks);
        let name = file.dossier().and_then(|dossier| dossier.code).unwrap_or_else(|| id.to_string());
        return Ok(if same {
            Outcome::Unchanged
        } else {
            Outcome::Differs(format!("hồ sơ {name} đã có với nội dung khác / is there with other content"))
        });
    }
    if let Some(keeper) = keeper {
        check_code(tx, app, keeper, line)?;
    }
    let standing = Standing { actor: run.actor.clone(), import: true, ..Standing::default() };
    let mut asks = line.asks.iter().cloned().map(|ask| Ask { origin: Some(origin(run, line)), ..ask }).enumerate();
    let Some((_, first)) = asks.next() else { return Ok(Outcome::Unchanged) };
    let mut file = book.start(tx, app, first, &standing).map_err(|error| stop(0, error))?;
    for (i, ask) in asks {
        book.append(tx, app, &mut file, ask, &standing).map_err(|error| stop(i, error))?;
    }
    book.close(tx)?;
    for (source, source_id) in keys(line, &content_hash) {
        tx.import_key_insert(&ImportKeyRow {
            agency_id: line.agency.clone(),
            source,
            source_id,
            dossier_id: Id(file.id),
            content_hash: content_hash.clone(),
        })?;
    }
    Ok(Outcome::Created(difference(line.number, &file.events)))
}

fn check_agency(tx: &mut Tx<'_>, app: &App, line: &DossierLine) -> Result<(), Stop> {
    let agencies = app.catalogues.agencies(tx)?;
    let now = app.clock.now();
    let tree = Tree::new(&agencies, business_date(now), now);
    let refused = |code, detail| Err(Stop::Refused(vec![FieldError::new("/events/0/agency", code, detail)]));
    let Some(agency) = tree.get(&line.agency) else {
        return refused("unknown_agency", "không có cơ quan này / no such agency");
    };
    let submitted = line.asks.first().and_then(|ask| ask.occurred_at).unwrap_or(now);
    if agency.exists_on(business_date(submitted)) {
        Ok(())
    } else {
        refused("retired_agency", "cơ quan không tồn tại vào ngày này / not there on this date")
    }
}

/// A code that names another agency is refused whether or not there is such a dossier: nobody learns it by guessing.
/// Codes of other systems name agencies that are not known here, and are taken.
fn check_code(tx: &mut Tx<'_>, app: &App, keeper: &Keeper, line: &DossierLine) -> Result<(), Stop> {
    let Some((agency, _)) = line.code.as_deref().and_then(|code| code.split_once('-')) else { return Ok(()) };
    if keeper.keeps(agency) || app.catalogues.agencies(tx)?.latest(agency).is_none() {
        return Ok(());
    }
    let place = line.asks.iter().position(|ask| ask.payload.kind() == EventType::Received).unwrap_or(0);
    let detail = "mã số hồ sơ của cơ quan khác / the code names an agency that is not within your reach";
    Err(Stop::Refused(vec![FieldError::new(&format!("/events/{place}/code"), "foreign_code", detail)]))
}

fn origin(run: &Run, line: &DossierLine) -> Origin {
    let (source, source_id) = line.source.clone().unzip();
    Origin { kind: "import".to_owned(), file: run.file.clone(), line: line.number, source, source_id }
}

/// Keys under which a line is known again.
fn keys(line: &DossierLine, content_hash: &str) -> Vec<(String, String)> {
    let by_code = line.code.clone().map(|code| (BY_CODE.to_owned(), code));
    let mut keys: Vec<_> = line.source.clone().into_iter().chain(by_code).collect();
    if keys.is_empty() {
        keys.push((BY_CONTENT.to_owned(), content_hash.to_owned()));
    }
    keys
}

/// The dossier of the line's agency that it speaks of: its id, and the hash of the line that made it, if known.
fn find(tx: &mut Tx<'_>, line: &DossierLine, content_hash: &str) -> Result<Option<(Uuid, Option<String>)>, StoreError> {
    for (source, source_id) in keys(line, content_hash) {
        if let Some(row) = tx.import_key_find(&line.agency, &source, &source_id)? {
            return Ok(Some((row.dossier_id.0, Some(row.content_hash))));
        }
    }
    // Of another agency nothing is told.
    let own = |found: Option<(String, Id)>| found.filter(|(agency, _)| *agency == line.agency).map(|(_, id)| id.0);
    if let Some(code) = &line.code
        && let Some(id) = own(tx.dossier_by_code(code)?)
    {
        return Ok(Some((id, None)));
    }
    // Our own export, read where it was written.
    if let Some((source, source_id)) = &line.source
        && source == export::SOURCE
        && let Ok(id) = Uuid::parse_str(source_id)
        && let Some(id) = own(tx.dossier_by_id(Id(id))?)
    {
        return Ok(Some((id, None)));
    }
    Ok(None)
}

fn difference(line: u64, events: &[Event]) -> Option<DeadlineDifference> {
    events.iter().find_map(|event| match &event.payload {
        Payload::Received(e) => {
            let (due, computed) = e.due.zip(e.due_computed)?;
            Some(DeadlineDifference { line, code: e.code.clone().unwrap_or_default(), due, computed })
        }
        _ => None,
    })
}

/// An error of the event at `index`.
fn stop(index: usize, error: AppError) -> Stop {
    let at = |pointer: &str| format!("/events/{index}{pointer}");
    let one = |pointer: &str, code: &str, detail: &str| {
        Stop::Refused(vec![FieldError { pointer: at(pointer), code: code.to_owned(), detail: detail.to_owned() }])
    };
    match error {
        AppError::Store(StoreError::Conflict(text)) => one("", "exists", &text),
        AppError::Store(error) => Stop::Store(error),
        AppError::Refused(Refusal::Invalid(errors)) => {
            let placed = |error: FieldError| FieldError { pointer: at(&error.pointer), ..error };
            Stop::Refused(errors.into_iter().map(placed).collect())
        }
        AppError::Refused(refusal @ Refusal::IllegalMove { .. }) => one("/type", "illegal_move", &refusal.to_string()),
        AppError::Refused(refusal @ Refusal::NotPermitted(_)) => one("/type", "not_permitted", &refusal.to_string()),
        AppError::Exists(what) => one("/code", "exists", &what),
        AppError::NotFound => one("/agency", "unknown_agency", "không có cơ quan này / no such agency"),
        other @ (AppError::Forbidden(_)
        | AppError::Conflict(_)
        | AppError::Stale { .. }
        | AppError::Superseded { .. }
        | AppError::KeyReused
        | AppError::SelfReview) => one("", "refused", &other.to_string()),
    }
}
