//! Biểu số 07a/BTP, the successor of II.06a. Its official text was not at hand: the columns are those that its
//! announcement adds to II.06a, and their numbers are ours. What both forms count has the same predicate in both.

use super::{Column, Layout, STOPPED, WITHDRAWN, Words};

const WAITING: Words = Words { vi: "Số hồ sơ chờ tiếp nhận", en: "Waiting for receipt" };
const RECEIVED: Words = Words { vi: "Số hồ sơ tiếp nhận", en: "Received" };
const IN_PERIOD: Words = Words { vi: "Trong kỳ", en: "In the period" };
const ONLINE: Words = Words { vi: "Trực tuyến", en: "Online" };
const RESOLVED: Words = Words { vi: "Số hồ sơ đã giải quyết", en: "Resolved" };
const LATE: Words = Words { vi: "Quá hạn", en: "Late" };
const OPEN: Words = Words { vi: "Số hồ sơ đang giải quyết", en: "Being handled" };
const PAID: Words =
    Words { vi: "Số hồ sơ tiếp nhận trong kỳ đã thanh toán", en: "Received in the period and paid for" };
const TOTAL: Words = Words { vi: "Tổng số", en: "Total" };

/// The form.
pub static LAYOUT: Layout = Layout {
    id: "07a",
    form: Words { vi: "Biểu số 07a/BTP", en: "Form 07a/BTP" },
    title: Words {
        vi: "Tình hình, kết quả tiếp nhận và giải quyết hồ sơ thủ tục hành chính",
        en: "Reception and handling of dossiers of administrative procedures",
    },
    version: 1,
    columns: COLUMNS,
    balances: &[("6", &["12", "17"])],
    notes: &[
        Words {
            vi: "Thứ tự và số cột do phần mềm đặt: chưa có văn bản chính thức của biểu này.",
            en: "Order and numbers of the columns are the program's own: the official text of this form was not at hand.",
        },
        Words {
            vi: "Tiếp nhận không phụ thuộc địa giới hành chính chưa được ghi nhận riêng nên không có cột.",
            en: "Receipt regardless of territory is not recorded apart and has no column.",
        },
        Words {
            vi: "Cột 22–24 tính trên mọi hồ sơ tiếp nhận trong kỳ, kể cả hồ sơ dừng hoặc rút.",
            en: "Columns 22–24 are of all dossiers received in the period, the stopped and withdrawn included.",
        },
    ],
};

const COLUMNS: &[Column] = &[
    Column {
        number: "3",
        under: &[WAITING],
        title: Words { vi: "Trong hạn", en: "In time" },
        // Late where the indicator of answers within eight working hours counts a failure: at the due instant.
        predicate: "NOT voided AND received_at IS NULL AND ended_at IS NULL AND answered_at IS NULL \
                    AND (answer_due IS NULL OR answer_due > {at})",
        parts: &[],
    },
    Column {
        number: "4",
        under: &[WAITING],
        title: LATE,
        predicate: "NOT voided AND received_at IS NULL AND ended_at IS NULL AND answered_at IS NULL AND answer_due <= {at}",
        parts: &[],
    },
    Column {
        number: "5",
        under: &[],
        title: Words { vi: "Số hồ sơ không tiếp nhận", en: "Not received" },
        predicate: "NOT voided AND refused_at BETWEEN {from} AND {to}",
        parts: &[],
    },
    Column {
        number: "6",
        under: &[RECEIVED],
        title: TOTAL,
        predicate: "({Received} OR {Carried})",
        parts: &["7", "8", "9", "10", "11"],
    },
    Column {
        number: "7",
        under: &[RECEIVED, IN_PERIOD, ONLINE],
        title: Words { vi: "Toàn trình", en: "Full" },
        predicate: "{Received} AND channel = 'level_4'",
        parts: &[],
    },
    Column {
        number: "8",
        under: &[RECEIVED, IN_PERIOD, ONLINE],
        title: Words { vi: "Một phần", en: "Partial" },
        predicate: "{Received} AND channel = 'level_3'",
        parts: &[],
    },
    Column {
        number: "9",
        under: &[RECEIVED, IN_PERIOD],
        title: Words { vi: "Dịch vụ bưu chính", en: "By post" },
        predicate: "{Received} AND channel = 'post'",
        parts: &[],
    },
    Column {
        number: "10",
        under: &[RECEIVED, IN_PERIOD],
        title: Words { vi: "Trực tiếp", en: "In person" },
        predicate: "{Received} AND channel = 'in_person'",
        parts: &[],
    },
    Column {
        number: "11",
        under: &[RECEIVED],
        title: Words { vi: "Từ kỳ trước", en: "Carried over" },
        predicate: "{Carried}",
        parts: &[],
    },
    Column {
        number: "12",
        under: &[RESOLVED],
        title: TOTAL,
        predicate: "{Resolved}",
        parts: &["13", "14", "15", "16"],
    },
    Column {
        number: "13",
        under: &[RESOLVED],
        title: Words { vi: "Trước hạn", en: "Early" },
        predicate: "{Early}",
        parts: &[],
    },
    Column {
        number: "14",
        under: &[RESOLVED],
        title: Words { vi: "Đúng hạn", en: "On time" },
        predicate: "{OnTime}",
        parts: &[],
    },
    Column {
        number: "15",
        under: &[RESOLVED, LATE],
        title: Words { vi: "Có thư xin lỗi", en: "With an apology" },
        predicate: "{Late} AND letter_in_time",
        parts: &[],
    },
    Column {
        number: "16",
        under: &[RESOLVED, LATE],
        title: Words { vi: "Không có thư xin lỗi", en: "Without" },
        predicate: "{Late} AND NOT letter_in_time",
        parts: &[],
    },
    Column { number: "17", under: &[OPEN], title: TOTAL, predicate: "{W}", parts: &["18", "19"] },
    Column {
        number: "18",
        under: &[OPEN],
        title: Words { vi: "Trong hạn", en: "In time" },
        predicate: "{W} AND NOT {Wl}",
        parts: &[],
    },
    Column {
        number: "19",
        under: &[OPEN],
        title: Words { vi: "Quá hạn", en: "Overdue" },
        predicate: "{Wl}",
        parts: &[],
    },
    Column {
        number: "20",
        under: &[],
        title: Words { vi: "Số hồ sơ dừng giải quyết", en: "Stopped" },
        predicate: STOPPED,
        parts: &[],
    },
    Column {
        number: "21",
        under: &[],
        title: Words { vi: "Số hồ sơ rút", en: "Withdrawn" },
        predicate: WITHDRAWN,
        parts: &[],
    },
    Column {
        number: "22",
        under: &[PAID],
        title: TOTAL,
        predicate: "{N} AND payment_methods <> ''",
        parts: &["23", "24"],
    },
    Column {
        number: "23",
        under: &[PAID],
        title: Words { vi: "Trực tuyến", en: "Online" },
        predicate: "{N} AND paid_online",
        parts: &[],
    },
    Column {
        number: "24",
        under: &[PAID],
        title: Words { vi: "Trực tiếp", en: "Otherwise" },
        predicate: "{N} AND payment_methods <> '' AND NOT paid_online",
        parts: &[],
    },
];
