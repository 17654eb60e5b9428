//! The cut that every figure, list and scorecard takes from its query string.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body;
use super::dossiers::{ListQuery, known_at};
use super::problem::{ApiError, Kind};
use crate::app::Caller;
use crate::domain::actor::Role;
use crate::domain::catalogue::Level;
use crate::domain::error::FieldError;
use crate::domain::time::{self, Instant, business_date};
use crate::store::Tx;
use crate::store::catalogues::{Catalogues, Tree};
use crate::store::figures::{Cut, settled};
use crate::store::indicators::{self, Indicator, Part};
use crate::store::query::Filters;

/// A cut as asked for, not yet confined to the caller's reach.
#[derive(Debug, Clone)]
pub struct CutQuery {
    pub agency: Option<String>,
    pub own: bool,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub known_at: Instant,
    /// The day whose tree says which agencies belong together; None: the last day of the period.
    pub tree: Option<NaiveDate>,
    /// Only agencies of these levels; empty: all.
    pub levels: Vec<Level>,
    pub filters: Filters,
}

/// The cut of an answer, echoed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Cut)]
pub struct CutView {
    /// None: every root in the caller's reach.
    pub agency: Option<String>,
    /// `subtree` or `own`.
    pub scope: String,
    pub from: NaiveDate,
    pub to: NaiveDate,
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub known_at: Instant,
    /// Where stocks are judged: the period's end, or `known_at` if that is earlier.
    #[serde(with = "time::local")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Instant,
}

/// What a query string says of a cut.
#[derive(Debug, Default)]
pub struct CutText<'a> {
    pub agency: Option<&'a str>,
    pub scope: Option<&'a str>,
    pub from: Option<&'a str>,
    pub to: Option<&'a str>,
    pub known_at: Option<&'a str>,
    pub level: Option<&'a str>,
    pub filters: Filters,
}

impl CutQuery {
    /// Defaults: `to` today, `from` 1 January of its year, `known_at` now.
    ///
    /// # Errors
    /// Unreadable dates are 400; a reversed period, an unknown scope or a future `known_at` 422.
    pub fn read(text: CutText<'_>, now: Instant) -> Result<Self, ApiError> {
        let to = body::date("to", text.to)?.unwrap_or_else(|| business_date(now));
        let first = NaiveDate::from_ymd_opt(to.year(), 1, 1).unwrap_or(to);
        let from = body::date("from", text.from)?.unwrap_or(first);
        let mut errors = Vec::new();
        if from > to {
            errors.push(FieldError::new("?from", "reversed", "the period ends before it begins"));
        }
        if to.signed_duration_since(from).num_days() > 366 * 30 {
            errors.push(FieldError::new("?from", "too_long", "at most thirty years"));
        }
        let own = match text.scope {
            None | Some("subtree") => false,
            Some("own") => true,
            Some(_) => {
                errors.push(FieldError::new("?scope", "unknown_value", "`own` or `subtree`"));
                false
            }
        };
        let mut levels = Vec::new();
        for word in text.level.unwrap_or_default().split(',').filter(|word| !word.is_empty()) {
            match serde_json::from_value::<Level>(word.into()) {
                Ok(level) => levels.push(level),
                Err(_) => errors.push(FieldError::new("?level", "unknown_value", "no such level")),
            }
        }
        if !errors.is_empty() {
            return Err(ApiError::invalid(errors));
        }
        Ok(Self {
            tree: None,
            levels,
            agency: text.agency.map(str::to_owned),
            own,
            from,
            to,
            known_at: known_at(text.known_at, now)?.unwrap_or(now),
            filters: text.filters,
        })
    }

    /// The cut of a dossier list. Without an indicator only `known_at` matters.
    ///
    /// # Errors
    /// As [`CutQuery::read`].
    pub fn of_list(query: &ListQuery, now: Instant) -> Result<Self, ApiError> {
        let text = CutText {
            agency: query.agency.as_deref(),
            scope: query.scope.as_deref(),
            from: query.from.as_deref(),
            to: query.to.as_deref(),
            known_at: query.known_at.as_deref(),
            level: query.level.as_deref(),
            filters: Filters::default(),
        };
        Self::read(text, now)?.with_tree(query.tree.as_deref())
    }

    /// The same with agencies as they stand on another day: those merged by then count with their successor.
    ///
    /// # Errors
    /// 400 for an unreadable date.
    pub fn with_tree(self, day: Option<&str>) -> Result<Self, ApiError> {
        Ok(Self { tree: body::date("tree", day)?, ..self })
    }

    /// Confines the cut to the caller's reach. A portal without a reader's role sees its own submissions:
    /// the second value names it.
    ///
    /// # Errors
    /// 404 for an agency out of reach; 403 for a caller who reaches it without such a role.
    pub fn resolve(
        &self,
        tx: &mut Tx<'_>,
        catalogues: &Catalogues,
        caller: &Caller,
        roles: &[Role],
        now: Instant,
    ) -> Result<(Cut, Option<String>), ApiError> {
        let documents = catalogues.agencies(tx)?;
        let today = Tree::new(&documents, business_date(now), now);
        let mut reach = caller.reach(&today, roles);
        let mut submitted_by = None;
        if reach.is_empty() {
            reach = caller.reach(&today, &[Role::Portal]);
            submitted_by = Some(caller.actor.clone());
        }
        let tree = Tree::new(&documents, self.tree.unwrap_or(self.to), self.known_at);
        let asked: BTreeSet<String> = match &self.agency {
            Some(code) => {
                if !reach.contains(code) {
                    return Err(self.out_of_reach(caller, &today, code));
                }
                if self.own { tree.own(code) } else { tree.subtree(code) }
            }
            None if self.own => caller.roots(roles).iter().flat_map(|code| tree.own(code)).collect(),
            None => caller.roots(roles).iter().flat_map(|code| tree.subtree(code)).collect(),
        };
        let asked = if submitted_by.is_some() && self.agency.is_none() { reach.clone() } else { asked };
        let fits = |code: &String| tree.get(code).is_some_and(|agency| self.levels.contains(&agency.level));
        let inside = asked.intersection(&reach).filter(|code| self.levels.is_empty() || fits(code));
        let agencies = inside.cloned().collect();
        let cut =
            Cut { agencies, from: self.from, to: self.to, known_at: self.known_at, filters: self.filters.clone() };
        Ok((cut, submitted_by))
    }

