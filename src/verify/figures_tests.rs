//! Every indicator over small histories of November 2026.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::figures::{Cut, Figure, INDICATORS, figure, groups};
use super::samples::{A, B, Log, id, local, snapshot_with};

fn cut() -> Cut {
    let date = |text: &str| text.parse().expect("a date");
    Cut {
        agencies: BTreeSet::from([A.to_owned()]),
        from: date("2026-11-01"),
        to: date("2026-11-30"),
        known_at: "2026-12-31T00:00:00Z".parse().expect("a time"),
    }
}

/// The cut that ends with this day of November.
fn until(day: &str) -> Cut {
    Cut { to: format!("2026-11-{day}").parse().expect("a date"), ..cut() }
}

/// Numbers of the dossiers in denominator and numerator.
fn counted(log: &Log, indicator: &str, cut: &Cut) -> (Vec<u32>, Vec<u32>) {
    let figure = figure(&log.book(), indicator, cut).expect("an indicator");
    let numbers = |members: &BTreeSet<String>| {
        members.iter().map(|member| (1..100).find(|i| id(*i) == *member).expect("a dossier")).collect()
    };
    (numbers(&figure.denominator), numbers(&figure.numerator))
}

fn assert_counted(log: &Log, cut: &Cut, indicator: &str, denominator: &[u32], numerator: &[u32]) {
    assert_eq!(counted(log, indicator, cut), (denominator.to_vec(), numerator.to_vec()), "{indicator}");
}

fn texts(members: &BTreeSet<String>) -> Vec<&str> {
    members.iter().map(String::as_str).collect()
}

/// 1 early, 2 on time, 3 late, 4 open and late, 5 open in time, 6 withdrawn, 7 refused, 8 not yet received.
fn office() -> Log {
    let mut log = Log::default();
    for i in 1..=8 {
        log.submit(i, "in_person", "02 08:00", json!({}));
        match i {
            5 => log.receive(i, "02 08:10", "30 17:00", json!({})),
            7 => drop(log.add(A, i, "refused", "02 08:10", json!({"legal_basis": "x"}))),
            8 => {}
            _ => log.receive(i, "02 08:10", "05 17:00", json!({})),
        }
    }
    log.finish(1, "04 17:00", 480);
    log.finish(2, "05 17:00", 960);
    log.finish(3, "05 17:01", 961);
    log.add(A, 6, "withdrawn", "09 08:00", json!({"by": "applicant", "evidence": {"kind": "x", "reference": "1"}}));
    log
}

#[test]
fn on_time_in_its_five_forms() {
    let log = office();
    let at = until("20");
    assert_counted(&log, &at, "on_time_resolved", &[1, 2, 3], &[1, 2]);
    assert_counted(&log, &at, "on_time_due", &[1, 2, 3, 4], &[1, 2]);
    assert_counted(&log, &at, "on_time_handled", &[1, 2, 3, 4, 5, 6], &[1, 2, 5, 6]);
    assert_counted(&log, &at, "on_time_766", &[1, 2, 3, 4, 5, 6], &[1, 2, 5]);
    assert_counted(&log, &at, "early_resolved", &[1, 2, 3], &[1]);
    assert_counted(&log, &at, "overdue_open", &[4, 5], &[4]);
    assert_counted(&log, &at, "withdrawn_or_stopped", &[1, 2, 3, 4], &[6]);
    let mean = figure(&log.book(), "mean_processing_days", &at).expect("a figure");
    assert_eq!((mean.denominator.len(), mean.numerator.len(), mean.sum), (3, 3, Some(2401)));
    assert_counted(&log, &until("04"), "on_time_due", &[1], &[1]);
    let empty = figure(&log.book(), "mean_processing_days", &until("01")).expect("a figure");
    assert_eq!(empty, Figure { sum: Some(0), ..Figure::default() });
}

#[test]
fn every_indicator_answers_and_unknown_ones_do_not() {
    let book = office().book();
    for (indicator, _) in INDICATORS {
        assert!(figure(&book, indicator, &cut()).is_some(), "{indicator}");
    }
    assert_eq!(figure(&book, "no_such", &cut()), None);
    assert!(groups(&book, "no_such", &cut(), "field").is_empty());
}

