//! Payments as a table.

use crate::domain::event::{Channel, PaymentMethod};
use crate::domain::time::from_micros;
use crate::http::export::{self, Batch, Source};
use crate::http::words::Word;
use crate::sheet::{Cell, Row, Sheet};
use crate::store::Tx;
use crate::store::query::FactQuery;
use crate::store::rows::PaymentRow;

const COLUMNS: [(&str, &str, f64); 10] = [
    ("Cơ quan", "Agency", 16.0),
    ("Số định danh hồ sơ", "Dossier id", 38.0),
    ("Lần", "Event", 6.0),
    ("Thời điểm nộp", "Paid at", 17.0),
    ("Số tiền (đồng)", "Amount (VND)", 14.0),
    ("Đã hoàn (đồng)", "Refunded (VND)", 14.0),
    ("Hình thức nộp", "Method", 26.0),
    ("Mã thủ tục", "Procedure", 14.0),
    ("Lĩnh vực", "Field", 22.0),
    ("Kênh nộp hồ sơ", "Channel", 20.0),
];

/// Rows read at a time: the database sorts the whole list for each reading.
const AHEAD: i64 = 5_000;

/// Places of what counts, and so stands at the right.
const NUMBERS: [usize; 3] = [2, 4, 5];

/// All payments of the question, batch by batch.
pub fn source(ask: FactQuery, vietnamese: bool) -> Source {
    let ask = FactQuery { limit: AHEAD, ..ask };
    let frame = frame(&ask, vietnamese);
    let mut after = None;
    let next = move |tx: &mut Tx<'_>| {
        let found = tx.payments_page(&ask, after)?;
        after = found.last().map(|row| (row.paid_at, row.dossier_id, row.n)).or(after);
        let last = i64::try_from(found.len()).is_ok_and(|count| count < ask.limit);
        Ok(Batch { rows: found.iter().map(|payment| row(payment, vietnamese)).collect(), last })
    };
    Source::new(frame, next)
}

fn frame(ask: &FactQuery, vietnamese: bool) -> Sheet {
    let title = if vietnamese { "DANH SÁCH GIAO DỊCH NỘP PHÍ, LỆ PHÍ" } else { "PAYMENTS OF FEES" };
    export::frame("payments", title, &COLUMNS, &NUMBERS, from_micros(ask.known_at), vietnamese)
}

fn row(payment: &PaymentRow, vietnamese: bool) -> Row {
    let method = PaymentMethod::parse(&payment.method).map_or(payment.method.as_str(), |m| m.word(vietnamese));
    let channel = Channel::parse(&payment.channel).map_or(payment.channel.as_str(), |c| c.word(vietnamese));
    Row::plain(vec![
        Cell::text(payment.agency_id.as_str()),
        Cell::text(payment.dossier_id.0.to_string()),
        Cell::integer(i64::from(payment.n)),
        Cell::instant(from_micros(payment.paid_at)),
        Cell::integer(payment.amount),
        Cell::integer(payment.refunded),
        Cell::text(method),
        Cell::text(payment.procedure.as_str()),
        Cell::text(payment.field.as_str()),
        Cell::text(channel),
    ])
}
