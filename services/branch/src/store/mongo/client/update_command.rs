//! The `update` command with several statements, which the driver has only for servers from 8.0 on (`bulkWrite`). Unlike the
//! driver's own updates it is not repeated if the connection breaks: the outcome is unknown then, and the caller decides.

use crate::error::Error;
use crate::store::mongo::client::errors::{broken, is_unavailable, refused};
use mongodb::Database;
use mongodb::bson::{Document, deserialize_from_document, doc, serialize_to_bson};
use mongodb::error::{Error as MongoError, ErrorKind, IndexedWriteError, WriteConcernError, WriteFailure};
use serde::Deserialize;

/// An update of one document.
pub(crate) fn statement(filter: Document, change: Document) -> Document {
    doc! {"q": filter, "u": change}
}

/// Whether a statement that is refused ends the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatementOrder {
    Ordered,
    Unordered,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    n: i64,
    #[serde(default)]
    write_errors: Vec<IndexedWriteError>,
    write_concern_error: Option<WriteConcernError>,
}

/// The outcome of an update.
#[derive(Debug)]
pub(crate) struct UpdateOutcome {
    /// The number of documents that matched.
    pub(crate) matched: usize,
    write_errors: Vec<IndexedWriteError>,
}

impl UpdateOutcome {
    /// The result of a statement.
    pub(crate) fn statement(&self, index: usize) -> Result<(), Error> {
        let failed = self.write_errors.iter().find(|error| error.index == index);
        failed.map(statement_error).map_or(Ok(()), Err)
    }

    /// The error of the first statement that was refused.
    pub(crate) fn into_result(self) -> Result<(), Error> {
        self.write_errors.first().map(statement_error).map_or(Ok(()), Err)
    }
}

fn statement_error(error: &IndexedWriteError) -> Error {
    refused(error.code, &error.message)
}

/// As an unordered [`update`], of statements that may be executed twice: they are sent once more if the connection breaks or the
/// primary steps down.
pub(crate) async fn update_repeatably(
    database: &Database,
    collection: &str,
    statements: Vec<Document>,
) -> Result<UpdateOutcome, Error> {
    let order = StatementOrder::Unordered;
    match update(database, collection, statements.clone(), order).await {
        Err(error) if is_unavailable(&error) => update(database, collection, statements, order).await,
        updated => updated,
    }
}

/// Executes statements on a collection, with the write concern of the database.
pub(crate) async fn update(
    database: &Database,
    collection: &str,
    statements: Vec<Document>,
    order: StatementOrder,
) -> Result<UpdateOutcome, Error> {
    let ordered = order == StatementOrder::Ordered;
    let mut command = doc! {"update": collection, "updates": statements, "ordered": ordered};
    if let Some(concern) = database.write_concern() {
        command.insert("writeConcern", serialize_to_bson(concern).map_err(broken)?);
    }
    let response = database.run_command(command).await?;
    let Response { n, write_errors, write_concern_error } =
        deserialize_from_document(response).map_err(broken)?;
    if let Some(error) = write_concern_error {
        let failed = ErrorKind::Write(WriteFailure::WriteConcernError(error));
        return Err(MongoError::from(failed).into());
    }
    Ok(UpdateOutcome { matched: usize::try_from(n).unwrap_or_default(), write_errors })
}