#[test]
fn what_is_not_yet_known_is_not_counted() {
    let log = office();
    let mut early = cut();
    let first = log.events.iter().find(|event| event.event_type == "finished").expect("a finish");
    early.known_at = first.recorded_at.parse().expect("a time");
    assert_counted(&log, &early, "on_time_resolved", &[1], &[1]);
    early.known_at -= chrono::Duration::microseconds(1);
    assert_counted(&log, &early, "on_time_resolved", &[], &[]);
}

#[test]
fn pauses_extensions_and_rounds() {
    let mut log = Log::default();
    let items = json!({"items": [{"component": "TP1", "legal_basis": "x"}]});
    for i in 1..=5 {
        log.submit(i, "in_person", "02 08:00", json!({}));
        log.receive(i, "02 08:10", "05 17:00", json!({}));
    }
    // 1 waits since before its due instant; 2 waits for a second round; 3 was extended and finished late.
    log.add(A, 1, "supplement_requested", "05 16:00", items.clone());
    log.add(A, 2, "supplement_requested", "03 08:00", items.clone());
    let given = json!({"components": [{"code": "TP1"}], "due": local("06 17:00"), "due_strict": local("06 17:00")});
    log.add(A, 2, "supplemented", "04 08:00", given);
    log.add(A, 2, "supplement_requested", "05 08:00", items);
    let letter = |on: &str| json!({"number": "1", "issued_on": on});
    log.add(A, 3, "extended", "05 08:00", json!({"new_due": local("10 17:00"), "letter": letter("2026-11-05")}));
    log.finish(3, "09 09:00", 900);
    log.add(A, 4, "extended", "06 08:00", json!({"new_due": local("27 17:00"), "letter": letter("2026-11-06")}));
    log.add(A, 5, "payment_requested", "05 09:00", json!({"lines": [{"code": "Đ", "amount": 5}]}));
    let at = until("20");
    assert_counted(&log, &at, "overdue_open", &[1, 2, 4, 5], &[4]);
    assert_counted(&log, &at, "on_time_766", &[1, 2, 3, 4, 5], &[1, 3, 4, 5]);
    assert_counted(&log, &at, "on_time_resolved", &[3], &[]);
    assert_counted(&log, &at, "apology_letters", &[3, 4], &[3]);

    // The payment ends the pause with a new due instant; a reopened dossier stays what it was at its first finish.
    let paid = json!({"amount": 8005, "method": "cash", "due": local("09 17:00"), "due_strict": local("09 17:00")});
    log.add(A, 5, "payment_recorded", "09 09:00", paid);
    log.add(A, 3, "reopened", "10 08:00", json!({}));
    assert_counted(&log, &at, "overdue_open", &[1, 2, 4, 5], &[4, 5]);
    assert_counted(&log, &at, "on_time_handled", &[1, 2, 3, 4, 5], &[1, 2]);
    log.finish(3, "19 09:00", 1);
    assert_eq!(figure(&log.book(), "mean_processing_days", &at).and_then(|figure| figure.sum), Some(900));
    log.finish(2, "12 09:00", 900);
    assert_counted(&log, &at, "repeated_supplement", &[2, 3], &[2]);
}

#[test]
fn online_receipt_within_eight_working_hours() {
    let mut log = Log::default();
    for i in 1..=8 {
        let channel = if i == 8 { "post" } else { "level_4" };
        log.submit(i, channel, "02 08:00", json!({"answer_due": local("03 08:00")}));
    }
    log.receive(1, "03 08:00", "09 17:00", json!({}));
    log.receive(2, "03 08:01", "09 17:00", json!({}));
    log.add(A, 3, "refused", "02 10:00", json!({"legal_basis": "x"}));
    log.add(A, 4, "supplement_requested", "02 10:00", json!({"items": []}));
    log.add(A, 5, "withdrawn", "02 10:00", json!({}));
    log.add(A, 6, "withdrawn", "03 08:00", json!({}));
    assert_counted(&log, &until("20"), "online_receipt_8h", &[1, 2, 3, 4, 6, 7], &[1, 3, 4]);
    assert_counted(&log, &until("02"), "online_receipt_8h", &[3, 4], &[3, 4]);
}

