//! The control sheet as the form has it.

use super::ControlSheet;
use super::steps::Step;
use crate::domain::time::business_date;
use crate::http::export::stamp;
use crate::http::reports::forms::{self, Kind};
use crate::http::view::AssignedView;
use crate::http::words::Word;
use crate::sheet::{Cell, Column, HeadCell, Row, Sheet, Signature, local_time};

pub fn sheet(view: &ControlSheet, letterhead: Vec<String>) -> Sheet {
    let name = view.code.clone().unwrap_or_else(|| view.id.to_string());
    let time = |at| Option::map_or(at, "chưa có".to_owned(), local_time);
    let applicant = view.applicant.as_ref().map_or("đã xóa", |applicant| applicant.name.as_str());
    let tall = |text: &str| HeadCell::over(text, 1, 2);
    let mut notes = Vec::new();
    if let Some(minutes) = view.running_minutes {
        notes.push(format!("Thời gian làm việc kể từ bước cuối đến thời điểm lập phiếu: {}.", length(minutes)));
    }
    notes.push(format!("Giờ làm việc tính theo lịch {}.", view.calendar_version));
    Sheet {
        name: format!("control-sheet_{name}_{}", stamp(view.known_at)),
        form: forms::number(Kind::ControlSheet, business_date(view.known_at)),
        agency: letterhead,
        title: "PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ".to_owned(),
        subtitle: vec![
            format!("Mã hồ sơ: {name}"),
            format!("Thủ tục hành chính: {} ({})", view.procedure_name, view.procedure),
            format!("Cá nhân, tổ chức: {applicant}"),
            format!(
                "Tiếp nhận: {}; hẹn trả: {}; tình trạng: {}",
                time(view.received_at),
                time(view.due),
                view.on_time_status.vietnamese()
            ),
            format!("(Số liệu tại thời điểm {})", local_time(view.known_at)),
        ],
        heading: vec![
            vec![
                tall("STT"),
                tall("Nội dung"),
                HeadCell::over("Giao, nhận hồ sơ", 3, 1),
                tall("Thời gian thực hiện (giờ làm việc)"),
                tall("Kết quả so với thời hạn"),
                tall("Ghi chú"),
            ],
            ["Bên giao", "Bên nhận", "Giờ, ngày, tháng, năm"].into_iter().map(HeadCell::new).collect(),
        ],
        numbers: (1..=8).map(|number| format!("({number})")).collect(),
        columns: vec![
            Column::center(6.0),
            Column::left(22.0),
            Column::left(22.0),
            Column::left(22.0),
            Column::center(14.0),
            Column::center(15.0),
            Column::center(15.0),
            Column::left(22.0),
        ],
        rows: view.steps.iter().zip(1..).map(|(step, number)| row(step, number)).collect(),
        notes,
        signatures: vec![Signature::preparer(), Signature::head()],
        landscape: true,
        as_of: view.known_at,
    }
}

fn row(step: &Step, number: i64) -> Row {
    let mut notes = Vec::new();
    if step.paused {
        notes.push("Thời gian tạm dừng không tính".to_owned());
    }
    notes.extend(step.document.as_ref().map(|number| format!("Văn bản số {number}")));
    if step.late_entry {
        notes.push(format!("Nhập muộn, lúc {}", local_time(step.recorded_at)));
    }
    Row::plain(vec![
        Cell::integer(number),
        Cell::text(step.event.vietnamese()),
        Cell::text(who(&step.from)),
        Cell::text(who(&step.to)),
        Cell::instant(step.at),
        Cell::maybe(step.minutes, |minutes| Cell::text(length(minutes))),
        Cell::text(step.on_time_status.vietnamese()),
        Cell::text(notes.join("; ")),
    ])
}

fn who(holder: &AssignedView) -> String {
    let parts = [&holder.officer, &holder.unit, &holder.step];
    let named: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    if named.is_empty() { "Bộ phận một cửa".to_owned() } else { named.join(", ") }
}

fn length(minutes: i64) -> String {
    let (hours, rest) = (minutes / 60, minutes % 60);
    match (hours, rest) {
        (0, rest) => format!("{rest} phút"),
        (hours, 0) => format!("{hours} giờ"),
        (hours, rest) => format!("{hours} giờ {rest} phút"),
    }
}
