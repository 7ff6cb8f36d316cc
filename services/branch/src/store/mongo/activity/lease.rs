//! The lease of the process that reports activity: one document of the collection `schema`.

use crate::error::Error;
use crate::store::ReporterLease;
use crate::store::mongo::client::errors::{WriteError, write_error};
use crate::store::mongo::documents::fields::{micros, text};
use crate::store::mongo::engine::MongoEngine;
use mongodb::Collection;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::OperationId;

/// The id of the document.
const LEASE: &str = "activity";

#[derive(Debug, Deserialize)]
struct LeaseDoc {
    version: i64,
    #[serde(with = "text")]
    holder: OperationId,
    #[serde(with = "micros")]
    until: Timestamp,
    #[serde(with = "micros")]
    messages_from: Timestamp,
    #[serde(with = "micros")]
    branches_from: Timestamp,
}

impl From<LeaseDoc> for ReporterLease {
    fn from(found: LeaseDoc) -> Self {
        let LeaseDoc { version, holder, until, messages_from, branches_from } = found;
        Self { version, holder, until, messages_from, branches_from }
    }
}

fn fields(lease: ReporterLease) -> Document {
    doc! {
        "version": lease.version, "holder": lease.holder.to_string(), "until": lease.until.as_micros(),
        "messages_from": lease.messages_from.as_micros(), "branches_from": lease.branches_from.as_micros(),
    }
}

impl MongoEngine {
    pub(crate) async fn reporter_lease(&self) -> Result<Option<ReporterLease>, Error> {
        let schema: Collection<LeaseDoc> = self.database.collection("schema");
        Ok(schema.find_one(doc! {"_id": LEASE}).await?.map(ReporterLease::from))
    }

    pub(crate) async fn swap_reporter_lease(
        &self,
        expected: Option<i64>,
        lease: ReporterLease,
    ) -> Result<bool, Error> {
        let schema: Collection<Document> = self.database.collection("schema");
        if let Some(version) = expected {
            let known = doc! {"_id": LEASE, "version": version};
            let swapped = schema.update_one(known, doc! {"$set": fields(lease)}).await?;
            return Ok(swapped.matched_count > 0);
        }
        let mut first = doc! {"_id": LEASE};
        first.extend(fields(lease));
        match schema.insert_one(first).await {
            Ok(_) => Ok(true),
            Err(error) if write_error(&error) == WriteError::Duplicate => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