#[test]
fn shares_by_channel_and_service_level() {
    let mut log = Log::default();
    for (i, channel, level) in [
        (1, "level_4", "full"),
        (2, "level_3", "full"),
        (3, "post", "partial"),
        (4, "level_3", "partial"),
        (5, "in_person", "information"),
    ] {
        let snapshot = snapshot_with(json!({"service_level": level, "field": level}));
        log.submit(i, channel, "02 08:00", json!({"snapshot": snapshot}));
        log.receive(i, "02 08:10", "05 17:00", json!({"snapshot": snapshot}));
    }
    log.finish(2, "03 08:00", 480);
    let at = cut();
    assert_counted(&log, &at, "online_share", &[1, 2, 3, 4, 5], &[1, 2, 4]);
    assert_counted(&log, &at, "post_share", &[1, 2, 3, 4, 5], &[3]);
    assert_counted(&log, &at, "online_share_full", &[1, 2], &[1]);
    assert_counted(&log, &at, "online_share_full_resolved", &[2], &[]);
    assert_counted(&log, &at, "online_share_level_3", &[3, 4], &[4]);
    assert_counted(&log, &at, "online_share_level_4", &[1, 2], &[1, 2]);

    let by_field = groups(&log.book(), "online_share", &at, "field");
    let sizes: Vec<_> =
        by_field.iter().map(|(field, f)| (field.as_str(), f.denominator.len(), f.numerator.len())).collect();
    assert_eq!(sizes, [("full", 2, 2), ("information", 1, 0), ("partial", 2, 1)]);
    assert_eq!(groups(&log.book(), "online_share", &at, "channel").len(), 4);
    assert_eq!(groups(&log.book(), "online_share", &at, "own_agency").keys().collect::<Vec<_>>(), [A]);
    assert_eq!(groups(&log.book(), "mean_processing_days", &at, "procedure")["1.005129"].sum, Some(480));

    // A correction counts from its target on, and only once it is known.
    let before = log.events.last().expect("an event").recorded_at.parse().expect("a time");
    let value = json!({"target": 1, "field": "channel", "value": "online_full", "answer_due": local("03 08:00")});
    log.add(A, 5, "corrected", "29 08:00", value);
    assert_counted(&log, &until("02"), "online_share", &[1, 2, 3, 4, 5], &[1, 2, 4, 5]);
    assert_counted(&log, &Cut { known_at: before, ..cut() }, "online_share", &[1, 2, 3, 4, 5], &[1, 2, 4]);
    log.add(A, 4, "voided", "29 08:00", json!({}));
    assert_counted(&log, &until("02"), "online_share", &[1, 2, 3, 5], &[1, 2, 5]);
    assert_counted(&log, &Cut { known_at: before, ..cut() }, "post_share", &[1, 2, 3, 4, 5], &[3]);
}

