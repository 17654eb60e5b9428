//! The table of who may do what.

use super::asks::{self, Ask, Scene};
use super::places::{PARENT, PREDECESSOR};
use crate::factory::{AGENCY, CHILD, FOREIGN};

/// Columns of the table: staff of [`AGENCY`]; the last one sends no credentials.
pub const CALLERS: [&str; 7] = ["clerk", "officer", "leader", "auditor", "admin", "portal", "anonymous"];
/// Rows of an operation: how its agency stands to the caller's.
pub const PLACES: [&str; 5] = [AGENCY, CHILD, FOREIGN, PARENT, PREDECESSOR];

/// An operation, how it is asked for, and the statuses by caller: one line for each place, or one for all.
///
/// Where they are not written out, the parent is as foreign as another province, and what merged into the caller's
/// agency is their own: but it takes no new dossiers, and stood under a parent that only the parent's admin may name.
pub struct Operation {
    pub method: &'static str,
    pub path: &'static str,
    pub ask: fn(&Scene<'_>) -> Ask,
    expect: &'static [[u16; 7]],
}

impl Operation {
    /// The statuses at the place of this number; none where the place makes no difference.
    pub fn expected(&self, place: usize) -> Option<&[u16; 7]> {
        let stands_for = match place {
            3 => 2,
            4 => 0,
            other => other,
        };
        self.expect.get(place).or_else(|| self.expect.get(stands_for).filter(|_| self.expect.len() > 1))
    }

