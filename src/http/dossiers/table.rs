//! A dossier list as a table: one fact row a line, everything a dossier shows but the people in it.

use crate::domain::catalogue::ServiceLevel;
use crate::domain::dossier::{OnTimeStatus, PauseKind, State, started_days};
use crate::domain::event::{Channel, Outcome, PaymentMethod};
use crate::domain::facts::marks;
use crate::domain::time::{Instant, from_micros};
use crate::http::export;
use crate::http::words::Word;
use crate::sheet::{Cell, Row, Sheet};
use crate::store::query::FactQuery;
use crate::store::rows::FactsRow;

const COLUMNS: [(&str, &str, f64); 32] = [
    ("Mã hồ sơ", "Code", 24.0),
    ("Số định danh", "Id", 38.0),
    ("Trạng thái", "State", 20.0),
    ("Cơ quan", "Agency", 16.0),
    ("Mã thủ tục", "Procedure", 14.0),
    ("Lĩnh vực", "Field", 20.0),
    ("Mức độ dịch vụ công", "Service level", 12.0),
    ("Kênh nộp", "Channel", 20.0),
    ("Ngày nộp", "Submitted", 17.0),
    ("Ngày tiếp nhận", "Received", 17.0),
    ("Ngày hẹn trả", "Due", 17.0),
    ("Hẹn trả ban đầu", "Due, original", 17.0),
    ("Hạn tính đúng hạn", "Due, strict", 17.0),
    ("Tình trạng thời hạn", "On-time status", 18.0),
    ("Số ngày quá hạn", "Days late", 10.0),
    ("Tạm dừng từ", "Paused since", 17.0),
    ("Lý do tạm dừng", "Paused for", 18.0),
    ("Ngày xử lý xong", "Finished", 17.0),
    ("Ngày kết thúc khác", "Ended otherwise", 17.0),
    ("Ngày trả kết quả", "Returned", 17.0),
    ("Phí, lệ phí phải nộp (đồng)", "Fee due (VND)", 14.0),
    ("Đã nộp (đồng)", "Paid (VND)", 14.0),
    ("Đã hoàn (đồng)", "Refunded (VND)", 14.0),
    ("Hình thức nộp", "Payment methods", 24.0),
    ("Kết quả", "Outcome", 12.0),
    ("Kết quả điện tử", "Electronic result", 10.0),
    ("Ký số", "Signed", 8.0),
    ("Số hóa", "Digitised", 8.0),
    ("Số lần bổ sung", "Supplement rounds", 10.0),
    ("Đánh giá", "Rating", 8.0),
    ("Cán bộ thụ lý", "Officer", 22.0),
    ("Phòng, bộ phận; bước", "Unit; step", 26.0),
];

/// Places of what counts, and so stands at the right.
const NUMBERS: [usize; 6] = [14, 20, 21, 22, 28, 29];

/// The table without its rows.
pub fn frame(ask: &FactQuery, vietnamese: bool) -> Sheet {
    let title =
        if vietnamese { "DANH SÁCH HỒ SƠ THỦ TỤC HÀNH CHÍNH" } else { "ADMINISTRATIVE PROCEDURE DOSSIERS" };
    export::frame("dossiers", title, &COLUMNS, &NUMBERS, from_micros(ask.known_at), vietnamese)
}

/// One dossier. `at` is where its lateness is judged.
pub fn row(row: &FactsRow, at: Instant, vietnamese: bool) -> Row {
    let text = |text: &Option<String>| Cell::maybe(text.as_deref(), Cell::text);
    let time = |micros: Option<i64>| Cell::maybe(micros.map(from_micros), Cell::instant);
    let yes = |holds: bool| if holds { Cell::text(if vietnamese { "có" } else { "yes" }) } else { Cell::empty() };
    let state = State::parse(&row.state).map_or(row.state.as_str(), |state| state.word(vietnamese));
    let channel = Channel::parse(&row.channel).map_or(row.channel.as_str(), |channel| channel.word(vietnamese));
    let level = ServiceLevel::parse(&row.service_level).map_or("", |level| level.word(vietnamese));
    let outcome = row.outcome.as_deref().and_then(Outcome::parse).map(|outcome| outcome.word(vietnamese));
    let pause = if row.awaiting_supplement { PauseKind::Supplement } else { PauseKind::Payment };
    let methods: Vec<&str> =
        row.payment_methods.split(',').filter_map(PaymentMethod::parse).map(|method| method.word(vietnamese)).collect();
    let place: Vec<&str> = [&row.unit, &row.step].into_iter().flatten().map(String::as_str).collect();
    Row::plain(vec![
        text(&row.code),
        Cell::text(row.dossier_id.0.to_string()),
        Cell::text(state),
        Cell::text(row.agency_id.as_str()),
        Cell::text(row.procedure.as_str()),
        Cell::text(row.field.as_str()),
        Cell::text(level),
        Cell::text(channel),
        time(Some(row.submitted_at)),
        time(row.received_at),
        time(row.due),
        time(row.due_original),
        time(row.figure_due_strict),
        Cell::text(status(row, at).word(vietnamese)),
        Cell::maybe(late_days(row, at), Cell::integer),
        time(row.paused_since),
        Cell::maybe(row.paused_since, |_| Cell::text(pause.word(vietnamese))),
        time(row.finished_at),
        time(row.ended_at.or(row.refused_at)),
        time(row.returned_at),
        Cell::integer(row.fee_due),
        Cell::integer(row.paid),
        Cell::integer(row.refunded),
        Cell::text(methods.join("; ")),
        Cell::maybe(outcome, Cell::text),
        yes(row.marks & marks::RESULT_ELECTRONIC != 0),
        yes(row.marks & marks::RESULT_SIGNED != 0),
        yes(row.result_digital),
        Cell::integer(i64::from(row.rounds)),
        Cell::maybe(row.rating, |rating| Cell::integer(i64::from(rating))),
        text(&row.officer),
        Cell::text(place.join("; ")),
    ])
}

/// In step with `Dossier::on_time_status`, over a stored fact row.
fn status(row: &FactsRow, at: Instant) -> OnTimeStatus {
    if row.voided || row.ended_at.is_some() || row.refused_at.is_some() {
        return OnTimeStatus::Ended;
    }
    if let Some(class) = row.class.as_deref() {
        return OnTimeStatus::parse(class).unwrap_or(OnTimeStatus::Ended);
    }
    let Some(due) = row.figure_due_strict else { return OnTimeStatus::NotStarted };
    let clock = row.paused_since.unwrap_or(at.timestamp_micros());
    if clock > due { OnTimeStatus::Overdue } else { OnTimeStatus::InTime }
}

/// In step with `Dossier::late_days`.
fn late_days(row: &FactsRow, at: Instant) -> Option<i64> {
    let until = row.finished_at.or(row.ended_at).or(row.paused_since).unwrap_or(at.timestamp_micros());
    Some(started_days(until - row.figure_due_strict?))
}
