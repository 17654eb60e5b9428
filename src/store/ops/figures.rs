//! Counting and listing fact rows at a cut.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use super::{Conn, Db, UUID_LITERAL};
use crate::domain::facts::entry;
use crate::store::error::StoreError;
use crate::store::query::{Condition, FactQuery, Hit, Tally, TallyRow};
use crate::store::rows::{FactsRow, PaymentRow};
use crate::store::schema::{facts, payments};
use crate::store::sql_types::Id;

#[derive(QueryableByName)]
struct SumRow {
    #[diesel(sql_type = Text)]
    k1: String,
    #[diesel(sql_type = Text)]
    k2: String,
    #[diesel(sql_type = Text)]
    k3: String,
    #[diesel(sql_type = Text)]
    sums: String,
}

/// One scan; every sum over the same rows.
pub fn tally(conn: &mut Conn, ask: &Tally<'_>) -> Result<Vec<TallyRow>, StoreError> {
    if ask.agencies.is_empty() {
        return Ok(Vec::new());
    }
    let sums: Vec<String> = ask.sums.iter().map(|sum| format!("CAST(COALESCE(SUM({sum}), 0) AS TEXT)")).collect();
    let mut text = format!(
        "SELECT {} AS k1, {} AS k2, {} AS k3, {} AS sums FROM {} WHERE valid_from <= {at} AND valid_to > {at} \
         AND known_from <= {known} AND known_to > {known} AND agency_id IN (",
        ask.keys[0],
        ask.keys[1],
        ask.keys[2],
        if sums.is_empty() { "''".to_owned() } else { sums.join(" || ',' || ") },
        ask.table,
        at = ask.at,
        known = ask.known_at,
    );
    let mut binds: Vec<&str> = ask.agencies.iter().map(String::as_str).collect();
    let marks: Vec<String> = (1..=binds.len()).map(|i| format!("${i}")).collect();
    text.push_str(&marks.join(", "));
    text.push(')');
    let filters =
        [("procedure", &ask.filters.procedure), ("field", &ask.filters.field), ("channel", &ask.filters.channel)];
    for (column, value) in filters {
        if let Some(value) = value {
            binds.push(value);
            text.push_str(&format!(" AND {column} = ${}", binds.len()));
        }
    }
    if ask.filters.online_only {
        text.push_str(" AND channel IN ('level_3', 'level_4')");
    }
    let columns: Vec<&str> = ask.keys.iter().copied().filter(|key| *key != "''").collect();
    if !columns.is_empty() {
        let list = columns.join(", ");
        text.push_str(&format!(" GROUP BY {list} ORDER BY {list}"));
    }
    let mut query = diesel::sql_query(text).into_boxed::<Db>();
    for bind in binds {
        query = query.bind::<Text, _>(bind.to_owned());
    }
    let rows: Vec<SumRow> = query.load(conn)?;
    rows.into_iter().map(read_sums).collect()
}

fn read_sums(row: SumRow) -> Result<TallyRow, StoreError> {
    let numbers = row.sums.split(',').filter(|text| !text.is_empty()).map(str::parse::<i64>);
    let sums = numbers.collect::<Result<_, _>>().map_err(|_| StoreError::Corrupt("a sum beyond 64 bits".into()))?;
    Ok(TallyRow { keys: [row.k1, row.k2, row.k3], sums })
}

type Boxed<'a> = facts::BoxedQuery<'a, Db>;

fn at_cut<'a>(ask: &'a FactQuery) -> Boxed<'a> {
    let mut query = facts::table
        .filter(facts::valid_from.le(ask.at))
        .filter(facts::valid_to.gt(ask.at))
        .filter(facts::known_from.le(ask.known_at))
        .filter(facts::known_to.gt(ask.known_at))
        .filter(facts::agency_id.eq_any(&ask.agencies))
        .into_boxed::<Db>();
    if let Some(predicate) = &ask.predicate {
        query = query.filter(sql::<Bool>(&format!("({predicate})")));
    }
    for condition in &ask.conditions {
        query = match condition {
            Condition::Is(column, value) => query.filter(sql::<Bool>(&format!("{column} = ")).bind::<Text, _>(value)),
            // Without the entry the text is another one; `LIKE` would take letters and signs for others.
            Condition::Among(column, value) => query.filter(
                sql::<Bool>(&format!("REPLACE({column}, "))
                    .bind::<Text, _>(entry(value))
                    .sql(&format!(", '') <> {column}")),
            ),
            Condition::Holds(predicate) => {
                query.filter(sql::<Bool>(&format!("({})", predicate.replace("{at}", &ask.at.to_string()))))
            }
        };
    }
    if let Some(ids) = &ask.ids {
        query = query.filter(sql::<Bool>(&among(ids)));
    }
    if let Some(value) = &ask.procedure {
        query = query.filter(facts::procedure.eq(value));
    }
    if let Some(value) = &ask.field {
        query = query.filter(facts::field.eq(value));
    }
    if let Some(value) = &ask.channel {
        query = query.filter(facts::channel.eq(value));
    }
    if ask.online_only {
        query = query.filter(facts::channel.eq_any(["level_3", "level_4"]));
    }
    if let Some(value) = &ask.submitted_by {
        query = query.filter(facts::submitted_by.eq(value));
    }
    query
}