    /// Whether it needs no token.
    pub fn open(&self) -> bool {
        self.expect[0][6] == 200
    }
}

macro_rules! operations {
    ($($method:ident $path:literal by $ask:ident => $([$($status:literal)+])+;)+) => {
        &[$(Operation {
            method: stringify!($method), path: $path, ask: asks::$ask, expect: &[$([$($status),+]),+],
        }),+]
    };
}

#[rustfmt::skip]
pub const OPERATIONS: &[Operation] = operations! {
    //                                                      clerk officer leader auditor admin portal anonymous
    GET "/healthz" by path                                   => [200 200 200 200 200 200 200];
    GET "/readyz" by path                                    => [200 200 200 200 200 200 200];
    GET "/.well-known/jwks.json" by path                     => [200 200 200 200 200 200 200];
    POST "/oauth/token" by sign_in                           => [200 200 200 200 200 200 200];
    POST "/oauth/revoke" by sign_out                         => [200 200 200 200 200 200 200];

    GET "/api/v1/me" by path                                 => [200 200 200 200 200 200 401];
    PUT "/api/v1/me/password" by own_password                => [204 204 204 204 204 204 401];

    GET "/api/v1/agencies" by path                           => [200 200 200 200 200 200 401];
    POST "/api/v1/agencies" by new_agency                    => [403 403 403 403 201 403 401]
                                                                [403 403 403 403 201 403 401]
                                                                [403 403 403 403 422 403 401];
    GET "/api/v1/agencies/{code}" by agency                  => [200 200 200 200 200 200 401];
    PUT "/api/v1/agencies/{code}" by changed_agency          => [403 403 403 403 200 403 401]
                                                                [403 403 403 403 200 403 401]
                                                                [403 403 403 403 403 403 401]
                                                                [403 403 403 403 403 403 401]
                                                                [403 403 403 403 422 403 401];
    GET "/api/v1/procedures" by path                         => [200 200 200 200 200 200 401];
    POST "/api/v1/procedures" by new_procedure               => [403 403 403 403 201 403 401];
    GET "/api/v1/procedures/{code}" by procedure             => [200 200 200 200 200 200 401];
    PUT "/api/v1/procedures/{code}" by changed_procedure     => [403 403 403 403 200 403 401];
    GET "/api/v1/users" by path                              => [403 403 403 403 200 403 401];
    POST "/api/v1/users" by new_user                         => [403 403 403 403 201 403 401]
                                                                [403 403 403 403 201 403 401]
                                                                [403 403 403 403 422 403 401];
    GET "/api/v1/users/{id}" by user                         => [403 403 403 403 200 403 401]
                                                                [403 403 403 403 200 403 401]
                                                                [403 403 403 403 404 403 401];
    PUT "/api/v1/users/{id}" by changed_user                 => [403 403 403 403 200 403 401]
                                                                [403 403 403 403 200 403 401]
                                                                [403 403 403 403 404 403 401];
    GET "/api/v1/clients" by path                            => [403 403 403 403 200 403 401];
    POST "/api/v1/clients" by new_client                     => [403 403 403 403 201 403 401]
                                                                [403 403 403 403 201 403 401]
                                                                [403 403 403 403 422 403 401];
    GET "/api/v1/clients/{id}" by client                     => [403 403 403 403 200 403 401]
                                                                [403 403 403 403 200 403 401]
                                                                [403 403 403 403 404 403 401];
    PUT "/api/v1/clients/{id}" by changed_client             => [403 403 403 403 200 403 401]
                                                                [403 403 403 403 200 403 401]
                                                                [403 403 403 403 404 403 401];
    POST "/api/v1/clients/{id}/secrets" by new_secret        => [403 403 403 403 201 403 401]
                                                                [403 403 403 403 201 403 401]
                                                                [403 403 403 403 404 403 401];
    DELETE "/api/v1/clients/{id}/secrets/{secret}" by client_secret
                                                             => [403 403 403 403 204 403 401]
                                                                [403 403 403 403 204 403 401]
                                                                [403 403 403 403 404 403 401];
    GET "/api/v1/calendar" by path                           => [200 200 200 200 200 200 401];
    PUT "/api/v1/calendar" by changed_calendar               => [403 403 403 403 200 403 401];
    POST "/api/v1/calendar/preview" by calendar_preview      => [403 403 200 200 200 403 401]
                                                                [403 403 200 200 200 403 401]
                                                                [403 403 404 404 404 403 401];
    POST "/api/v1/calendar/{version}/apply" by calendar_apply => [403 403 403 403 202 403 401];
    GET "/api/v1/jobs" by path                               => [403 403 200 200 200 403 401];
    GET "/api/v1/jobs/{id}" by job                           => [403 403 200 200 200 403 401];
    GET "/api/v1/deadlines" by calculator                    => [200 200 200 200 200 200 200];

    POST "/api/v1/dossiers" by new_dossier                   => [201 403 403 403 403 201 401]
                                                                [403 403 403 403 403 201 401]
                                                                [404 403 403 403 403 404 401]
                                                                [404 403 403 403 403 404 401]
                                                                [422 403 403 403 403 422 401];
    GET "/api/v1/dossiers" by of_agency                      => [200 200 200 200 403 200 401]
                                                                [200 200 200 200 403 200 401]
                                                                [404 404 404 404 403 404 401];
    POST "/api/v1/dossiers/search" by search                 => [200 200 200 200 403 403 401]
                                                                [200 200 200 200 403 403 401]
                                                                [404 404 404 404 403 403 401];
    GET "/api/v1/dossiers/{code}" by dossier                 => [200 200 200 200 403 404 401]
                                                                [200 200 200 200 403 404 401]
                                                                [404 404 404 404 404 404 401];
    GET "/api/v1/dossiers/{code}/events" by dossier          => [200 200 200 200 403 404 401]
                                                                [200 200 200 200 403 404 401]
                                                                [404 404 404 404 404 404 401];
    POST "/api/v1/dossiers/{code}/events" by new_event       => [201 201 201 403 403 404 401]
                                                                [403 403 403 403 403 404 401]
                                                                [404 404 404 403 403 404 401];
    GET "/api/v1/dossiers/{code}/deadline" by dossier        => [200 200 200 200 403 404 401]
                                                                [200 200 200 200 403 404 401]
                                                                [404 404 404 404 404 404 401];
    GET "/api/v1/dossiers/{code}/payments" by dossier        => [200 200 200 200 403 404 401]
                                                                [200 200 200 200 403 404 401]
                                                                [404 404 404 404 404 404 401];
    GET "/api/v1/dossiers/{code}/documents" by dossier       => [200 200 200 200 403 404 401]
                                                                [200 200 200 200 403 404 401]
                                                                [404 404 404 404 404 404 401];
    GET "/api/v1/dossiers/{code}/control-sheet" by dossier   => [200 200 200 200 403 404 401]
                                                                [200 200 200 200 403 404 401]
                                                                [404 404 404 404 404 404 401];
    GET "/api/v1/dossiers/{code}/rating" by dossier          => [200 200 200 200 403 404 401]
                                                                [200 200 200 200 403 404 401]
                                                                [404 404 404 404 404 404 401];

    GET "/api/v1/indicators" by path                         => [200 200 200 200 200 200 401];
    GET "/api/v1/indicators/values" by of_agency             => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    GET "/api/v1/reports/06a" by of_agency                   => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    GET "/api/v1/reports/07a" by of_agency                   => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    GET "/api/v1/reports/register" by of_agency              => [200 200 200 200 403 403 401]
                                                                [200 200 200 200 403 403 401]
                                                                [404 404 404 404 403 403 401];
    GET "/api/v1/payments" by of_agency                      => [200 200 200 200 403 403 401]
                                                                [200 200 200 200 403 403 401]
                                                                [404 404 404 404 403 403 401];
    GET "/api/v1/plans" by path                              => [200 200 200 200 200 403 401];
    POST "/api/v1/plans" by new_plan                         => [403 403 403 403 201 403 401]
                                                                [403 403 403 403 201 403 401]
                                                                [403 403 403 403 422 403 401];
    GET "/api/v1/plans/{id}" by plan                         => [200 200 200 200 200 403 401];
    GET "/api/v1/plans/{id}/scorecard" by scorecard          => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    GET "/api/v1/plans/{id}/scorecard/series" by scorecard   => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    GET "/api/v1/plans/{id}/scorecard/agencies" by scorecard => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    POST "/api/v1/plans/{id}/targets/{key}/declarations" by declaration
                                                             => [403 403 201 403 403 403 401]
                                                                [403 403 403 403 403 403 401]
                                                                [403 403 404 403 403 403 401];
    GET "/api/v1/plans/{id}/targets/{key}/declarations" by declarations
                                                             => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    POST "/api/v1/plans/{id}/targets/{key}/declarations/{version}/review" by review
                                                             => [403 403 201 201 403 403 401]
                                                                [403 403 201 201 403 403 401]
                                                                [403 403 404 404 403 403 401];

    GET "/api/v1/reports/diff" by diff                       => [200 200 200 200 403 403 401]
                                                                [200 200 200 200 403 403 401]
                                                                [404 404 404 404 403 403 401];
    POST "/api/v1/reports/snapshots" by new_snapshot         => [403 403 201 201 403 403 401]
                                                                [403 403 201 201 403 403 401]
                                                                [403 403 404 404 403 403 401];
    GET "/api/v1/reports/snapshots" by of_agency             => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    GET "/api/v1/reports/snapshots/{id}" by snapshot         => [200 200 200 200 200 403 401]
                                                                [200 200 200 200 200 403 401]
                                                                [404 404 404 404 404 403 401];
    GET "/api/v1/reports/snapshots/{id}/differences" by snapshot
                                                             => [403 403 200 200 403 403 401]
                                                                [403 403 200 200 403 403 401]
                                                                [403 403 404 404 403 403 401];
    GET "/api/v1/reports/snapshots/{id}/proof" by snapshot   => [403 403 200 200 403 403 401]
                                                                [403 403 200 200 403 403 401]
                                                                [403 403 404 404 403 403 401];
    POST "/api/v1/reports/snapshots/{id}/seal" by snapshot   => [403 403 201 403 403 403 401]
                                                                [403 403 403 403 403 403 401]
                                                                [403 403 404 404 403 403 401];
    POST "/api/v1/reports/snapshots/{id}/verify" by sealed   => [403 403 201 201 403 403 401]
                                                                [403 403 201 201 403 403 401]
                                                                [403 403 404 404 403 403 401];
    GET "/api/v1/audit/access-log" by of_agency              => [403 403 403 200 403 403 401]
                                                                [403 403 403 200 403 403 401]
                                                                [403 403 403 404 403 403 401];
    GET "/api/v1/audit/heads" by path                        => [403 403 200 200 403 403 401];
    GET "/api/v1/audit/voided" by of_agency                  => [403 403 200 200 403 403 401]
                                                                [403 403 200 200 403 403 401]
                                                                [403 403 404 404 403 403 401];
    GET "/api/v1/audit/late-entries" by of_agency            => [403 403 200 200 403 403 401]
                                                                [403 403 200 200 403 403 401]
                                                                [403 403 404 404 403 403 401];
    GET "/api/v1/audit/checks" by of_agency                  => [403 403 200 200 403 403 401]
                                                                [403 403 200 200 403 403 401]
                                                                [403 403 404 404 403 403 401];
    GET "/api/v1/audit/histogram" by of_agency               => [403 403 200 200 403 403 401]
                                                                [403 403 200 200 403 403 401]
                                                                [403 403 404 404 403 403 401];
    GET "/api/v1/audit/checks/catalogue" by path             => [403 403 200 200 403 403 401];
    POST "/api/v1/imports" by import                         => [403 403 403 403 200 403 401];
    GET "/api/v1/exports/dossiers" by of_agency              => [403 403 200 200 403 403 401]
                                                                [403 403 200 200 403 403 401]
                                                                [403 403 404 404 403 403 401];
};
