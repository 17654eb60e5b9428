//! Comparisons as tables.

use crate::domain::dossier::State;
use crate::http::tables::{As, Place, Table};
use crate::http::words::Word;

/// The dossiers that moved.
pub const DOSSIERS: Table = Table {
    stem: "moved",
    vietnamese: "HỒ SƠ THAY ĐỔI GIỮA HAI THỜI ĐIỂM SỐ LIỆU",
    english: "DOSSIERS THAT MOVED BETWEEN TWO INSTANTS OF KNOWLEDGE",
    places: &[
        Place("/code", "Mã hồ sơ", "Code", 24.0, As::Text),
        Place("/id", "Số định danh", "Id", 38.0, As::Text),
        Place("/agency", "Cơ quan", "Agency", 16.0, As::Text),
        Place("/procedure", "Mã thủ tục", "Procedure", 14.0, As::Text),
        Place("/state", "Trạng thái", "State", 20.0, As::Word(state)),
        Place("/moved", "Thay đổi", "Moved", 10.0, As::Word(moved)),
        Place("/steps", "Từ khi được biết", "Known at", 34.0, As::All("/known_at")),
        Place("/steps", "Do", "Cause", 16.0, As::All("/cause")),
        Place("/steps", "Sự kiện", "Events", 24.0, As::All("/event/type")),
    ],
};

/// The figures that changed.
pub const FIGURES: Table = Table {
    stem: "changed",
    vietnamese: "SỐ LIỆU THAY ĐỔI GIỮA HAI THỜI ĐIỂM",
    english: "FIGURES THAT CHANGED BETWEEN TWO INSTANTS OF KNOWLEDGE",
    places: &[
        Place("/title", "Số liệu", "Figure (Vietnamese)", 50.0, As::Text),
        Place("/title_en", "Số liệu (tiếng Anh)", "Figure", 50.0, As::Text),
        Place("/indicator", "Chỉ tiêu", "Indicator", 24.0, As::Text),
        Place("/part", "Phần", "Part", 14.0, As::Text),
        Place("/column", "Cột", "Column", 8.0, As::Text),
        Place("/before", "Trước", "Before", 10.0, As::Integer),
        Place("/after", "Sau", "After", 10.0, As::Integer),
        Place("/entered", "Vào", "Entered", 10.0, As::Integer),
        Place("/left", "Ra", "Left", 10.0, As::Integer),
    ],
};

fn state(word: &str, vietnamese: bool) -> Option<&'static str> {
    Some(State::parse(word)?.word(vietnamese))
}

fn moved(word: &str, vietnamese: bool) -> Option<&'static str> {
    match (word, vietnamese) {
        ("entered", true) => Some("vào"),
        ("left", true) => Some("ra"),
        _ => None,
    }
}
