//! The tables, one definition for both databases (written by hand; a test selects every column on both).

use diesel::{allow_tables_to_appear_in_same_query, table};

table! {
    catalogue (kind, code, revision) {
        kind -> Text,
        code -> Text,
        revision -> Integer,
        effective_from -> Text,
        recorded_at -> BigInt,
        body -> Text,
    }
}

table! {
    catalogue_stamps (kind) {
        kind -> Text,
        stamp -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    users (id) {
        id -> Uid,
        username -> Text,
        display_name -> Text,
        password_hash -> Text,
        roles -> Text,
        active -> Bool,
        revision -> Integer,
        created_at -> BigInt,
        stamp -> Integer,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    refresh_tokens (token_hash) {
        token_hash -> Binary,
        family_id -> Uid,
        user_id -> Uid,
        stamp -> Integer,
        nonce -> Binary,
        began_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

table! {
    heads (agency_id) {
        agency_id -> Text,
        seq -> BigInt,
        hash -> Text,
        recorded_at -> BigInt,
    }
}

table! {
    counters (agency_id, day) {
        agency_id -> Text,
        day -> Text,
        n -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    dossiers (agency_id, id) {
        agency_id -> Text,
        id -> Uid,
        code -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    events (agency_id, seq) {
        agency_id -> Text,
        seq -> BigInt,
        dossier_id -> Uid,
        n -> Integer,
        kind -> Text,
        occurred_at -> BigInt,
        recorded_at -> BigInt,
        actor -> Text,
        payload -> Text,
        prev_hash -> Text,
        hash -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    personal (agency_id, dossier_id, n) {
        agency_id -> Text,
        dossier_id -> Uid,
        n -> Integer,
        key_id -> Text,
        sealed -> Binary,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    facts (agency_id, dossier_id, valid_from, known_from) {
        agency_id -> Text,
        dossier_id -> Uid,
        valid_from -> BigInt,
        valid_to -> BigInt,
        known_from -> BigInt,
        known_to -> BigInt,
        version -> Integer,
        state -> Text,
        voided -> Bool,
        code -> Nullable<Text>,
        procedure -> Text,
        field -> Text,
        service_level -> Text,
        channel -> Text,
        on_the_spot -> Bool,
        electronic_result_eligible -> Bool,
        submitted_at -> BigInt,
        answer_due -> Nullable<BigInt>,
        answered_at -> Nullable<BigInt>,
        received_at -> Nullable<BigInt>,
        due -> Nullable<BigInt>,
        figure_due -> Nullable<BigInt>,
        figure_due_strict -> Nullable<BigInt>,
        paused_since -> Nullable<BigInt>,
        awaiting_supplement -> Bool,
        finished_at -> Nullable<BigInt>,
        class -> Nullable<Text>,
        worked_minutes -> BigInt,
        ended_at -> Nullable<BigInt>,
        withdrawn_unanswered -> Bool,
        returned_at -> Nullable<BigInt>,
        returned_same_day -> Bool,
        fee_due -> BigInt,
        paid_online -> Bool,
        paid_national -> Bool,
        payment_methods -> Text,
        result_document -> Bool,
        result_electronic_signed -> Bool,
        result_digital -> Bool,
        dossier_digital -> Bool,
        reused -> Bool,
        rating -> Nullable<Integer>,
        rated_at -> Nullable<BigInt>,
        rounds -> Integer,
        rounds_after_receipt -> Integer,
        signed_component -> Bool,
        paper_asked -> Bool,
        letter_in_time -> Bool,
        assisted -> Bool,
        late_entry -> Bool,
        reopens -> Integer,
        officer -> Nullable<Text>,
        submitted_by -> Text,
        due_original -> Nullable<BigInt>,
        refused_at -> Nullable<BigInt>,
        paid -> BigInt,
        refunded -> BigInt,
        outcome -> Nullable<Text>,
        unit -> Nullable<Text>,
        step -> Nullable<Text>,
        marks -> BigInt,
        last_finished_at -> Nullable<BigInt>,
        components -> Text,
        details -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    payments (agency_id, dossier_id, n, valid_from, known_from) {
        agency_id -> Text,
        dossier_id -> Uid,
        n -> Integer,
        valid_from -> BigInt,
        valid_to -> BigInt,
        known_from -> BigInt,
        known_to -> BigInt,
        paid_at -> BigInt,
        amount -> BigInt,
        refunded -> BigInt,
        method -> Text,
        procedure -> Text,
        field -> Text,
        channel -> Text,
        submitted_by -> Text,
        voided -> Bool,
    }
}

table! {
    idempotency (agency_id, actor, key) {
        agency_id -> Text,
        actor -> Text,
        key -> Text,
        body_hash -> Text,
        status -> Integer,
        resource -> Text,
        version -> Integer,
        created_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    import_keys (agency_id, source, source_id) {
        agency_id -> Text,
        source -> Text,
        source_id -> Text,
        dossier_id -> Uid,
        content_hash -> Text,
    }
}

table! {
    declarations (agency_id, plan, target, version) {
        agency_id -> Text,
        plan -> Text,
        target -> Text,
        version -> Integer,
        declared_by -> Text,
        recorded_at -> BigInt,
        body -> Text,
    }
}

table! {
    declaration_reviews (agency_id, plan, target, version) {
        agency_id -> Text,
        plan -> Text,
        target -> Text,
        version -> Integer,
        verdict -> Text,
        reviewed_by -> Text,
        recorded_at -> BigInt,
        note -> Nullable<Text>,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    snapshots (agency_id, id) {
        agency_id -> Text,
        id -> Uid,
        recorded_at -> BigInt,
        actor -> Text,
        basis -> Text,
        label -> Text,
        report -> Text,
        period_from -> Text,
        period_to -> Text,
        known_at -> BigInt,
        content -> Text,
        content_hash -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    snapshot_acts (agency_id, snapshot_id, n) {
        agency_id -> Text,
        snapshot_id -> Uid,
        n -> Integer,
        kind -> Text,
        recorded_at -> BigInt,
        actor -> Text,
        content -> Text,
    }
}

allow_tables_to_appear_in_same_query!(
    dossiers,
    events,
    personal,
    facts,
    payments,
    heads,
    counters,
    idempotency,
    import_keys
);

allow_tables_to_appear_in_same_query!(declarations, declaration_reviews);

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    jobs (id) {
        id -> Uid,
        kind -> Text,
        subject -> Text,
        state -> Text,
        requested_by -> Text,
        requested_at -> BigInt,
        started_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        error -> Nullable<Text>,
        agencies -> BigInt,
        dossiers -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    job_agencies (agency_id, job_id) {
        agency_id -> Text,
        job_id -> Uid,
        position -> Nullable<Uid>,
        examined -> BigInt,
        moved -> BigInt,
        done -> Bool,
    }
}

table! {
    records (agency_id, seq) {
        agency_id -> Text,
        seq -> BigInt,
        kind -> Text,
        subject -> Text,
        recorded_at -> BigInt,
        prev_hash -> Text,
        hash -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    revocations (id) {
        id -> Uid,
        expires_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    clients (id) {
        id -> Uid,
        name -> Text,
        roles -> Text,
        active -> Bool,
        revision -> Integer,
        stamp -> Integer,
        created_at -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    client_secrets (id) {
        id -> Uid,
        client_id -> Uid,
        secret_hash -> Binary,
        created_at -> BigInt,
        ends_at -> Nullable<BigInt>,
    }
}

table! {
    throttles (key_hash) {
        key_hash -> Binary,
        failures -> Integer,
        last_at -> BigInt,
        until_at -> BigInt,
    }
}

table! {
    data_keys (id) {
        id -> Text,
        added_at -> BigInt,
        searched -> Bool,
        secret -> Binary,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    personal_index (agency_id, key_id, digest, dossier_id, n) {
        agency_id -> Text,
        key_id -> Text,
        digest -> Binary,
        dossier_id -> Uid,
        n -> Integer,
        known_from -> BigInt,
        known_to -> BigInt,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    access_log (agency_id, id) {
        agency_id -> Text,
        id -> Uid,
        at -> BigInt,
        actor -> Text,
        action -> Text,
        dossier_id -> Nullable<Uid>,
        purpose -> Text,
        fields -> Text,
    }
}

table! {
    use diesel::sql_types::*;
    use crate::store::sql_types::Uid;
    notes (agency_id, id) {
        agency_id -> Text,
        id -> Uid,
        key_id -> Text,
        sealed -> Binary,
    }
}
