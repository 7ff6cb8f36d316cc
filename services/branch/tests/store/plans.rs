//! Plans of prepared statements, which PostgreSQL keeps while the tables grow: they must not read whole tables or indexes.

use crate::answers::answer;
use crate::kit::{Chat, Kit, metadata, rename};
use crate::message_tree::request;
use crate::undo::{DAY, undoable_chat};
use branch::domain::{ExpectedHead, ForkPoint, Message, Order};
use branch::store::{
    AnswerRequest, ChatState, ChatStateChange, DeletedBranchesRequest, LineRequest, ListRequest,
    MessageRequest, MessageTreeRequest, MetadataUpdate, PlaceRequest, SweepStep, VersionsRequest,
};
use shared::clock::Clock;
use shared::ids::ChatId;

/// After so many executions PostgreSQL may plan a statement for any parameters, and keeps that plan.
const EXECUTIONS_UNTIL_THE_PLAN_IS_KEPT: usize = 6;
/// Chats of others in the beginning, with a message each.
const CHATS_OF_OTHERS_WHEN_SMALL: usize = 20;
const ROUNDS_ON_LARGE_TABLES: usize = 4;
/// Rows of others in each table: over 1,300 blocks of branches, and over 2,600 of messages.
const ROWS_OF_OTHERS: usize = 80_000;
/// The most blocks that a round of operations may touch: it needs about 6,900 where the connections are new, else about 3,000.
const MAX_BLOCKS_PER_ROUND: i64 = 8_000;

pub async fn plans_without_statistics_suit_large_tables(kit: &Kit) {
    let blocks = blocks_per_round(kit, "").await;
    assert!(blocks <= MAX_BLOCKS_PER_ROUND, "{blocks} blocks");
}

pub async fn plans_of_small_tables_suit_large_tables(kit: &Kit) {
    let blocks = blocks_per_round(kit, "ANALYZE branch.branches, branch.messages").await;
    assert!(blocks <= MAX_BLOCKS_PER_ROUND, "{blocks} blocks");
}

/// The blocks that a round of operations touches on large tables, if its statements were prepared while these were small.
async fn blocks_per_round(kit: &Kit, before_planning: &str) -> i64 {
    let database = kit.database().connect_postgres().await.unwrap();
    let without_autovacuum = "ALTER TABLE branch.branches SET (autovacuum_enabled = off); \
                              ALTER TABLE branch.messages SET (autovacuum_enabled = off)";
    database.batch_execute(without_autovacuum).await.unwrap();
    let chat = undoable_chat(kit).await;
    for _ in 0..CHATS_OF_OTHERS_WHEN_SMALL {
        let other = kit.chat().await;
        other.say(other.trunk(), "q").await;
    }
    database.batch_execute(before_planning).await.unwrap();
    for _ in 0..EXECUTIONS_UNTIL_THE_PLAN_IS_KEPT {
        use_every_operation(&chat).await;
    }

    let add_others = format!(
        "INSERT INTO branch.branches (branch_id, root_chat_id, owner_id, fork_depth, level, place, head_depth, created_at) \
         SELECT id, id, id, 0, 0, '', 1, now() FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, {ROWS_OF_OTHERS})) AS ids; \
         INSERT INTO branch.messages (response_id, branch_id, depth, owner_id, created_at, text_bytes, metadata, question, response) \
         SELECT branch_id, branch_id, 1, owner_id, created_at, 200, '{{}}', repeat('q', 100), repeat('r', 100) \
         FROM branch.branches ON CONFLICT DO NOTHING; SELECT pg_stat_force_next_flush()"
    );
    database.batch_execute(&add_others).await.unwrap();
    database.batch_execute("SELECT pg_stat_reset()").await.unwrap();
    for _ in 0..ROUNDS_ON_LARGE_TABLES {
        use_every_operation(&chat).await;
    }

    // The connections of the store report what they have touched when they end.
    let sessions =
        "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'banyan-branch'";
    database.batch_execute(&format!("SELECT pg_terminate_backend(pid) {sessions}")).await.unwrap();
    let count = format!("SELECT count(*) {sessions}");
    while database.query_one(&count, &[]).await.unwrap().get::<_, i64>(0) > 0 {}
    let blocks = "SELECT sum(heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit)::bigint \
                  FROM pg_statio_user_tables WHERE schemaname = 'branch'";
    let blocks: i64 = database.query_one(blocks, &[]).await.unwrap().get(0);
    let rounds = i64::try_from(ROUNDS_ON_LARGE_TABLES).unwrap();
    blocks / rounds
}