#[test]
fn payments_by_dossier_transaction_and_procedure() {
    let mut log = Log::default();
    for i in 1..=5 {
        let procedure = if i == 2 { "2.000635" } else { "1.005129" };
        log.submit(i, "in_person", "02 08:00", json!({"procedure": procedure}));
    }
    let exempt = json!([{"code": "LP", "amount": 8000, "exempt_reason": "hộ nghèo"}]);
    for i in 1..=4 {
        let over = if i == 3 { json!({"fees": exempt}) } else { json!({}) };
        log.receive(i, "02 08:10", "05 17:00", over);
    }
    let pay = |log: &mut Log, i, method: &str| {
        log.add(A, i, "payment_recorded", "03 08:00", json!({"amount": 8000, "method": method, "reference": "1"}))
    };
    let first = pay(&mut log, 1, "national_portal");
    pay(&mut log, 2, "other_online");
    let cash = pay(&mut log, 4, "cash");
    pay(&mut log, 5, "national_portal");
    let at = cut();
    assert_counted(&log, &at, "online_payment", &[1, 2, 4], &[1, 2]);
    let transactions = figure(&log.book(), "online_payment_transactions", &at).expect("a figure");
    assert_eq!(transactions.denominator.len(), 4);
    assert_eq!(texts(&transactions.numerator), [format!("{}/3", id(1)), format!("{}/2", id(5))]);
    assert_eq!(groups(&log.book(), "online_payment_transactions", &at, "procedure").len(), 2);
    let procedures = figure(&log.book(), "online_payment_procedures", &at).expect("a figure");
    assert_eq!(texts(&procedures.denominator), ["1.005129", "2.000635"]);
    assert_eq!(texts(&procedures.numerator), ["1.005129"]);

    let refund = |amount: i64| json!({"payment": first, "amount": amount});
    log.add(A, 1, "payment_refunded", "10 08:00", refund(7999));
    assert_counted(&log, &at, "online_payment", &[1, 2, 4], &[1, 2]);
    log.add(A, 1, "payment_refunded", "11 08:00", refund(1));
    assert_counted(&log, &at, "online_payment", &[1, 2, 4], &[2]);
    assert_counted(&log, &until("10"), "online_payment", &[1, 2, 4], &[1, 2]);
    log.add(
        A,
        4,
        "corrected",
        "29 08:00",
        json!({"target": cash, "field": "payment.method", "value": "provincial_portal"}),
    );
    log.add(A, 2, "corrected", "29 08:00", json!({"target": 2, "field": "fees", "value": []}));
    assert_counted(&log, &at, "online_payment", &[1, 4], &[4]);
    log.add(A, 2, "payment_requested", "29 08:00", json!({"lines": [{"code": "Đ", "amount": 1}]}));
    assert_counted(&log, &at, "online_payment", &[1, 2, 4], &[2, 4]);
}

#[test]
fn results_and_components_in_digital_form() {
    let mut log = Log::default();
    let part = |over: Value| json!({"components": [over]});
    log.submit(1, "in_person", "02 08:00", part(json!({"code": "TP1", "electronic": true, "reuse": "result"})));
    log.submit(2, "in_person", "02 08:00", part(json!({"code": "TP1", "digitised": true})));
    log.submit(3, "in_person", "02 08:00", part(json!({"code": "TP1"})));
    log.submit(4, "in_person", "02 08:00", part(json!({"code": "TP2", "electronic": true})));
    let not_eligible = snapshot_with(json!({"electronic_result_eligible": false, "on_the_spot": true}));
    for i in 1..=4 {
        let over = if i == 3 { json!({"snapshot": not_eligible}) } else { json!({}) };
        log.receive(i, "02 08:10", "05 17:00", over);
    }
    // The mark of TP1 outlives the list it came with.
    log.add(A, 2, "supplement_requested", "02 09:00", json!({"items": []}));
    let given = json!({"components": [{"code": "TP1"}], "due": local("05 17:00"), "due_strict": local("05 17:00")});
    log.add(A, 2, "supplemented", "02 10:00", given);
    let finished: Vec<u32> = (1..=4).map(|i| log.finish(i, "02 16:00", 300)).collect();
    log.add(A, 3, "returned", "02 16:30", json!({"method": "counter"}));
    let at = cut();
    assert_counted(&log, &at, "reused_data", &[1, 2, 3, 4], &[1]);
    assert_counted(&log, &at, "immediate_return", &[3], &[3]);
    assert_counted(&log, &at, "electronic_result", &[1, 2, 4], &[]);
    assert_counted(&log, &at, "digitised_result", &[1, 2, 3, 4], &[]);
    assert_counted(&log, &at, "digitised_dossier", &[1, 2, 3, 4], &[]);

    let result = |document, electronic| json!({"outcome": "granted", "document": document, "electronic": electronic, "signed": true});
    let mut correct = |i: u32, value| {
        let target = finished[i as usize - 1];
        log.add(A, i, "corrected", "29 08:00", json!({"target": target, "field": "result", "value": value}));
    };
    correct(1, result(true, true));
    correct(2, result(false, false));
    correct(3, result(true, true));
    log.add(A, 4, "digitised", "20 08:00", json!({"target": "result"}));
    assert_counted(&log, &at, "electronic_result", &[1, 4], &[1]);
    assert_counted(&log, &at, "electronic_result_all", &[1, 3, 4], &[1, 3]);
    assert_counted(&log, &at, "digitised_result", &[1, 3, 4], &[1, 3, 4]);
    assert_counted(&log, &until("19"), "digitised_result", &[1, 3, 4], &[1, 3]);
    assert_counted(&log, &at, "digitised_dossier", &[1, 2, 3, 4], &[1, 2]);
    log.add(A, 3, "digitised", "20 08:00", json!({"target": "component", "component": "TP1"}));
    assert_counted(&log, &at, "digitised_dossier", &[1, 2, 3, 4], &[1, 2, 3]);
}

