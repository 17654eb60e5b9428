//! Numbers of the one-stop forms and the regulation that gives them: they change, what the forms say hardly does.

use chrono::NaiveDate;

/// What a form is, whatever its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Phiếu kiểm soát quá trình giải quyết hồ sơ.
    ControlSheet,
    /// Sổ theo dõi hồ sơ.
    Register,
}

struct Edition {
    /// First day of use, as year, month, day.
    since: (i32, u32, u32),
    regulation: &'static str,
    control_sheet: &'static str,
    register: &'static str,
}

/// Latest first. The second is dated with the two-level local government, for which it was made.
const EDITIONS: [Edition; 2] = [
    Edition {
        since: (2025, 7, 1),
        regulation: "Thông tư 03/2025/TT-VPCP",
        control_sheet: "Mẫu số 06",
        register: "Mẫu số 07",
    },
    Edition {
        since: (1970, 1, 1),
        regulation: "Thông tư 01/2018/TT-VPCP",
        control_sheet: "Mẫu số 05",
        register: "Mẫu số 06",
    },
];

/// Number and regulation of a form on a date.
#[must_use]
pub fn number(kind: Kind, on: NaiveDate) -> String {
    let in_use = |edition: &&Edition| {
        let (year, month, day) = edition.since;
        NaiveDate::from_ymd_opt(year, month, day).is_some_and(|since| since <= on)
    };
    let edition = EDITIONS.iter().find(in_use).unwrap_or(&EDITIONS[1]);
    let number = match kind {
        Kind::ControlSheet => edition.control_sheet,
        Kind::Register => edition.register,
    };
    format!("{number} ({})", edition.regulation)
}
