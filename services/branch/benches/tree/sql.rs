//! Long lines on the SQL engines, where one statement makes them.

use branch::config::Database;

use futures_util::FutureExt as _;
use shared::ids::BranchId;
use shared_store::embed_store_migrations;
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};
use shared_web::timeouts::ServerTimeouts;

/// Makes a line as long as this by copying its first message, as the service would have written each.
pub async fn lengthen(database: &Database, branch: BranchId, length: usize) {
    let Database::Sql(url) = database else { panic!("no SQL") };
    let store = Store::open(url, "branch", embed_store_migrations!(), ServerTimeouts::default().statement)
        .await
        .unwrap();
    let id = branch.as_uuid();
    let (id, random) = match store {
        Store::Sqlite { .. } => (format!("x'{}'", id.simple()), "randomblob(16)"),
        Store::Postgres(_) => (format!("'{id}'::uuid"), "gen_random_uuid()"),
    };
    let statements = [
        format!(
            "INSERT INTO messages (response_id, branch_id, depth, parent_response_id, owner_id, created_at, text_bytes, \
             metadata, question, response, question_preview, response_preview) \
             WITH RECURSIVE line(depth) AS (SELECT 2 UNION ALL SELECT depth + 1 FROM line WHERE depth < {length}) \
             SELECT {random}, first.branch_id, line.depth, NULL, first.owner_id, first.created_at, first.text_bytes, \
             first.metadata, first.question, first.response, first.question_preview, first.response_preview \
             FROM line CROSS JOIN messages first WHERE first.branch_id = {id} AND first.depth = 1"
        ),
        format!(
            "UPDATE messages SET parent_response_id = (SELECT response_id FROM messages before \
             WHERE before.branch_id = {id} AND before.depth = messages.depth - 1) WHERE branch_id = {id}"
        ),
        format!(
            "UPDATE branches SET head_depth = {length}, \
             head_response_id = (SELECT response_id FROM messages WHERE branch_id = {id} AND depth = {length}) \
             WHERE branch_id = {id}"
        ),
    ];
    store.write(|session| run(session, statements).boxed()).await.unwrap();
}

async fn run(session: &mut Session, statements: [String; 3]) -> Result<(), StoreError> {
    for statement in statements {
        on!(session, |c| diesel::sql_query(statement).execute(c).await)?;
    }
    Ok(())
}
