//! The bodies of the events in a story.

use chrono::{Duration, NaiveDate};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::dice::Dice;
use super::fate::{Fate, Pays, Slip};
use super::people::Cast;
use crate::domain::catalogue::Fee;
use crate::domain::dossier::{Dossier, Payment};
use crate::domain::event::{
    Channel, Component, Corrected, CorrectedField, Decision, Digitised, DigitisedTarget, Event, Evidence, Extended,
    FeeLine, File, Finished, Forwarded, Letter, NewDue, Outcome, Payload, PaymentLine, PaymentMethod, PaymentRecorded,
    PaymentRefunded, PaymentRequested, Rated, Received, Refused, Reopened, ResultDocument, ReturnMethod, Returned,
    Stopped, Submitted, SupplementItem, SupplementRequested, Supplemented, Voided, Withdrawn, WithdrawnBy,
};
use crate::domain::time::{Instant, business_date};

/// Decree on the one-stop shop: the legal basis of most acts.
const ONE_STOP: &str = "Nghị định số 61/2018/NĐ-CP, Điều 17";

/// Certified copies, whose fee is by the page.
const BY_THE_COPY: &str = "2.000815";

fn text(words: &str) -> Option<String> {
    Some(words.to_owned())
}

pub fn submitted(fate: &Fate, agency: &str) -> Payload {
    Payload::Submitted(Submitted {
        agency: agency.to_owned(),
        procedure: fate.procedure.code.clone(),
        channel: fate.channel,
        applicant: Some(fate.applicant.clone()),
        components: Some(fate.components.clone()),
        assisted: fate.assisted.then_some(true),
        return_method: Some(fate.return_method),
        previous: None,
        snapshot: None,
        fee_due: None,
        answer_due: None,
    })
}

/// With the fees as they are: exempt, by the copy, or as the procedure says.
pub fn received(fate: &Fate, dossier: &Dossier, dice: &mut Dice) -> Payload {
    let lines = |times: i64, reason: Option<&str>| -> Vec<FeeLine> {
        let line = |fee: &Fee| FeeLine {
            code: fee.code.clone(),
            amount: fee.amount * times,
            exempt_reason: reason.map(str::to_owned),
        };
        dossier.snapshot.fees.iter().map(line).collect()
    };
    let fees = if fate.pays == Pays::Before || dossier.snapshot.fees.is_empty() {
        None
    } else if fate.exempt {
        Some(lines(1, Some("Người có công với cách mạng, hộ nghèo")))
    } else if fate.procedure.code == BY_THE_COPY {
        Some(lines(dice.between(1, 12), None))
    } else {
        None
    };
    Payload::Received(Received { fees, ..Received::default() })
}

pub fn refused() -> Payload {
    Payload::Refused(Refused {
        reason: text("Hồ sơ không thuộc thẩm quyền giải quyết của cơ quan"),
        legal_basis: ONE_STOP.into(),
    })
}

pub fn to_officer(cast: &Cast) -> Payload {
    let unit = text("Bộ phận chuyên môn");
    Payload::Forwarded(Forwarded { officer: Some(cast.officer_name.clone()), unit, step: text("Thẩm định") })
}

pub fn to_leader(cast: &Cast) -> Payload {
    Payload::Forwarded(Forwarded { officer: Some(cast.leader_name.clone()), unit: None, step: text(TO_SIGN) })
}

/// The step before the end.
pub const TO_SIGN: &str = "Trình ký";

pub fn supplement_requested(fate: &Fate, reply_by: NaiveDate, dice: &mut Dice) -> Payload {
    let code = dice.pick(&fate.components).code.clone();
    let reasons: [&str; 3] = [
        "Bản chụp mờ, không đọc được số hiệu giấy tờ",
        "Thiếu chữ ký của người nộp hồ sơ",
        "Thông tin trên tờ khai không khớp với giấy tờ kèm theo",
    ];
    let item = SupplementItem {
        component: code,
        reason: text(dice.pick::<&str>(&reasons)),
        legal_basis: ONE_STOP.into(),
        paper: fate.paper.then_some(true),
    };
    Payload::SupplementRequested(SupplementRequested { items: vec![item], reply_by: Some(reply_by) })
}

/// The same components, the one asked for on paper now with an original.
pub fn supplemented(fate: &Fate) -> Payload {
    let mut components: Vec<Component> = fate.components.clone();
    if fate.paper
        && let Some(first) = components.first_mut()
    {
        first.originals = 1;
    }
    Payload::Supplemented(Supplemented { components, due: None, due_strict: None, calendar_version: None })
}

pub fn payment_requested(dice: &mut Dice) -> Payload {
    let line = |code: &str, amount| PaymentLine {
        code: code.into(),
        amount,
        legal_basis: text("Thông báo của Chi cục Thuế về nghĩa vụ tài chính"),
    };
    let registration = line("LE_PHI_TRUOC_BA", dice.between(4, 60) * 50_000);
    let income = line("THUE_TNCN", dice.between(10, 300) * 100_000);
    let lines = if dice.chance(0.6) { vec![registration, income] } else { vec![registration] };
    Payload::PaymentRequested(PaymentRequested { lines })
}

pub fn paid(amount: i64, method: PaymentMethod, dice: &mut Dice) -> Payload {
    let reference = (method != PaymentMethod::Cash).then(|| format!("GD{}", dice.digits(12)));
    Payload::PaymentRecorded(PaymentRecorded {
        amount,
        method,
        reference,
        due: None,
        due_strict: None,
        calendar_version: None,
    })
}

