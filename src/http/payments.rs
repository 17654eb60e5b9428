//! Payments: the drill-down of figures that count them, and those of one dossier.

mod table;

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::{Anyone, Authed, DrillDown};
use super::body::Query;
use super::dossiers::{ReadQuery, known_at, open};
use super::export;
use super::figures::{CutQuery, CutText, drill_down};
use super::format::Format;
use super::indicators::filters_of;
use super::middleware::prefers_vietnamese;
use super::page::{self, ListCut, Listed, Page, bad_cursor, cursor, limit, position};
use super::problem::ApiError;
use super::responses::Reading;
use crate::app::access::READERS;
use crate::app::{App, AppError, Caller};
use crate::domain::event::PaymentMethod;
use crate::domain::fold::fold_at;
use crate::domain::time::{self, Instant, business_date, from_micros};
use crate::store::Tx;
use crate::store::catalogues::Tree;
use crate::store::indicators::{Indicator, Part};
use crate::store::query::FactQuery;
use crate::store::rows::PaymentRow;
use crate::store::sql_types::Id;

/// A payment with its facts at the cut.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentView {
    pub agency: String,
    pub dossier: Uuid,
    /// `n` of its event.
    pub n: u32,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub paid_at: Instant,
    /// Whole đồng.
    pub amount: i64,
    pub refunded: i64,
    pub method: Option<PaymentMethod>,
    pub procedure: String,
}

