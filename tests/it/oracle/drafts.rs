//! Bodies of events, mostly sound.

use chrono::Duration;
use motcua::domain::dossier::Dossier;
use motcua::domain::event::{CorrectedField, Event, EventType, Payload};
use motcua::domain::time::{Instant, business_date, local_text};
use serde_json::{Value, json};

use super::dice::Dice;
use super::world::{ON_THE_SPOT, PROCEDURES};

const METHODS: [&str; 6] = ["cash", "bank_transfer", "card", "national_portal", "provincial_portal", "other_online"];
const CHANNELS: [&str; 4] = ["in_person", "post", "level_3", "level_4"];
const REASON: &str = "lý do";

pub fn submission(dice: &mut Dice, agency: &str) -> Value {
    let procedure = if dice.chance(15) { ON_THE_SPOT } else { dice.pick(&PROCEDURES) };
    let mut body = json!({
        "agency": agency, "procedure": procedure, "channel": dice.pick(&CHANNELS),
        "applicant": applicant(dice),
    });
    if dice.chance(85) {
        body["components"] = components(dice);
    }
    if dice.chance(20) {
        body["assisted"] = dice.chance(50).into();
    }
    body
}

fn applicant(dice: &mut Dice) -> Value {
    json!({"kind": "citizen", "name": dice.pick(&["Nguyễn Văn An", "Lê Thị Bình"]), "phone": "0912345678"})
}

fn components(dice: &mut Dice) -> Value {
    let mut list = Vec::new();
    for code in ["TP1", "TP2", "TP3"] {
        if dice.chance(70) {
            let mut component = json!({
                "code": code, "originals": 1, "electronic": dice.chance(35), "signed": dice.chance(40),
                "digitised": dice.chance(35),
            });
            if dice.chance(15) {
                component["reuse"] = dice.pick(&["component", "result", "national_store"]).into();
            }
            list.push(component);
        }
    }
    list.into()
}

fn fees(dice: &mut Dice) -> Value {
    let mut lines = Vec::new();
    for code in ["LP1", "PH1"] {
        if dice.chance(60) {
            let mut line = json!({"code": code, "amount": dice.pick(&[0, 5000, 40000])});
            if dice.chance(25) {
                line["exempt_reason"] = "hộ nghèo".into();
            }
            lines.push(line);
        }
    }
    lines.into()
}

fn result(dossier: &Dossier, dice: &mut Dice) -> Value {
    let document = dice.chance(80);
    let mut body = json!({
        "outcome": dice.pick(&["granted", "granted", "rejected"]), "document": document,
        "electronic": document && dice.chance(50), "signed": dice.chance(60), "signer": "Trần Thị B",
    });
    if document && dice.chance(60) {
        body["number"] = "KQ-7".into();
    }
    if document && dice.chance(40) {
        let received = dossier.received_at.unwrap_or(dossier.submitted_at);
        body["issued_on"] = (business_date(received) + Duration::days(dice.between(-1, 1))).to_string().into();
    }
    body
}

