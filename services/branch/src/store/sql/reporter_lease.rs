//! The lease of the process that reports activity: one row.

use super::engine::SqlEngine;
use super::schema::activity_lease;
use crate::error::Error;
use crate::store::ReporterLease;
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::OperationId;
use shared_store::{RunQueryDsl, Session, on};

/// The id of the row.
const ROW_ID: i16 = 1;

#[derive(Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = activity_lease)]
struct LeaseRow {
    version: i64,
    holder: OperationId,
    until: Timestamp,
    messages_from: Timestamp,
    branches_from: Timestamp,
}

impl From<LeaseRow> for ReporterLease {
    fn from(row: LeaseRow) -> Self {
        let LeaseRow { version, holder, until, messages_from, branches_from } = row;
        Self { version, holder, until, messages_from, branches_from }
    }
}

impl From<ReporterLease> for LeaseRow {
    fn from(lease: ReporterLease) -> Self {
        let ReporterLease { version, holder, until, messages_from, branches_from } = lease;
        Self { version, holder, until, messages_from, branches_from }
    }
}

impl SqlEngine {
    pub(crate) async fn reporter_lease(&self) -> Result<Option<ReporterLease>, Error> {
        self.store.read(|session| find(session).boxed()).await
    }

    pub(crate) async fn swap_reporter_lease(
        &self,
        expected: Option<i64>,
        lease: ReporterLease,
    ) -> Result<bool, Error> {
        self.store.write_statement(move |session| swap(session, expected, lease.into()).boxed()).await
    }
}

async fn find(session: &mut Session) -> Result<Option<ReporterLease>, Error> {
    let found: Option<LeaseRow> = on!(session, |c| {
        activity_lease::table.find(ROW_ID).select(LeaseRow::as_select()).first(c).await.optional()
    })?;
    Ok(found.map(ReporterLease::from))
}

async fn swap(session: &mut Session, expected: Option<i64>, lease: LeaseRow) -> Result<bool, Error> {
    let swapped = match expected {
        None => {
            let first = (activity_lease::id.eq(ROW_ID), lease);
            let insert = diesel::insert_into(activity_lease::table).values(first).on_conflict_do_nothing();
            on!(session, |c| insert.execute(c).await)?
        }
        Some(version) => {
            let known = activity_lease::table.find(ROW_ID).filter(activity_lease::version.eq(version));
            let update = diesel::update(known).set(lease);
            on!(session, |c| update.execute(c).await)?
        }
    };
    Ok(swapped > 0)
}