/// Ids written out: SQLite binds some thousands of values only, and a text of hexadecimal digits needs none.
fn among(ids: &[Id]) -> String {
    let literals: Vec<String> = ids.iter().map(|id| format!("{UUID_LITERAL}'{}'", id.0.simple())).collect();
    if literals.is_empty() { "FALSE".to_owned() } else { format!("dossier_id IN ({})", literals.join(",")) }
}

pub fn facts_count(conn: &mut Conn, ask: &FactQuery) -> Result<i64, StoreError> {
    Ok(at_cut(ask).count().get_result(conn)?)
}

/// The next rows in the order asked for.
fn page_of<'a>(ask: &'a FactQuery, key: &str) -> Boxed<'a> {
    let mut query = at_cut(ask);
    let descending = ask.sort.descending;
    if let Some((last, id)) = ask.after {
        let beyond = sql::<Bool>(&format!("{key} {} ", if descending { "<" } else { ">" })).bind::<BigInt, _>(last);
        let tie = sql::<Bool>(&format!("{key} = ")).bind::<BigInt, _>(last);
        query = if descending {
            query.filter(beyond.or(tie.and(facts::dossier_id.lt(id))))
        } else {
            query.filter(beyond.or(tie.and(facts::dossier_id.gt(id))))
        };
    }
    let order = sql::<BigInt>(&format!("{key} {}", if descending { "DESC" } else { "ASC" }));
    query = if descending {
        query.order((order, facts::dossier_id.desc()))
    } else {
        query.order((order, facts::dossier_id.asc()))
    };
    query.limit(ask.limit)
}

/// Which dossiers, for those who then read their events.
pub fn facts_page(conn: &mut Conn, ask: &FactQuery) -> Result<Vec<Hit>, StoreError> {
    let key = ask.sort.expression(ask.at);
    let rows: Vec<(String, Id, i64)> =
        page_of(ask, &key).select((facts::agency_id, facts::dossier_id, sql::<BigInt>(&key))).load(conn)?;
    Ok(rows.into_iter().map(|(agency, dossier, sort_key)| Hit { agency, dossier, sort_key }).collect())
}

/// Some dossiers of one agency at a cut, in no order.
pub fn facts_rows(
    conn: &mut Conn,
    agency: &str,
    ids: &[Id],
    at: i64,
    known_at: i64,
) -> Result<Vec<FactsRow>, StoreError> {
    // `valid_to + 0` as in `facts`: by the ids, not through everything of the agency.
    Ok(facts::table
        .filter(facts::agency_id.eq(agency))
        .filter(sql::<Bool>(&among(ids)))
        .filter(facts::valid_from.le(at))
        .filter((facts::valid_to + 0).gt(at))
        .filter(facts::known_from.le(known_at))
        .filter(facts::known_to.gt(known_at))
        .load(conn)?)
}

fn payments_at_cut<'a>(ask: &'a FactQuery) -> payments::BoxedQuery<'a, Db> {
    let mut query = payments::table
        .filter(payments::valid_from.le(ask.at))
        .filter(payments::valid_to.gt(ask.at))
        .filter(payments::known_from.le(ask.known_at))
        .filter(payments::known_to.gt(ask.known_at))
        .filter(payments::agency_id.eq_any(&ask.agencies))
        .into_boxed::<Db>();
    if let Some(predicate) = &ask.predicate {
        query = query.filter(sql::<Bool>(&format!("({predicate})")));
    }
    if let Some(value) = &ask.procedure {
        query = query.filter(payments::procedure.eq(value));
    }
    if let Some(value) = &ask.field {
        query = query.filter(payments::field.eq(value));
    }
    if let Some(value) = &ask.channel {
        query = query.filter(payments::channel.eq(value));
    }
    if ask.online_only {
        query = query.filter(payments::channel.eq_any(["level_3", "level_4"]));
    }
    if let Some(value) = &ask.submitted_by {
        query = query.filter(payments::submitted_by.eq(value));
    }
    query
}

pub fn payments_count(conn: &mut Conn, ask: &FactQuery) -> Result<i64, StoreError> {
    Ok(payments_at_cut(ask).count().get_result(conn)?)
}

/// Newest payment first; `after` is the last row's time, dossier and place.
pub fn payments_page(
    conn: &mut Conn,
    ask: &FactQuery,
    after: Option<(i64, Id, i32)>,
) -> Result<Vec<PaymentRow>, StoreError> {
    let mut query = payments_at_cut(ask);
    if let Some((paid_at, id, n)) = after {
        query = query.filter(
            payments::paid_at.lt(paid_at).or(payments::paid_at
                .eq(paid_at)
                .and(payments::dossier_id.lt(id).or(payments::dossier_id.eq(id).and(payments::n.lt(n))))),
        );
    }
    Ok(query
        .order((payments::paid_at.desc(), payments::dossier_id.desc(), payments::n.desc()))
        .limit(ask.limit)
        .load(conn)?)
}