impl From<PaymentRow> for PaymentView {
    fn from(row: PaymentRow) -> Self {
        Self {
            agency: row.agency_id,
            dossier: row.dossier_id.0,
            n: u32::try_from(row.n).unwrap_or(0),
            paid_at: from_micros(row.paid_at),
            amount: row.amount,
            refunded: row.refunded,
            method: PaymentMethod::parse(&row.method),
            procedure: row.procedure,
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PaymentQuery {
    pub agency: Option<String>,
    pub scope: Option<String>,
    /// Only agencies of these levels, comma-separated.
    pub level: Option<String>,
    pub procedure: Option<String>,
    pub field: Option<String>,
    pub channel: Option<String>,
    /// An indicator whose unit is the payment, with `part` and the cut.
    pub indicator: Option<String>,
    /// `denominator`, `numerator`, `shortfall`.
    pub part: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    #[param(value_type = Option<String>, format = DateTime)]
    pub known_at: Option<String>,
    /// Drill-down: agencies as they stand on this day, merged ones with their successor; default `to`.
    pub tree: Option<String>,
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    pub cursor: Option<String>,
    /// Also count all of them.
    pub count: Option<bool>,
    /// `json` (default), `csv`, `xlsx`. A file holds the whole list.
    pub format: Option<String>,
}

impl PaymentQuery {
    fn cut(&self, now: Instant) -> Result<CutQuery, ApiError> {
        let text = CutText {
            agency: self.agency.as_deref(),
            scope: self.scope.as_deref(),
            from: self.from.as_deref(),
            to: self.to.as_deref(),
            known_at: self.known_at.as_deref(),
            level: self.level.as_deref(),
            filters: filters_of(self.procedure.clone(), self.field.clone(), self.channel.clone())?,
        };
        CutQuery::read(text, now)?.with_tree(self.tree.as_deref())
    }
}

/// The question of the list, confined to the caller's reach: counts, pages and files are answered from it.
fn question(
    tx: &mut Tx<'_>,
    cut: &CutQuery,
    drill: Option<(&Indicator, Part)>,
    app: &App,
    caller: &Caller,
    now: Instant,
) -> Result<FactQuery, ApiError> {
    let (cut, submitted_by) = cut.resolve(tx, &app.catalogues, caller, &READERS, now)?;
    let instants = cut.instants();
    let predicate = match drill {
        Some((indicator, part)) => indicator.predicate(part, &instants),
        None => instants.fill("(NOT voided AND paid_at BETWEEN {from} AND {to})"),
    };
    Ok(FactQuery { submitted_by, ..cut.asking(predicate) })
}

/// Payments, newest first; with `indicator` and `part` those behind a figure; as a page or as a file
#[utoipa::path(
    operation_id = "list_payments",
    tag = "indicators",
    params(PaymentQuery),
    responses((status = 200, description = "A page; with `format` a file of all of them", body = Listed<PaymentView>), Reading),
    security(("bearer" = []))
)]
#[get("/payments")]
pub async fn list(
    auth: Authed<DrillDown>,
    state: web::Data<State>,
    request: HttpRequest,
    query: Query<PaymentQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let now = state.app.clock.now();
    let drill = drill_down(query.indicator.as_deref(), query.part.as_deref(), "payment")?;
    let cut = query.cut(now)?;
    let (app, caller) = (state.app.clone(), auth.caller);
    let format = Format::read(query.format.as_deref(), &Format::LISTS)?;
    if format != Format::Json {
        page::whole(query.limit, query.cursor.as_deref(), query.count)?;
        let counted = state.app.store.read(move |tx| {
            let ask = question(tx, &cut, drill, &app, &caller, now)?;
            let count = tx.payments_count(&ask)?;
            Ok::<_, ApiError>((ask, count))
        });
        let (ask, count) = counted.await?;
        let source = table::source(ask, prefers_vietnamese(request.headers()));
        return export::answer(&state.app, format, count, source).await;
    }
    let size = limit(query.limit)?;
    let bare = PaymentQuery { limit: None, cursor: None, count: None, format: None, ..query.clone() };
    let bound = serde_json::to_string(&bare).unwrap_or_default();
    let after = position(&bound, query.cursor.as_deref())?.map(|text| read_position(&text)).transpose()?;
    let listed = state
        .app
        .store
        .read(move |tx| {
            let ask = FactQuery { limit: size + 1, ..question(tx, &cut, drill, &app, &caller, now)? };
            let count = query.count.unwrap_or(false).then(|| tx.payments_count(&ask)).transpose()?;
            let mut rows = tx.payments_page(&ask, after)?;
            let wanted = usize::try_from(size).unwrap_or(usize::MAX);
            let more = rows.len() > wanted;
            rows.truncate(wanted);
            let next = rows.last().filter(|_| more).map(|row| cursor(&bound, &write_position(row)));
            let items = rows.into_iter().map(PaymentView::from).collect();
            Ok::<_, ApiError>(Listed { cut: ListCut::of(tx, &ask, now)?, page: Page { items, next, count } })
        })
        .await?;
    Ok(HttpResponse::Ok().json(listed))
}

fn write_position(row: &PaymentRow) -> String {
    format!("{}/{}/{}", row.paid_at, row.dossier_id.0, row.n)
}

fn read_position(text: &str) -> Result<(i64, Id, i32), ApiError> {
    let parts: Vec<&str> = text.split('/').collect();
    let [paid_at, id, n] = parts.as_slice() else { return Err(bad_cursor()) };
    let id = id.parse().map_err(|_| bad_cursor())?;
    Ok((paid_at.parse().map_err(|_| bad_cursor())?, Id(id), n.parse().map_err(|_| bad_cursor())?))
}

/// The payments of a dossier.
#[derive(Debug, Serialize, ToSchema)]
pub struct DossierPayments {
    /// Whole đồng owed in all, and still open.
    pub due: i64,
    pub owed: i64,
    pub items: Vec<DossierPayment>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DossierPayment {
    pub n: u32,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub paid_at: Instant,
    pub amount: i64,
    pub refunded: i64,
    pub method: PaymentMethod,
    pub reference: Option<String>,
}

/// Payments of one dossier; recorded by events
#[utoipa::path(
    operation_id = "list_payments_of_dossier",
    tag = "dossiers",
    params(("code" = String, Path, description = "Mã số hồ sơ, or the id"), ReadQuery),
    responses((status = 200, description = "In order of recording", body = DossierPayments), Reading),
    security(("bearer" = []))
)]
#[get("/dossiers/{code}/payments")]
pub async fn of_dossier(
    auth: Authed<Anyone>,
    state: web::Data<State>,
    path: web::Path<String>,
    query: Query<ReadQuery>,
) -> Result<HttpResponse, ApiError> {
    let now = state.app.clock.now();
    let at = known_at(query.0.known_at.as_deref(), now)?.unwrap_or(now);
    let catalogues = state.app.catalogues.clone();
    let (caller, name) = (auth.caller, path.into_inner());
    let answer = state
        .app
        .store
        .read(move |tx| {
            let agencies = catalogues.agencies(tx)?;
            let tree = Tree::new(&agencies, business_date(now), now);
            let file = open(tx, &caller, &tree, &name)?;
            let dossier = fold_at(&file.agency, file.id, &file.events, at, at).ok_or(AppError::NotFound)?;
            let items = dossier.payments.iter().map(|payment| DossierPayment {
                n: payment.n,
                paid_at: payment.at,
                amount: payment.amount,
                refunded: payment.refunded,
                method: payment.method,
                reference: payment.reference.clone(),
            });
            Ok::<_, AppError>(DossierPayments { due: dossier.fee_due(), owed: dossier.owed(), items: items.collect() })
        })
        .await?;
    Ok(HttpResponse::Ok().json(answer))
}
