//! How dossiers come in.

use super::{Check, Rule, Severity};

pub(super) static TABLE: &[Check] = &[
    Check {
        id: "late_receipt",
        source: "Nghị định 118/2025/NĐ-CP; tiếp nhận chậm (K4)",
        severity: Severity::Warning,
        title_vi: "Tiếp nhận chậm hồ sơ trực tuyến",
        title_en: "Online submission answered late",
        population_vi: "Hồ sơ nộp trực tuyến trong kỳ đã được trả lời hoặc đã hết 8 giờ làm việc",
        population_en: "Online submissions of the period that were answered or whose 8 working hours are over",
        flagged_vi: "không được tiếp nhận, từ chối hoặc yêu cầu bổ sung trong 8 giờ làm việc",
        flagged_en: "neither received nor refused nor asked for a supplement within 8 working hours",
        rule: Rule::Shortfall("online_receipt_8h"),
    },
    Check {
        id: "late_receipt_paper",
        source: "Tiếp nhận chậm: hồ sơ giấy để trong ngăn kéo, nhập ngày xong",
        severity: Severity::Warning,
        title_vi: "Tiếp nhận chậm hồ sơ giấy",
        title_en: "Paper dossier received late",
        population_vi: "Hồ sơ nộp trực tiếp hoặc qua bưu chính trong kỳ, trừ hồ sơ rút khi chưa được trả lời",
        population_en: "Dossiers handed in at the counter or by post in the period, without those withdrawn unanswered",
        flagged_vi: "được trả lời lần đầu sau hơn {receipt_days} ngày (kể cả ngày nghỉ), hoặc chờ lâu hơn thế",
        flagged_en: "first answered more than {receipt_days} days (days off included) later, or waiting longer than that",
        rule: Rule::Row {
            population: "NOT voided AND channel IN ('in_person', 'post') AND submitted_at BETWEEN {from} AND {to} \
                         AND NOT withdrawn_unanswered",
            flagged: "COALESCE(answered_at, {at}) - submitted_at > {receipt_days} * {day}",
        },
    },
    Check {
        id: "quick_finish",
        source: "Tiếp nhận chậm: hồ sơ giấy để trong ngăn kéo, nhập ngày xong",
        severity: Severity::Warning,
        title_vi: "Tiếp nhận và xong gần như cùng lúc",
        title_en: "Received and finished nearly together",
        population_vi: "Hồ sơ xong lần đầu trong kỳ, trừ thủ tục trả ngay và thủ tục 4 tại chỗ",
        population_en: "Dossiers first finished in the period, without procedures answered at once or on the spot",
        flagged_vi: "có thời gian làm việc từ tiếp nhận đến xong dưới {quick_minutes} phút (giờ hành chính, trừ tạm dừng)",
        flagged_en: "with less than {quick_minutes} office minutes from receipt to finish, less pauses",
        rule: Rule::Row {
            population: "{F} AND NOT {immediate} AND NOT on_the_spot",
            flagged: "worked_minutes < {quick_minutes}",
        },
    },
    Check {
        id: "receipt_after_result",
        source: "Tiếp nhận chậm: tiếp nhận sau ngày ký kết quả",
        severity: Severity::Serious,
        title_vi: "Tiếp nhận sau ngày ký kết quả",
        title_en: "Received after the result was signed",
        population_vi: "Hồ sơ xong lần đầu trong kỳ",
        population_en: "Dossiers first finished in the period",
        flagged_vi: "có kết quả ghi ngày ban hành trước ngày tiếp nhận",
        flagged_en: "with a result issued on a day before the receipt",
        rule: Rule::Row { population: "{F}", flagged: "{result_before_receipt}" },
    },
    Check {
        id: "late_entry",
        source: "Nhập lùi ngày: hai mốc thời gian của mỗi sự kiện",
        severity: Severity::Info,
        title_vi: "Có sự kiện nhập muộn",
        title_en: "Events entered late",
        population_vi: "Hồ sơ xong, kết thúc khác trong kỳ, hoặc còn đang giải quyết",
        population_en: "Dossiers finished or otherwise ended in the period, or still open",
        flagged_vi: "có sự kiện nhập sau ngày làm việc kế tiếp, kèm lý do (hồ sơ nhập từ hệ thống khác không tính)",
        flagged_en: "with an event entered later than the next working day, with a reason (imports do not count)",
        rule: Rule::Row { population: "{T}", flagged: "late_entry" },
    },
    Check {
        id: "assisted",
        source: "Cán bộ nộp trực tuyến thay người dân",
        severity: Severity::Info,
        title_vi: "Nộp trực tuyến có cán bộ hỗ trợ",
        title_en: "Online submissions with staff assistance",
        population_vi: "Hồ sơ nộp trực tuyến trong kỳ",
        population_en: "Online submissions of the period",
        flagged_vi: "được đánh dấu là nộp có hỗ trợ",
        flagged_en: "marked as assisted",
        rule: Rule::Row { population: ONLINE, flagged: "assisted" },
    },
    Check {
        id: "same_hand",
        source: "Cán bộ nộp trực tuyến thay người dân: cùng một người nộp và tiếp nhận",
        severity: Severity::Warning,
        title_vi: "Một người vừa nộp trực tuyến vừa tiếp nhận",
        title_en: "Submitted online and received by the same person",
        population_vi: "Hồ sơ nộp trực tuyến trong kỳ đã được tiếp nhận",
        population_en: "Online submissions of the period that were received",
        flagged_vi: "do cùng một tài khoản ghi nhận việc nộp và việc tiếp nhận (tiếp nhận nhập từ hệ thống khác không tính)",
        flagged_en: "recorded as submitted and as received by one account (imported receipts do not count)",
        rule: Rule::Row {
            population: "NOT voided AND channel IN ('level_3', 'level_4') AND submitted_at BETWEEN {from} AND {to} \
                         AND received_at IS NOT NULL",
            flagged: "{same_hand}",
        },
    },
];

const ONLINE: &str = "NOT voided AND channel IN ('level_3', 'level_4') AND submitted_at BETWEEN {from} AND {to}";
