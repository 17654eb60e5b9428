//! What happens to the clock while a dossier is in hand.

use super::identities::{IdentityRule, Search};
use super::{Check, Rule, Severity};

const T_VI: &str = "Hồ sơ xong, kết thúc khác trong kỳ, hoặc còn đang giải quyết";
const T_EN: &str = "Dossiers finished or otherwise ended in the period, or still open";
const EXTENDED_VI: &str = "Hồ sơ có gia hạn, xong hoặc kết thúc khác trong kỳ, hoặc còn đang giải quyết";
const EXTENDED_EN: &str = "Extended dossiers finished or otherwise ended in the period, or still open";

pub(super) static TABLE: &[Check] = &[
    Check {
        id: "late_supplement",
        source: "Yêu cầu bổ sung để dừng đồng hồ",
        severity: Severity::Warning,
        title_vi: "Yêu cầu bổ sung sát hạn",
        title_en: "Supplement asked near the end of the time",
        population_vi: T_VI,
        population_en: T_EN,
        flagged_vi: "có yêu cầu bổ sung sau khi đã qua bốn phần năm thời gian từ lúc bắt đầu tính đến hạn trả (kể cả ngày nghỉ), trước khi xong lần đầu",
        flagged_en: "asked for a supplement when four fifths of the time to the due instant (days off included) were over, before the first finish",
        rule: Rule::Row { population: "{T}", flagged: "{late_supplement}" },
    },
    Check {
        id: "repeated_rounds",
        source: "Nghị định 61/2018/NĐ-CP, điều 17: bổ sung không quá một lần (K22)",
        severity: Severity::Warning,
        title_vi: "Yêu cầu bổ sung nhiều lần",
        title_en: "More than one round of supplements",
        population_vi: T_VI,
        population_en: T_EN,
        flagged_vi: "bị yêu cầu bổ sung từ {rounds} lần trở lên",
        flagged_en: "asked for supplements {rounds} times or more",
        rule: Rule::Row { population: "{T}", flagged: "rounds >= {rounds}" },
    },
    Check {
        id: "same_item_twice",
        source: "Yêu cầu bổ sung để dừng đồng hồ: cùng một giấy tờ",
        severity: Severity::Warning,
        title_vi: "Yêu cầu bổ sung cùng một giấy tờ hai lần",
        title_en: "The same item asked for twice",
        population_vi: T_VI,
        population_en: T_EN,
        flagged_vi: "có một thành phần bị yêu cầu trong hơn một lần bổ sung",
        flagged_en: "with a component asked for in more than one request",
        rule: Rule::Row { population: "{T}", flagged: "{item_twice}" },
    },
    Check {
        id: "withdrawn_near_due",
        source: "Rút hồ sơ không theo ý người nộp: rút sát hạn trả",
        severity: Severity::Warning,
        title_vi: "Rút hồ sơ sát hạn trả",
        title_en: "Withdrawn within a day of due",
        population_vi: "Hồ sơ rút trong kỳ sau khi tiếp nhận",
        population_en: "Dossiers withdrawn in the period after receipt",
        flagged_vi: "rút trong vòng {due_hours} giờ trước hoặc sau hạn trả (không tính gia hạn)",
        flagged_en: "withdrawn within {due_hours} hours before or after the due instant (without extensions)",
        rule: Rule::Row {
            population: "{X} AND state = 'withdrawn'",
            flagged: "ended_at BETWEEN figure_due_strict - {due_hours} * {hour} AND figure_due_strict + {due_hours} * {hour}",
        },
    },
    Check {
        id: "withdrawn_refiled",
        source: "Rút hồ sơ không theo ý người nộp: rút rồi nộp lại",
        severity: Severity::Serious,
        title_vi: "Rút rồi nộp lại",
        title_en: "Withdrawn and refiled",
        population_vi: "Hồ sơ rút trong kỳ, kể cả trước khi tiếp nhận",
        population_en: "Dossiers withdrawn in the period, also before receipt",
        flagged_vi: "trong vòng {refile_days} ngày sau khi rút (và đến hết kỳ) có hồ sơ khác tại cùng cơ quan nhận nêu nó là hồ sơ trước, hoặc cùng thủ tục và cùng số điện thoại hay số giấy tờ của người nộp (không tính dữ liệu cá nhân đã xóa)",
        flagged_en: "where within {refile_days} days (and by the period's end) another dossier at the same receiving agency names it as its previous one, or has the same procedure and the applicant's phone or identity number (erased personal data do not count)",
        rule: Rule::Identity(IdentityRule {
            population: "NOT voided AND state = 'withdrawn' AND ended_at BETWEEN {from} AND {to}",
            search: Search::Refiled,
        }),
    },
    Check {
        id: "extended_after_due",
        source: "Sửa hạn trả: gia hạn sau khi đã quá hạn",
        severity: Severity::Serious,
        title_vi: "Gia hạn sau hạn trả",
        title_en: "Extended after the due instant",
        population_vi: EXTENDED_VI,
        population_en: EXTENDED_EN,
        flagged_vi: "có gia hạn ghi nhận sau hạn trả đang có hiệu lực, trước khi xong lần đầu",
        flagged_en: "with an extension granted after the due instant in force then, before the first finish",
        rule: Rule::Row { population: "{T} AND {extended}", flagged: "{extended_after_due}" },
    },
    Check {
        id: "extended_twice",
        source: "Sửa hạn trả: gia hạn lần hai",
        severity: Severity::Warning,
        title_vi: "Gia hạn nhiều lần",
        title_en: "Extended more than once",
        population_vi: EXTENDED_VI,
        population_en: EXTENDED_EN,
        flagged_vi: "được gia hạn từ hai lần trở lên",
        flagged_en: "extended twice or more",
        rule: Rule::Row { population: "{T} AND {extended}", flagged: "{extended_twice}" },
    },
    Check {
        id: "extended_without_letter",
        source: "Sửa hạn trả: gia hạn không có thư xin lỗi (mẫu 04)",
        severity: Severity::Serious,
        title_vi: "Gia hạn không có thư đúng lúc",
        title_en: "Extended without a letter in time",
        population_vi: EXTENDED_VI,
        population_en: EXTENDED_EN,
        flagged_vi: "có gia hạn mà thư ban hành sau ngày đến hạn đang có hiệu lực, trước khi xong lần đầu",
        flagged_en: "with an extension whose letter was issued after the due date in force then, before the first finish",
        rule: Rule::Row { population: "{T} AND {extended}", flagged: "{letter_late}" },
    },
];