pub fn refunded(payment: &Payment) -> Payload {
    Payload::PaymentRefunded(PaymentRefunded {
        payment: payment.n,
        amount: payment.amount - payment.refunded,
        reason: text("Hồ sơ không được tiếp nhận, hoàn trả tiền đã nộp"),
    })
}

pub fn extended(fate: &Fate, at: Instant, new_due: NaiveDate) -> Payload {
    Payload::Extended(Extended {
        new_due: NewDue::On(new_due),
        letter: Letter { number: format!("{}/TXL", fate.number()), issued_on: business_date(at) },
        reason: text("Cần xác minh thêm nguồn gốc giấy tờ"),
    })
}

pub fn withdrawn(fate: &Fate) -> Payload {
    let kind =
        if fate.through_portal() { "Yêu cầu trên Cổng dịch vụ công" } else { "Đơn xin rút hồ sơ" };
    Payload::Withdrawn(Withdrawn {
        by: if fate.one_in(5) { WithdrawnBy::Representative } else { WithdrawnBy::Applicant },
        evidence: Evidence { kind: kind.into(), reference: format!("RHS-{}", fate.number()) },
    })
}

pub fn stopped(fate: &Fate, at: Instant) -> Payload {
    Payload::Stopped(Stopped {
        reason: text("Đối tượng của hồ sơ đang có tranh chấp"),
        legal_basis: ONE_STOP.into(),
        decision: Decision { number: format!("{}/TB-DHS", fate.number()), date: business_date(at) },
    })
}

pub fn finished(fate: &Fate, at: Instant, leader: &str) -> Payload {
    Payload::Finished(Finished { result: result(fate, at, leader), worked_minutes: None })
}

fn result(fate: &Fate, at: Instant, leader: &str) -> ResultDocument {
    ResultDocument {
        outcome: if fate.granted { Outcome::Granted } else { Outcome::Rejected },
        document: true,
        electronic: fate.electronic,
        signed: fate.electronic && fate.signed,
        number: Some(format!("{}/KQ", fate.number())),
        issued_on: Some(business_date(at)),
        signer: text(leader),
    }
}

pub fn returned(fate: &Fate, dice: &mut Dice) -> Payload {
    let method = fate.return_method;
    Payload::Returned(Returned {
        method,
        collector: (method == ReturnMethod::Counter).then(|| fate.applicant.name.clone()),
        tracking: (method == ReturnMethod::Post).then(|| format!("VN{}", dice.digits(9))),
    })
}

pub fn reopened() -> Payload {
    Payload::Reopened(Reopened {
        reason: text("Kết quả có sai sót về họ tên, cần cấp lại"), decision: None
    })
}

pub fn digitised(fate: &Fate, component: Option<String>) -> Payload {
    let target = if component.is_some() { DigitisedTarget::Component } else { DigitisedTarget::Result };
    let sha256 = hex::encode(Sha256::digest(fate.seed.to_le_bytes()));
    let file = Some(File { sha256, size: 40_000 + fate.seed % 900_000 });
    Payload::Digitised(Digitised { target, component, file })
}

pub fn rated(fate: &Fate, overall: u8) -> Payload {
    let comment = (overall <= 2).then(|| "Thời gian chờ lâu, phải đi lại nhiều lần".to_owned());
    let via = if fate.through_portal() { "portal" } else { "kiosk" };
    Payload::Rated(Rated { overall, via: via.into(), answers: None, comment, entered_by_staff: None })
}

pub fn voided() -> Payload {
    Payload::Voided(Voided { reason: text("Nhập trùng hồ sơ") })
}

/// The correction of a slip; `None` when this history has nothing of the kind to correct.
pub fn corrected(fate: &Fate, slip: Slip, events: &[Event], leader: &str) -> Option<Payload> {
    let find = |wanted: fn(&Payload) -> bool| events.iter().find(|event| wanted(&event.payload));
    let (target, field, value) = match slip {
        Slip::Channel if fate.channel == Channel::InPerson => (1, CorrectedField::Channel, json!("post")),
        Slip::Applicant => {
            let mut applicant = fate.applicant.clone();
            applicant.phone = Some(format!("000000{}", fate.number()));
            (1, CorrectedField::Applicant, serde_json::to_value(applicant).ok()?)
        }
        Slip::Result => {
            let event = find(|payload| matches!(payload, Payload::Finished(_)))?;
            let value = ResultDocument { electronic: true, signed: true, ..result(fate, event.occurred_at, leader) };
            (event.n, CorrectedField::Result, serde_json::to_value(value).ok()?)
        }
        Slip::Fees => {
            let event = find(|payload| matches!(payload, Payload::Received(_)))?;
            let Payload::Received(Received { fees: Some(fees), .. }) = &event.payload else { return None };
            // What was paid cannot come to lie above what is owed.
            let rounded = |line: &FeeLine| FeeLine { amount: line.amount + 1000, ..line.clone() };
            let fees: Vec<FeeLine> = fees.iter().map(rounded).collect();
            if fees.is_empty() {
                return None;
            }
            (event.n, CorrectedField::Fees, serde_json::to_value(fees).ok()?)
        }
        Slip::Channel => return None,
    };
    let reason = text("Nhập nhầm khi tiếp nhận");
    Some(Payload::Corrected(Corrected { target, field, value: Some(value), reason, answer_due: None }))
}

/// The day by which a supplement is asked for.
pub fn reply_by(at: Instant) -> NaiveDate {
    business_date(at) + Duration::days(15)
}
