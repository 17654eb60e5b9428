//! One line of the register, and the form it stands in.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::AppError;
use crate::app::record::File;
use crate::domain::applicant::Applicant;
use crate::domain::dossier::{Dossier, OnTimeStatus, State};
use crate::domain::event::{Event, Payload, ReturnMethod};
use crate::domain::fold::{effective, fold_at};
use crate::domain::time::{self, Instant, from_micros};
use crate::http::export::stamp;
use crate::http::figures::CutQuery;
use crate::http::reports::forms::{self, Kind};
use crate::http::view::shown_applicant;
use crate::http::words::Word;
use crate::sheet::{Cell, Column, HeadCell, Row, Sheet, Signature, local_date, local_time};
use crate::store::catalogues::Tree;
use crate::store::query::{FactQuery, Hit};
use crate::store::{Tx, history};
use crate::vault::Vault;

/// A dossier in the register.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegisterLine)]
pub struct Line {
    /// Số thứ tự: the place in the book asked for.
    pub number: i64,
    pub id: Uuid,
    pub code: Option<String>,
    pub procedure: String,
    pub procedure_name: String,
    /// Components handed in.
    pub components: usize,
    /// Masked; null when erased.
    pub applicant: Option<Applicant>,
    pub agency: String,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub received_at: Option<Instant>,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due: Option<Instant>,
    /// First passed on to be handled.
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub forwarded_at: Option<Instant>,
    /// First finished: the result is there.
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Instant>,
    #[serde(with = "time::local::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub returned_at: Option<Instant>,
    /// How the result was handed over, or is wished to be.
    pub return_method: Option<ReturnMethod>,
    pub state: State,
    pub on_time_status: OnTimeStatus,
    pub extended: bool,
    pub late_entry: bool,
}

/// The lines of dossiers found at a cut; `before` lines precede them.
pub fn read(tx: &mut Tx<'_>, vault: &Vault, ask: &FactQuery, hits: &[Hit], before: i64) -> Result<Vec<Line>, AppError> {
    let places: Vec<_> = hits.iter().map(|hit| (hit.agency.clone(), hit.dossier.0)).collect();
    let mut found = history::many(tx, vault, &places)?;
    let (at, known_at) = (from_micros(ask.at), from_micros(ask.known_at));
    let mut lines = Vec::with_capacity(hits.len());
    for ((agency, id), number) in places.into_iter().zip(before + 1..) {
        let Some((mut events, personal)) = found.remove(&id) else { continue };
        let Some(dossier) = fold_at(&agency, id, &events, at, known_at) else { continue };
        let instants: Vec<Instant> = events.iter().map(|event| effective(event, &events)).collect();
        let mut instants = instants.into_iter();
        events.retain(|event| event.recorded_at <= known_at && instants.next().is_some_and(|instant| instant <= at));
        lines.push(Line::new(number, &File { agency, id, events, personal }, &dossier, at));
    }
    Ok(lines)
}

impl Line {
    fn new(number: i64, file: &File, dossier: &Dossier, at: Instant) -> Self {
        let forwarded = file.events.iter().find(|event| matches!(event.payload, Payload::Forwarded(_)));
        Self {
            number,
            id: dossier.id,
            code: dossier.code.clone(),
            procedure: dossier.procedure.clone(),
            procedure_name: dossier.snapshot.name.clone(),
            components: dossier.components.len(),
            applicant: shown_applicant(file, false),
            agency: dossier.agency.clone(),
            received_at: dossier.received_at,
            due: dossier.due,
            forwarded_at: forwarded.map(|event| event.occurred_at),
            finished_at: dossier.first_finish.as_ref().map(|finish| finish.at),
            returned_at: dossier.returned_at,
            return_method: returned_by(&file.events).or(dossier.return_method),
            state: dossier.state,
            on_time_status: dossier.on_time_status(at),
            extended: dossier.extensions > 0,
            late_entry: dossier.late_entry,
        }
    }

    /// As the form has it.
    #[must_use]
    pub fn row(&self) -> Row {
        let time = |at: Option<Instant>| Cell::maybe(at, Cell::instant);
        let name = self.code.clone().unwrap_or_else(|| self.id.to_string());
        let link = format!("/api/v1/dossiers/{name}/control-sheet?format=html");
        Row::plain(vec![
            Cell::integer(self.number),
            Cell::text(name).linked(link),
            Cell::text(self.procedure_name.as_str()),
            Cell::integer(i64::try_from(self.components).unwrap_or(i64::MAX)),
            Cell::maybe(self.applicant.as_ref(), |applicant| Cell::text(applicant.name.as_str())),
            Cell::text(self.agency.as_str()),
            time(self.received_at),
            time(self.due),
            time(self.forwarded_at),
            time(self.finished_at),
            time(self.returned_at),
            Cell::maybe(self.return_method, |method| Cell::text(method.vietnamese())),
            Cell::empty(),
            Cell::text(self.note()),
        ])
    }