pub fn body(kind: EventType, dossier: &Dossier, events: &[Event], now: Instant, dice: &mut Dice) -> Value {
    match kind {
        EventType::Submitted => submission(dice, &dossier.agency),
        EventType::Received => {
            let mut body = json!({});
            if dice.chance(40) {
                body["fees"] = fees(dice);
            }
            if dice.chance(40) {
                body["components"] = components(dice);
            }
            body
        }
        EventType::Refused => json!({"reason": REASON, "legal_basis": "Điều 17"}),
        EventType::Forwarded => match dice.pick(&[0, 1]) {
            0 => json!({"officer": dice.pick(&["Bình", "Chi"]), "step": "thẩm định"}),
            _ => json!({"unit": "Phòng Tư pháp"}),
        },
        EventType::SupplementRequested => {
            let mut item = json!({"component": dice.pick(&["TP1", "TP2"]), "reason": REASON, "legal_basis": "Điều 9"});
            if dice.chance(50) {
                item["paper"] = dice.chance(80).into();
            }
            json!({"items": [item]})
        }
        EventType::Supplemented => json!({"components": components(dice)}),
        EventType::PaymentRequested => json!({"lines": [{"code": "PH9", "amount": dice.pick(&[1000, 25000])}]}),
        EventType::PaymentRecorded => {
            let owed = dossier.owed();
            let amount = if dice.chance(75) { owed } else { dice.between(1, owed.max(1)) };
            json!({"amount": amount.max(1), "method": dice.pick(&METHODS), "reference": "GD-1"})
        }
        EventType::PaymentRefunded => match dossier.payments.as_slice() {
            [] => json!({"payment": 1, "amount": 1000, "reason": REASON}),
            payments => {
                let payment = &payments[dice.index(payments.len())];
                let left = payment.amount - payment.refunded;
                let amount = if dice.chance(60) { left } else { dice.between(1, left) };
                json!({"payment": payment.n, "amount": amount.max(1), "reason": REASON})
            }
        },
        EventType::Extended => {
            let new_due = dossier.due.unwrap_or(now) + Duration::hours(dice.between(1, 200));
            let issued_on = business_date(dossier.due_strict.unwrap_or(now)) + Duration::days(dice.between(-4, 2));
            let new_due = if dice.chance(50) { local_text(new_due) } else { business_date(new_due).to_string() };
            json!({"new_due": new_due, "letter": {"number": "XL-1", "issued_on": issued_on}, "reason": REASON})
        }
        EventType::Withdrawn => json!({"by": "applicant", "evidence": {"kind": "đơn", "reference": "D-12"}}),
        EventType::Stopped => json!({
            "reason": REASON, "legal_basis": "Điều 9", "decision": {"number": "QĐ-3", "date": business_date(now)},
        }),
        EventType::Finished => json!({"result": result(dossier, dice)}),
        EventType::Returned => json!({"method": dice.pick(&["counter", "post", "electronic"]), "collector": "An"}),
        EventType::Reopened => json!({"reason": REASON}),
        EventType::Digitised => match dossier.components.as_slice() {
            list if !list.is_empty() && dice.chance(60) => {
                json!({"target": "component", "component": list[dice.index(list.len())].code})
            }
            _ => json!({"target": "result"}),
        },
        EventType::Rated => json!({"overall": dice.between(1, 5), "via": "kiosk", "comment": "cảm ơn"}),
        EventType::Corrected => correction(dossier, events, dice),
        EventType::Voided => json!({"reason": REASON}),
        EventType::DeadlineRecomputed => {
            let days = Duration::days(dice.between(-2, 3));
            json!({
                "calendar_version": "nghỉ bù", "notice": "TB-1", "due": local_text(dossier.due.unwrap_or(now) + days),
                "due_strict": local_text(dossier.due_strict.unwrap_or(now) + days),
            })
        }
    }
}

fn correction(dossier: &Dossier, events: &[Event], dice: &mut Dice) -> Value {
    use CorrectedField as C;
    let fields = |event: &Event| -> &[CorrectedField] {
        match event.payload {
            Payload::Submitted(_) => &[C::Channel, C::Components, C::Applicant],
            Payload::Received(_) => &[C::Fees, C::Components],
            Payload::Supplemented(_) => &[C::Components],
            Payload::PaymentRecorded(_) => &[C::PaymentMethod, C::PaymentAmount],
            Payload::Finished(_) => &[C::Result],
            _ => &[],
        }
    };
    let all: Vec<_> = events.iter().flat_map(|event| fields(event).iter().map(|field| (event.n, *field))).collect();
    let rare = |field| matches!(field, C::PaymentAmount | C::PaymentMethod | C::Result);
    let rare: Vec<_> = all.iter().copied().filter(|(_, field)| rare(*field)).collect();
    let seldom = !rare.is_empty() && dice.chance(50);
    let (target, field) = dice.pick(if seldom { &rare } else { &all });
    let value = match field {
        C::Channel => dice.pick(&CHANNELS).into(),
        C::Components => components(dice),
        C::Fees => fees(dice),
        C::PaymentMethod => dice.pick(&METHODS).into(),
        C::PaymentAmount => {
            let paid = dossier.payments.iter().find(|payment| payment.n == target).map_or(1, |payment| payment.amount);
            dice.between(1, paid + dossier.owed()).into()
        }
        C::Result => result(dossier, dice),
        C::Applicant => applicant(dice),
    };
    json!({"target": target, "field": field.as_str(), "value": value, "reason": REASON})
}
