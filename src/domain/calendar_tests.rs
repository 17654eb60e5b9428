//! The shipped calendar, look-up, and what is refused.

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn the_embedded_calendar_is_sound() {
    let calendar = embedded();
    assert_eq!((calendar.version.as_str(), calendar.days.len(), calendar.check()), ("2026-11-21", 106, vec![]));
    let json = serde_json::to_string(&calendar).unwrap();
    assert_eq!(serde_json::from_str::<Calendar>(&json).unwrap(), calendar);
    let index = calendar.index();
    let days = |y| NaiveDate::from_ymd_opt(y, 1, 1).unwrap().iter_days().take_while(move |d| d.year() == y);
    let counts: Vec<usize> = (2021..=2027).map(|y| days(y).filter(|d| index.is_working(*d)).count()).collect();
    assert_eq!(counts, [250, 249, 249, 251, 250, 249, 249]);
}

#[test]
fn days_have_kinds_and_neighbours() {
    let calendar = embedded().index();
    let name = |text: &str| text.to_owned();
    assert_eq!(calendar.day(day("2026-08-20")), DayKind::Working);
    assert_eq!(calendar.day(day("2026-08-22")), DayKind::MakeUp { name: name("Làm bù cho 31/8") });
    assert_eq!(calendar.day(day("2026-08-23")), DayKind::Weekend);
    assert_eq!(calendar.day(day("2026-11-24")), DayKind::Off { name: name("Ngày Văn hóa Việt Nam") });
    assert_eq!(calendar.name(day("2026-08-23")), Some(name("Chủ nhật")));
    assert_eq!(calendar.next_working(day("2026-08-21")), day("2026-08-22"));
    assert_eq!(calendar.on_or_after(day("2026-08-22")), day("2026-08-22"));
    assert_eq!(calendar.on_or_after(day("2026-02-14")), day("2026-02-23"));
    assert_eq!(calendar.previous_working(day("2026-02-23")), day("2026-02-13"));
    assert_eq!(calendar.next_working(NaiveDate::MAX), NaiveDate::MAX);
    assert_eq!(calendar.previous_working(NaiveDate::MIN), NaiveDate::MIN);
}

#[test]
fn a_faulty_calendar_is_named_and_still_usable() {
    let json = r#"{"calendar_version": "", "weekend": ["sat", "sat"], "days": [
        {"date": "2026-01-01", "name": "Tết", "kind": "holiday"},
        {"date": "2026-01-01", "name": " ", "kind": "makeup_working_day"},
        {"date": "2150-01-01", "name": "xa", "kind": "holiday"},
        {"date": "0001-01-01", "name": "xưa", "kind": "holiday"}]}"#;
    let mut calendar: Calendar = serde_json::from_str(json).unwrap();
    let found: Vec<_> = calendar.check().into_iter().map(|e| format!("{} {}", e.pointer, e.code)).collect();
    let expected = "/version required;/weekend/1 duplicate;/days/0/date range;/days/1/date duplicate;/days/1/date range;\
        /days/1/date not_a_day_off;/days/1/name required;/days/2/date range;/days/3/date range";
    assert_eq!(found.join(";"), expected);
    calendar.weekend = [DayOfWeek::Mon, DayOfWeek::Tue, DayOfWeek::Wed, DayOfWeek::Thu].to_vec();
    calendar.weekend.extend([DayOfWeek::Fri, DayOfWeek::Sat, DayOfWeek::Sun]);
    assert!(calendar.check().iter().any(|e| e.pointer == "/weekend" && e.code == "no_working_day"));
    assert_eq!(calendar.index().next_working(day("2026-01-03")), day("2026-01-04"));
    assert!(serde_json::from_str::<Calendar>(r#"{"version": "1", "weekend": [], "days": [], "x": 1}"#).is_err());
}

#[test]
fn office_hours_are_read_and_checked() {
    let usual_hours = OfficeHours::default();
    let read = |json: &str| serde_json::from_str::<OfficeHours>(json);
    let usual = r#"{"sessions":[{"from":"07:00","to":"11:30"},{"from":"13:30","to":"17:00"}]}"#;
    assert_eq!(
        (read(usual).unwrap(), serde_json::to_string(&usual_hours).unwrap()),
        (usual_hours.clone(), usual.to_owned())
    );
    assert_eq!(
        (usual_hours.check(), usual_hours.minutes_per_day(), usual_hours.close().to_string()),
        (Ok(()), 480, "17:00:00".to_owned())
    );
    for time in ["7:00", " 7:00", "24:00", "07:60", "07:00:00", "0700", ""] {
        assert!(read(&usual.replace("07:00", time)).is_err(), "{time}");
    }
    assert!(read(&usual.replace("13:30", "11:30")).unwrap().check().is_ok());
    for (from, to) in [("13:30", "11:00"), ("13:30", "17:30"), ("11:30", "06:00")] {
        assert!(read(&usual.replace(from, to)).unwrap().check().is_err(), "{from} -> {to}");
    }
    assert!(OfficeHours { sessions: vec![] }.check().is_err());
    assert!(OfficeHours { sessions: vec![usual_hours.sessions[0]; 5] }.check().is_err());
}
