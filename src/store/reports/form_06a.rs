//! Biểu số II.06a/VPCP/KSTT: reception and handling of dossiers, by field and level of agency.

use super::{Column, Layout, Words};

const RECEIVED: Words = Words { vi: "Số hồ sơ tiếp nhận", en: "Received" };
const IN_PERIOD: Words = Words { vi: "Trong kỳ", en: "In the period" };
const RESOLVED: Words = Words { vi: "Số hồ sơ đã giải quyết", en: "Resolved" };
const OPEN: Words = Words { vi: "Số hồ sơ đang giải quyết", en: "Being handled" };
const TOTAL: Words = Words { vi: "Tổng số", en: "Total" };

/// The form.
pub static LAYOUT: Layout = Layout {
    id: "06a",
    form: Words { vi: "Biểu số II.06a/VPCP/KSTT", en: "Form II.06a/VPCP/KSTT" },
    title: Words {
        vi: "Tình hình, kết quả giải quyết thủ tục hành chính tại cơ quan, đơn vị trực tiếp giải quyết",
        en: "Handling of administrative procedures at the agencies that handle them",
    },
    version: 1,
    columns: &[
        Column {
            number: "3",
            under: &[RECEIVED],
            title: TOTAL,
            predicate: "({Received} OR {Carried})",
            parts: &["4", "5", "6"],
        },
        Column {
            number: "4",
            under: &[RECEIVED, IN_PERIOD],
            title: Words { vi: "Trực tuyến", en: "Online" },
            predicate: "{Received} AND channel IN ('level_3', 'level_4')",
            parts: &[],
        },
        Column {
            number: "5",
            under: &[RECEIVED, IN_PERIOD],
            title: Words { vi: "Trực tiếp, dịch vụ bưu chính", en: "In person or by post" },
            predicate: "{Received} AND channel IN ('in_person', 'post')",
            parts: &[],
        },
        Column {
            number: "6",
            under: &[RECEIVED],
            title: Words { vi: "Từ kỳ trước", en: "Carried over" },
            predicate: "{Carried}",
            parts: &[],
        },
        Column { number: "7", under: &[RESOLVED], title: TOTAL, predicate: "{Resolved}", parts: &["8", "9", "10"] },
        Column {
            number: "8",
            under: &[RESOLVED],
            title: Words { vi: "Trước hạn", en: "Early" },
            predicate: "{Early}",
            parts: &[],
        },
        Column {
            number: "9",
            under: &[RESOLVED],
            title: Words { vi: "Đúng hạn", en: "On time" },
            predicate: "{OnTime}",
            parts: &[],
        },
        Column {
            number: "10",
            under: &[RESOLVED],
            title: Words { vi: "Quá hạn", en: "Late" },
            predicate: "{Late}",
            parts: &[],
        },
        Column { number: "11", under: &[OPEN], title: TOTAL, predicate: "{W}", parts: &["12", "13"] },
        Column {
            number: "12",
            under: &[OPEN],
            title: Words { vi: "Trong hạn", en: "In time" },
            predicate: "{W} AND NOT {Wl}",
            parts: &[],
        },
        Column {
            number: "13",
            under: &[OPEN],
            title: Words { vi: "Quá hạn", en: "Overdue" },
            predicate: "{Wl}",
            parts: &[],
        },
    ],
    balances: &[("3", &["7", "11"])],
    notes: &[],
};