#[test]
fn ratings_and_paper_asked_again() {
    let mut log = office();
    for (i, overall, at) in [(1, 5, "06 08:00"), (2, 2, "06 08:00"), (6, 4, "10 08:00")] {
        log.add(A, i, "rated", at, json!({"overall": overall, "via": "kiosk"}));
    }
    let at = until("20");
    assert_counted(&log, &at, "satisfaction", &[1, 2, 6], &[1, 6]);
    assert_counted(&log, &at, "response_rate", &[1, 2, 3], &[1, 2]);
    assert_counted(&log, &at, "satisfaction_766", &[1, 2, 3], &[1]);

    let signed = json!({"components": [{"code": "TP1", "signed": true}]});
    log.submit(11, "level_4", "02 08:00", signed.clone());
    log.submit(12, "level_3", "02 08:00", signed.clone());
    log.submit(13, "post", "02 08:00", signed);
    log.submit(14, "level_4", "02 08:00", json!({}));
    for i in 12..=14 {
        log.add(
            A,
            i,
            "supplement_requested",
            "02 09:00",
            json!({"items": [{"component": "TP1", "legal_basis": "x", "paper": true}]}),
        );
    }
    assert_counted(&log, &at, "paper_resubmission", &[11, 12], &[12]);
}

#[test]
fn procedures_by_the_catalogue_of_the_last_day() {
    let mut log = Log::default();
    log.catalogue("agency", A, 1, "0001-01-01", json!({"code": A, "name": "Xã A", "level": "commune"}));
    log.catalogue("agency", B, 1, "0001-01-01", json!({"code": B, "name": "Sở B", "level": "department"}));
    let body = |level: &str, levels: &[&str], last: Option<&str>| json!({"levels": levels, "service_level": level, "full_online_eligible": true, "on_national_portal": true, "valid_to": last});
    log.catalogue("procedure", "1.005129", 1, "0001-01-01", body("information", &["commune"], None));
    log.catalogue("procedure", "1.005129", 2, "2026-11-15", body("full", &["commune"], None));
    log.catalogue("procedure", "2.2", 1, "0001-01-01", body("partial", &["district", "commune"], None));
    log.catalogue("procedure", "2.3", 1, "0001-01-01", body("full", &["department"], None));
    log.catalogue("procedure", "2.4", 1, "0001-01-01", body("full", &["commune"], Some("2026-11-29")));
    log.submit(1, "level_4", "02 08:00", json!({}));
    log.receive(1, "02 08:10", "05 17:00", json!({}));
    let check = |indicator: &str, cut: &Cut, denominator: &[&str], numerator: &[&str]| {
        let figure = figure(&log.book(), indicator, cut).expect("a figure");
        assert_eq!((texts(&figure.denominator), texts(&figure.numerator)), (denominator.to_vec(), numerator.to_vec()));
    };
    check("procedures_full_online", &cut(), &["1.005129", "2.2"], &["1.005129"]);
    check("procedures_full_online", &until("29"), &["1.005129", "2.2", "2.4"], &["1.005129", "2.4"]);
    check("procedures_full_online", &until("14"), &["1.005129", "2.2", "2.4"], &["2.4"]);
    check("procedures_on_national_portal", &cut(), &["1.005129"], &["1.005129"]);
    check("procedures_with_online", &cut(), &["1.005129", "2.2"], &["1.005129"]);
    let both = Cut { agencies: BTreeSet::from([A.to_owned(), B.to_owned()]), ..cut() };
    check("procedures_with_online", &both, &["1.005129", "2.2", "2.3"], &["1.005129"]);
    let before = Cut { known_at: "2023-12-31T00:00:00Z".parse().expect("a time"), ..cut() };
    check("procedures_full_online", &before, &[], &[]);
}
