//! The tables, as `migrations/` makes them.

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
    use shared::sql_types::{Instant, Uid};

    chats (id) {
        id -> Uid,
        account_id -> Uid,
        chat_type -> Text,
        name -> Text,
        created_at -> Instant,
        updated_at -> Instant,
        active -> Bool,
        pinned -> Bool,
        tags -> Text,
        settings -> Nullable<Text>,
        active_branch_id -> Nullable<Uid>,
        message_count -> BigInt,
        last_message_at -> Nullable<Instant>,
        tree_changed_at -> Nullable<Instant>,
        forked_from_chat_id -> Nullable<Uid>,
        forked_from_response_id -> Nullable<Uid>,
        state_number -> BigInt,
        key_id -> Nullable<Uid>,
        request_hash -> Nullable<Binary>,
        deleted_at -> Nullable<Instant>,
        purge_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Integer, Nullable, Text};
    use shared::sql_types::{Instant, Uid};

    chat_forks (id) {
        id -> Uid,
        account_id -> Uid,
        source_chat_id -> Uid,
        response_id -> Nullable<Uid>,
        chat_type -> Text,
        name -> Text,
        created_at -> Instant,
        key_id -> Nullable<Uid>,
        request_hash -> Nullable<Binary>,
        request_id -> Text,
        attempts -> Integer,
        next_attempt_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable, Text};
    use shared::sql_types::{Instant, Uid};

    conversations (id) {
        id -> Uid,
        chat_id -> Uid,
        account_id -> Uid,
        name -> Text,
        branch_id -> Uid,
        created_at -> Instant,
        key_id -> Nullable<Uid>,
        request_hash -> Nullable<Binary>,
        deleted_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{Nullable, Text};
    use shared::sql_types::{Instant, Uid};

    deleted_accounts (account_id) {
        account_id -> Uid,
        until -> Instant,
        second_pass_at -> Nullable<Instant>,
        request_id -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(chats, conversations);
