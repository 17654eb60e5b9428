//! How dossiers end.

use super::agencies::AgencyRule;
use super::{Check, Rule, Severity};

const F_VI: &str = "Hồ sơ xong lần đầu trong kỳ";
const F_EN: &str = "Dossiers first finished in the period";

pub(super) static TABLE: &[Check] = &[
    Check {
        id: "no_result",
        source: "Đóng hồ sơ khi chưa có kết quả",
        severity: Severity::Serious,
        title_vi: "Xong mà không có kết quả",
        title_en: "Finished without a result",
        population_vi: F_VI,
        population_en: F_EN,
        flagged_vi: "không có văn bản kết quả, hoặc văn bản không số và không có bản điện tử hay bản số hóa",
        flagged_en: "without a result document, or with one that has no number and no electronic or digitised file",
        rule: Rule::Row {
            population: "{F}",
            flagged: "NOT result_document OR (NOT {result_numbered} AND NOT result_digital)",
        },
    },
    Check {
        id: "late_return",
        source: "Xong mà không trả kết quả, hoặc trả mà không đóng",
        severity: Severity::Info,
        title_vi: "Xong lâu mà chưa trả kết quả",
        title_en: "Long between finished and returned",
        population_vi: "Hồ sơ xong lần đầu trong kỳ và không mở lại",
        population_en: "Dossiers first finished in the period and not reopened",
        flagged_vi: "trả kết quả hơn {return_days} ngày sau khi xong, hoặc chưa trả sau chừng ấy ngày",
        flagged_en: "returned more than {return_days} days after the finish, or not returned by then",
        rule: Rule::Row {
            population: "{F} AND reopens = 0",
            flagged: "COALESCE(returned_at, {at}) - finished_at > {return_days} * {day}",
        },
    },
    Check {
        id: "reopened",
        source: "Mở lại và xong lại",
        severity: Severity::Info,
        title_vi: "Mở lại sau khi xong",
        title_en: "Reopened after the finish",
        population_vi: F_VI,
        population_en: F_EN,
        flagged_vi: "được mở lại ít nhất một lần",
        flagged_en: "reopened at least once",
        rule: Rule::Row { population: "{F}", flagged: "reopens > 0" },
    },
    Check {
        id: "late_without_apology",
        source: "Nghị định 61/2018/NĐ-CP; không xin lỗi (K21)",
        severity: Severity::Warning,
        title_vi: "Quá hạn không có thư xin lỗi",
        title_en: "Late without an apology",
        population_vi: "Hồ sơ xong quá hạn trong kỳ và hồ sơ quá hạn chưa xong",
        population_en: "Dossiers finished late in the period, and open overdue ones",
        flagged_vi: "không có thư xin lỗi ban hành đến ngày đến hạn",
        flagged_en: "without a letter issued by the due date",
        rule: Rule::Shortfall("apology_letters"),
    },
    Check {
        id: "mass_closing",
        source: "Đóng hàng loạt cuối kỳ",
        severity: Severity::Warning,
        title_vi: "Đóng hàng loạt cuối kỳ",
        title_en: "Mass closing at the period's end",
        population_vi: "Hồ sơ xong lần đầu trong kỳ",
        population_en: "Dossiers first finished in the period",
        flagged_vi: "xong từ đầu {ending_days} ngày làm việc cuối kỳ, của cơ quan nhận hồ sơ có ít nhất {mass_finishes} hồ sơ xong trong kỳ có ít nhất {mass_days} ngày làm việc, mà số xong trong các ngày cuối gấp ít nhất {mass_times} lần mức bình quân",
        flagged_en: "finished on or after the first of the last {ending_days} working days, of receiving agencies with at least {mass_finishes} finishes in a period of at least {mass_days} working days, where those days saw at least {mass_times} times the average",
        rule: Rule::Agency(AgencyRule {
            population: "{F}",
            measured: "{F} AND finished_at >= {ending}",
            flagged: "{F} AND finished_at >= {ending}",
            stands_out: super::agencies::closes_in_mass,
        }),
    },
    Check {
        id: "perfect_record",
        source: "100,00% đáng ngờ",
        severity: Severity::Info,
        title_vi: "100% đúng hạn trên nhiều hồ sơ",
        title_en: "A perfect 100 % over many",
        population_vi: "Hồ sơ xong lần đầu trong kỳ",
        population_en: "Dossiers first finished in the period",
        flagged_vi: "của cơ quan nhận hồ sơ có ít nhất {perfect_finishes} hồ sơ xong trong kỳ mà không hồ sơ nào quá hạn",
        flagged_en: "of receiving agencies with at least {perfect_finishes} finishes in the period and not one late",
        rule: Rule::Agency(AgencyRule {
            population: "{F}",
            measured: "{F} AND class = 'late'",
            flagged: "{F}",
            stands_out: super::agencies::never_late,
        }),
    },
];