async fn use_every_operation(chat: &Chat) {
    let (store, owner, trunk) = (&chat.store, chat.owner, chat.trunk());
    let first = chat.say(trunk, "1").await;
    let before_first = store.fork(&chat.branch(None)).await.unwrap().object.branch.id;
    let fork = chat.fork(first.id).await;
    let forked = chat.say(fork, "2").await;
    for (branch, order) in [(trunk, Order::Asc), (fork, Order::Desc)] {
        store.read_page(&LineRequest { order, limit: 20, ..chat.page(branch) }).await.unwrap();
    }
    chat.list(trunk, None, 20).await;
    chat.list(fork, None, 20).await;
    store.activate(owner, trunk, fork).await.unwrap();
    chat.update(fork, &rename(Some("n"))).await;
    let page = store.list_message_tree(&MessageTreeRequest { limit: 20, ..request(chat) }).await.unwrap();
    let next = MessageTreeRequest { after: page.next, with_previews: true, limit: 20, ..request(chat) };
    store.list_message_tree(&next).await.unwrap();
    let metadata = metadata(r#"{"k": 1}"#);
    store
        .update_metadata(&MetadataUpdate { owner, message: first.id, reading_chat: None, metadata })
        .await
        .unwrap();
    store.read_message(MessageRequest::in_own_chat(owner, first.id)).await.unwrap();
    for message in [first.id, forked.id] {
        let versions = VersionsRequest { owner, message, reading_chat: None, after: None, limit: 20 };
        let first_page = store.list_versions(&VersionsRequest { limit: 1, ..versions }).await.unwrap();
        store.list_versions(&VersionsRequest { after: first_page.next, ..versions }).await.unwrap();
    }
    store.list_messages(&ListRequest::newest(owner, None, 20)).await.unwrap();
    let newest = ListRequest::newest(owner, None, 1);
    for order in [Order::Desc, Order::Asc] {
        for target in [None, Some(trunk)] {
            let list = ListRequest { target, order, ..newest };
            let page = store.list_messages(&list).await.unwrap();
            store.list_messages(&ListRequest { after: page.next, ..list }).await.unwrap();
        }
    }
    let walk = LineRequest { limit: 1, ..chat.walk(fork, Order::Desc, 1) };
    store.read_page(&walk).await.unwrap();
    store.compare(owner, fork, trunk).await.unwrap();
    use_answers(chat, &first).await;
    store.delete_branch(owner, before_first, true).await.unwrap();
    let list = DeletedBranchesRequest { owner, target: trunk, after: None, limit: 1 };
    let page = store.list_deleted_branches(&list).await.unwrap();
    store.list_deleted_branches(&DeletedBranchesRequest { after: page.next, ..list }).await.unwrap();
    store.restore_branch(owner, before_first).await.unwrap();
    store.destroy_branch(owner, before_first, false).await.unwrap();
    change_states(chat).await;
    chat.node(fork).await;
}

/// Places and stores answers at the head and below it.
async fn use_answers(chat: &Chat, first: &Message) {
    let (owner, target) = (chat.owner, chat.trunk());
    for parent in [ForkPoint::Head, ForkPoint::At(Some(first.id))] {
        let (branch, expected_head) = (None, ExpectedHead::Any);
        let request = PlaceRequest { owner, target, branch, parent, expected_head };
        let place = chat.store.place_on_line(&request).await.unwrap();
        let request = AnswerRequest { parent: place.parent, ..answer(chat, place.branch, None) };
        chat.store.store_answer(request.clone()).await.unwrap();
        chat.store.store_answer(request).await.unwrap();
    }
}

/// Deletes a chat for a while, restores and destroys it.
async fn change_states(chat: &Chat) {
    let (id, created_at) = (ChatId::generate(), Clock::system().now());
    let deleted = ChatState::Deleted { purge_at: created_at.plus(DAY) };
    for (state, number) in [(deleted, 1), (ChatState::Alive, 2), (ChatState::Destroyed, 3)] {
        let change = ChatStateChange { chat: id, owner: chat.owner, created_at, state, number };
        chat.store.set_chat_state(change).await.unwrap();
    }
    // Another step would fill in the previews of others.
    assert_eq!(chat.store.sweep().await.unwrap(), SweepStep::Taken);
}