    fn note(&self) -> String {
        let standing = match self.on_time_status {
            OnTimeStatus::Late | OnTimeStatus::Overdue => Some(self.on_time_status.vietnamese()),
            _ => None,
        };
        let state = match self.state {
            State::AwaitingSupplement | State::AwaitingPayment | State::Withdrawn | State::Stopped => {
                Some(self.state.vietnamese())
            }
            _ => None,
        };
        let signs = [(self.extended, "Đã gia hạn"), (self.late_entry, "Nhập muộn")];
        let signs = signs.into_iter().filter_map(|(holds, words)| holds.then_some(words));
        standing.into_iter().chain(state).chain(signs).collect::<Vec<_>>().join("; ")
    }
}

fn returned_by(events: &[Event]) -> Option<ReturnMethod> {
    events.iter().rev().find_map(|event| match &event.payload {
        Payload::Returned(returned) => Some(returned.method),
        _ => None,
    })
}

/// The form without its lines.
pub fn frame(cut: &CutQuery, roots: &BTreeSet<String>, tree: &Tree<'_>) -> Sheet {
    let mut only = roots.iter();
    let agency = cut.agency.as_ref().or_else(|| only.next().filter(|_| roots.len() == 1));
    let names = agency.map(|code| letterhead(tree, code)).unwrap_or_default();
    let dates = ["Tiếp nhận", "Hẹn trả kết quả", "Chuyển giải quyết", "Có kết quả", "Trả kết quả"];
    let tall = |text: &str| HeadCell::over(text, 1, 2);
    Sheet {
        name: format!(
            "register_{}_{}_{}_{}",
            agency.map_or("all", String::as_str),
            cut.from,
            cut.to,
            stamp(cut.known_at)
        ),
        form: forms::number(Kind::Register, cut.to),
        agency: if names.is_empty() { vec!["BỘ PHẬN MỘT CỬA".to_owned()] } else { names },
        title: "SỔ THEO DÕI HỒ SƠ".to_owned(),
        subtitle: vec![
            format!("Hồ sơ tiếp nhận từ ngày {} đến ngày {}", local_date(cut.from), local_date(cut.to)),
            format!("(Số liệu tại thời điểm {})", local_time(cut.known_at)),
        ],
        heading: vec![
            vec![
                tall("STT"),
                tall("Mã hồ sơ"),
                tall("Tên thủ tục hành chính"),
                tall("Số thành phần hồ sơ"),
                tall("Tên cá nhân, tổ chức"),
                tall("Cơ quan giải quyết"),
                HeadCell::over("Giờ, ngày, tháng, năm", dates.len(), 1),
                tall("Phương thức nhận kết quả"),
                tall("Ký nhận"),
                tall("Ghi chú"),
            ],
            dates.into_iter().map(HeadCell::new).collect(),
        ],
        numbers: (1..=14).map(|number| format!("({number})")).collect(),
        columns: vec![
            Column::center(6.0),
            Column::left(23.0),
            Column::left(30.0),
            Column::center(9.0),
            Column::left(14.0),
            Column::left(15.0),
            Column::center(12.0),
            Column::center(12.0),
            Column::center(12.0),
            Column::center(12.0),
            Column::center(12.0),
            Column::left(15.0),
            Column::left(9.0),
            Column::left(17.0),
        ],
        rows: Vec::new(),
        notes: vec!["Tên cá nhân, tổ chức được viết tắt để bảo vệ dữ liệu cá nhân.".to_owned()],
        signatures: vec![Signature::preparer(), Signature::head()],
        landscape: true,
        as_of: cut.known_at,
    }
}

/// Names for the upper left corner: the superior agency, then the agency.
#[must_use]
pub fn letterhead(tree: &Tree<'_>, code: &str) -> Vec<String> {
    let Some(agency) = tree.get(code) else { return vec![code.to_owned()] };
    let superior = agency.parent.as_deref().and_then(|parent| tree.get(parent));
    superior.into_iter().chain([agency]).map(|agency| agency.name.to_uppercase()).collect()
}