    fn out_of_reach(&self, caller: &Caller, tree: &Tree<'_>, code: &str) -> ApiError {
        if caller.reach(tree, &Role::ALL).contains(code) {
            return ApiError::with(Kind::Forbidden, "none of your roles reads this agency");
        }
        tracing::warn!(actor = %caller.actor, agency = code, "out of scope");
        let error = FieldError::new("?agency", "unknown_agency", "no such agency within your reach");
        ApiError { errors: vec![error], ..ApiError::new(Kind::NotFound) }
    }

    #[must_use]
    pub fn view(&self, cut: &Cut) -> CutView {
        self.view_at(cut.at())
    }

    /// The same for a cut that was taken before.
    #[must_use]
    pub fn view_at(&self, at: Instant) -> CutView {
        CutView {
            agency: self.agency.clone(),
            scope: if self.own { "own" } else { "subtree" }.to_owned(),
            from: self.from,
            to: self.to,
            known_at: self.known_at,
            at,
        }
    }

    #[must_use]
    pub fn settled(&self, now: Instant) -> bool {
        settled(self.known_at, now)
    }

    /// The query string that asks the same cut again, with every default spelt out.
    #[must_use]
    pub fn query(&self) -> String {
        let mut text = String::new();
        if let Some(agency) = &self.agency {
            text.push_str(&format!("&agency={agency}"));
        }
        if self.own {
            text.push_str("&scope=own");
        }
        let known_at = time::canonical(self.known_at);
        text.push_str(&format!("&from={}&to={}&known_at={known_at}", self.from, self.to));
        if let Some(tree) = self.tree.filter(|tree| *tree != self.to) {
            text.push_str(&format!("&tree={tree}"));
        }
        let filters = [
            ("procedure", &self.filters.procedure),
            ("field", &self.filters.field),
            ("channel", &self.filters.channel),
        ];
        for (name, value) in filters {
            if let Some(value) = value {
                text.push_str(&format!("&{name}={}", escape(value)));
            }
        }
        if self.filters.online_only {
            text.push_str("&channel=online");
        }
        if !self.levels.is_empty() {
            let words: Vec<&str> = self.levels.iter().map(|level| level.as_str()).collect();
            text.push_str(&format!("&level={}", words.join(",")));
        }
        text
    }
}

/// Percent-encodes everything but unreserved characters.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// An indicator and a part named for a drill-down into `unit`s.
///
/// # Errors
/// 422 for an unknown indicator or part, one of another unit, or a part without an indicator.
pub fn drill_down(
    indicator: Option<&str>,
    part: Option<&str>,
    unit: &str,
) -> Result<Option<(&'static Indicator, Part)>, ApiError> {
    let Some(id) = indicator else {
        return match part {
            None => Ok(None),
            Some(_) => Err(ApiError::field("?part", "unexpected", "`part` goes with `indicator`")),
        };
    };
    let found =
        indicators::find(id).ok_or_else(|| ApiError::field("?indicator", "unknown_indicator", "no such indicator"))?;
    if found.counts() != unit {
        let detail = format!("this indicator counts {}s", found.counts());
        return Err(ApiError::field("?indicator", "other_unit", &detail));
    }
    let part = Part::parse(part.unwrap_or("denominator"))
        .ok_or_else(|| ApiError::field("?part", "unknown_part", "`denominator`, `numerator` or `shortfall`"))?;
    if part == Part::Shortfall && found.disjoint {
        return Err(ApiError::field("?part", "no_shortfall", "the numerator lies outside the denominator"));
    }
    if part == Part::Shortfall && found.in_days {
        return Err(ApiError::field("?part", "no_shortfall", "a mean has no shortfall"));
    }
    Ok(Some((found, part)))
}

/// For grouping by agency: each agency's group, a direct child (with its subtree) or the agency itself.
#[must_use]
pub fn groups_of(tree: &Tree<'_>, agency: Option<&str>, roots: &BTreeSet<String>) -> BTreeMap<String, String> {
    let mut groups = BTreeMap::new();
    let tops: Vec<String> = match agency {
        // What lay below a merged agency lies below its successor.
        Some(code) => {
            let own = tree.own(code);
            own.iter().flat_map(|own| tree.children(own)).map(|child| (*child).to_owned()).collect()
        }
        None => roots.iter().cloned().collect(),
    };
    for top in tops {
        for code in tree.subtree(&top) {
            groups.entry(code).or_insert_with(|| top.clone());
        }
    }
    if let Some(code) = agency {
        for own in tree.own(code) {
            groups.insert(own, code.to_owned());
        }
    }
    groups
}
