//! Instants and business dates.
//!
//! Instants are UTC with microseconds, the precision that is hashed and stored. A *business date* is
//! the calendar date of an instant in Vietnam (UTC+7, no summer time).

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, SecondsFormat, TimeZone, Utc};

/// A moment in UTC. Always truncated to microseconds before it is stored or hashed.
pub type Instant = DateTime<Utc>;

/// Vietnam's only time zone, UTC+7.
#[must_use]
pub fn vietnam() -> FixedOffset {
    FixedOffset::east_opt(7 * 3600).expect("seven hours is a valid offset")
}

/// The calendar date of `at` in Vietnam.
#[must_use]
pub fn business_date(at: Instant) -> NaiveDate {
    at.with_timezone(&vietnam()).date_naive()
}

/// The instant at which Vietnamese clocks show `time` on `date`.
#[must_use]
pub fn at_local(date: NaiveDate, time: NaiveTime) -> Instant {
    vietnam()
        .from_local_datetime(&date.and_time(time))
        .single()
        .expect("a fixed offset has no gaps")
        .with_timezone(&Utc)
}

/// First instant of `date` in Vietnam.
#[must_use]
pub fn start_of_day(date: NaiveDate) -> Instant {
    at_local(date, NaiveTime::MIN)
}

/// Last microsecond of `date` in Vietnam.
#[must_use]
pub fn end_of_day(date: NaiveDate) -> Instant {
    start_of_day(date) + chrono::Duration::days(1) - chrono::Duration::microseconds(1)
}

/// Drops everything below a microsecond.
#[must_use]
pub fn truncate(at: Instant) -> Instant {
    from_micros(at.timestamp_micros())
}

/// Microseconds since 1970 as an instant; out-of-range values clamp to the representable ends.
#[must_use]
pub fn from_micros(micros: i64) -> Instant {
    DateTime::from_timestamp_micros(micros).unwrap_or(if micros < 0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    })
}

/// UTC with exactly six fractional digits: the form that goes into hashes and full copies.
#[must_use]
pub fn canonical(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// What goes out over the API: `+07:00`, seconds or as many fractional digits as there are.
#[must_use]
pub fn local_text(at: Instant) -> String {
    at.with_timezone(&vietnam()).to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

/// Serialises instants for the outside world in `+07:00`; reads any RFC 3339 time that carries an offset.
pub mod local {
    use super::Instant;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(at: &Instant, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&super::local_text(*at))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Instant, D::Error> {
        let text = String::deserialize(d)?;
        super::parse(&text).map_err(serde::de::Error::custom)
    }

    /// The same for optional instants.
    pub mod option {
        use super::Instant;
        use serde::{Deserialize, Deserializer, Serializer};

        pub fn serialize<S: Serializer>(at: &Option<Instant>, s: S) -> Result<S::Ok, S::Error> {
            match at {
                Some(at) => super::serialize(at, s),
                None => s.serialize_none(),
            }
        }

        pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Instant>, D::Error> {
            let Some(text) = Option::<String>::deserialize(d)? else { return Ok(None) };
            super::super::parse(&text).map(Some).map_err(serde::de::Error::custom)
        }
    }
}

/// Reads an RFC 3339 time. A time without offset is refused: a desk's wall clock is ambiguous.
///
/// # Errors
/// A sentence for people when the text is not a time, has no offset, or lies outside 1970–2200.
pub fn parse(text: &str) -> Result<Instant, String> {
    let parsed = DateTime::parse_from_rfc3339(text)
        .map_err(|_| format!("{text:?} is not an RFC 3339 time with an offset, e.g. 2026-11-20T08:15:00+07:00"))?
        .with_timezone(&Utc);
    let floor = DateTime::<Utc>::UNIX_EPOCH;
    let ceiling = Utc.with_ymd_and_hms(2200, 1, 1, 0, 0, 0).single().expect("a valid date");
    if parsed < floor || parsed >= ceiling {
        return Err(format!("{text:?} lies outside 1970–2200"));
    }
    Ok(truncate(parsed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noon_stays_noon_and_midnight_changes_the_date() {
        let lunch = parse("2024-03-01T12:15:00+07:00").unwrap();
        assert_eq!(local_text(lunch), "2024-03-01T12:15:00+07:00");
        let late = parse("2024-03-01T17:30:00Z").unwrap();
        assert_eq!(business_date(late), NaiveDate::from_ymd_opt(2024, 3, 2).unwrap());
    }

    #[test]
    fn a_time_without_offset_is_refused() {
        assert!(parse("2024-03-01T12:15:00").is_err());
        assert!(parse("2024-02-30T12:15:00+07:00").is_err());
        assert!(parse("0001-01-01T00:00:00+07:00").is_err());
    }

    #[test]
    fn canonical_form_has_six_digits() {
        assert_eq!(canonical(from_micros(1)), "1970-01-01T00:00:00.000001Z");
    }
}
