//! The tables, as `migrations/` makes them.

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Bool, Integer, Nullable, Text};
    use shared::sql_types::{Instant, Uid};

    runs (response_id) {
        response_id -> Uid,
        owner -> Uid,
        chat_id -> Uid,
        branch_id -> Uid,
        parent_response_id -> Nullable<Uid>,
        depth -> BigInt,
        placement -> Text,
        activate -> Bool,
        question -> Text,
        input_items -> Nullable<Text>,
        instructions -> Nullable<Text>,
        model -> Text,
        parameters -> Text,
        truncation -> Text,
        stops_on_disconnect -> Bool,
        state -> Text,
        epoch -> BigInt,
        replica -> Nullable<Uid>,
        lease_until -> Nullable<Instant>,
        attempts -> Integer,
        stop_requested -> Bool,
        seq -> BigInt,
        charged -> BigInt,
        streams -> BigInt,
        response -> Nullable<Text>,
        output_items -> Nullable<Text>,
        finish -> Nullable<Text>,
        message -> Nullable<Text>,
        placed_branch -> Nullable<Uid>,
        key_id -> Nullable<Uid>,
        request_hash -> Nullable<Binary>,
        request_id -> Text,
        created_at -> Instant,
        started_at -> Nullable<Instant>,
        ended_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Text};
    use shared::sql_types::Uid;

    chunks (response_id, seq) {
        response_id -> Uid,
        seq -> BigInt,
        kind -> Text,
        data -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;
    use shared::sql_types::Uid;

    token_usage (owner, day) {
        owner -> Uid,
        day -> BigInt,
        tokens -> BigInt,
        questions_until -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::BigInt;
    use shared::sql_types::{Instant, Uid};

    chat_states (chat_id) {
        chat_id -> Uid,
        number -> BigInt,
        recorded_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use shared::sql_types::Uid;

    provider_keys (owner, provider) {
        owner -> Uid,
        provider -> Text,
        encryption_key_id -> Text,
        ciphertext -> Binary,
        hint -> Nullable<Text>,
    }
}

diesel::table! {
    use shared::sql_types::{Instant, Uid};

    deleted_accounts (account_id) {
        account_id -> Uid,
        deleted_at -> Instant,
    }
}

diesel::allow_tables_to_appear_in_same_query!(runs, chunks);
diesel::allow_tables_to_appear_in_same_query!(provider_keys, deleted_accounts);
