//! The tables of the migrations.

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
    use shared::sql_types::{Instant, Uid};

    branches (branch_id) {
        branch_id -> Uid,
        root_chat_id -> Uid,
        owner_id -> Uid,
        parent_branch_id -> Nullable<Uid>,
        forked_from -> Nullable<Uid>,
        fork_depth -> BigInt,
        level -> BigInt,
        // The name in the code is `ancestry`; the column keeps that of its migration.
        #[sql_name = "place"]
        ancestry -> Binary,
        name -> Nullable<Text>,
        head_depth -> BigInt,
        head_response_id -> Nullable<Uid>,
        before_head_id -> Nullable<Uid>,
        active_branch_id -> Nullable<Uid>,
        created_at -> Instant,
        key_id -> Nullable<Uid>,
        request_hash -> Nullable<Binary>,
        deleted_at -> Nullable<Instant>,
        swept_at -> Nullable<Instant>,
        sweep_at -> Nullable<Instant>,
        purge_at -> Nullable<Instant>,
        deletion_id -> Nullable<Uid>,
        deleted_count -> Nullable<BigInt>,
        active_before -> Nullable<Uid>,
        chat_state_number -> Nullable<BigInt>,
        activated_at -> Nullable<Instant>,
        first_response_id -> Nullable<Uid>,
        first_message_at -> Nullable<Instant>,
        last_message_at -> Nullable<Instant>,
        preview -> Nullable<Text>,
        tags -> Text,
        archived -> Bool,
        // The owner of `forked_from`, where that is a branch of another chat.
        stands_on -> Nullable<Uid>,
        changed_at -> Nullable<Instant>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Binary, Nullable, Text};
    use shared::sql_types::{Instant, Uid};

    messages (response_id) {
        response_id -> Uid,
        branch_id -> Uid,
        depth -> BigInt,
        parent_response_id -> Nullable<Uid>,
        owner_id -> Uid,
        created_at -> Instant,
        text_bytes -> BigInt,
        key_id -> Nullable<Uid>,
        request_hash -> Nullable<Binary>,
        metadata -> Text,
        question -> Text,
        response -> Text,
        copied_from -> Nullable<Uid>,
        question_preview -> Nullable<Text>,
        response_preview -> Nullable<Text>,
        // The chat of the branch, for lists of one chat. A trigger writes it where an older version appends.
        root_chat_id -> Nullable<Uid>,
        // JSON: what a model's answer has beside its texts.
        generation -> Nullable<Text>,
        input_items -> Nullable<Text>,
        output_items -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, SmallInt};
    use shared::sql_types::{Instant, Uid};

    activity_lease (id) {
        id -> SmallInt,
        version -> BigInt,
        holder -> Uid,
        until -> Instant,
        messages_from -> Instant,
        branches_from -> Instant,
    }
}

diesel::joinable!(messages -> branches (branch_id));
diesel::allow_tables_to_appear_in_same_query!(branches, messages);
diesel::alias!(
    // The trunks of the branches that a query is about.
    pub(super) const TRUNKS: Alias<Trunks> = branches as trunks;
    // The branches that requests name.
    pub(super) const TARGETS: Alias<Targets> = branches as targets;
    // The branches that stand on those that a query is about.
    pub(super) const ABOVE: Alias<Above> = branches as above;
);
