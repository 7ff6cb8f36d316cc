//! The tables, as `migrations/` makes them.

diesel::table! {
    use diesel::sql_types::{Nullable, SmallInt, Text};
    use shared::sql_types::{Instant, Uid};

    users (id) {
        id -> Uid,
        username -> Text,
        folded_name -> Text,
        name_key -> Nullable<Text>,
        key_version -> SmallInt,
        password_hash -> Text,
        created_at -> Instant,
    }
}

diesel::table! {
    use shared::sql_types::{Instant, Uid};

    refresh_families (id) {
        id -> Uid,
        user_id -> Uid,
        expires_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::Text;
    use shared::sql_types::{Instant, Uid};

    known_addresses (user_id, address) {
        user_id -> Uid,
        address -> Text,
        seen_at -> Instant,
    }
}

diesel::table! {
    use diesel::sql_types::{Binary, Nullable};
    use shared::sql_types::{Instant, Uid};

    refresh_tokens (hash) {
        hash -> Binary,
        family_id -> Uid,
        parent -> Nullable<Binary>,
        expires_at -> Instant,
        used_at -> Nullable<Instant>,
    }
}
