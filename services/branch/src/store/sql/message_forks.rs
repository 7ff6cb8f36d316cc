//! The forks of messages.

use super::schema::branches;
use crate::domain::Forks;
use crate::error::Error;
use crate::store::navigation::MAX_LISTED_FORKS;
use diesel::dsl::count_star;
use diesel::prelude::*;

use shared::ids::{BranchId, ResponseId};
use shared_store::{RunQueryDsl, Session, any_of, on};
use std::collections::HashMap;

/// The forks of these messages, without entries for those that have none.
pub(super) async fn of_messages(
    session: &mut Session,
    messages: &[ResponseId],
) -> Result<HashMap<ResponseId, Forks>, Error> {
    if messages.is_empty() {
        return Ok(HashMap::new());
    }
    let counts: Vec<(Option<ResponseId>, i64)> = on!(session, |c| {
        branches::table
            .filter(
                any_of(branches::forked_from, messages.iter().copied()).and(branches::deleted_at.is_null()),
            )
            .group_by(branches::forked_from)
            .select((branches::forked_from, count_star()))
            .load(c)
            .await
    })?;
    let counts: Vec<_> = counts.into_iter().filter_map(|(message, count)| Some((message?, count))).collect();
    let (many, few): (Vec<_>, Vec<_>) =
        counts.iter().copied().partition(|(_, count)| *count > MAX_LISTED_FORKS);
    let few: Vec<_> = few.into_iter().map(|(message, _)| message).collect();
    let mut oldest = if few.is_empty() { HashMap::new() } else { oldest_of_each(session, &few).await? };
    // A message with more forks than are listed has a query of its own with a limit, lest thousands be read for a hundred.
    for (message, _) in many {
        oldest.insert(message, oldest_of(session, message).await?);
    }
    let forks =
        |(message, count)| (message, Forks { oldest: oldest.remove(&message).unwrap_or_default(), count });
    Ok(counts.into_iter().map(forks).collect())
}

async fn oldest_of_each(
    session: &mut Session,
    messages: &[ResponseId],
) -> Result<HashMap<ResponseId, Vec<BranchId>>, Error> {
    let rows: Vec<(Option<ResponseId>, BranchId)> = on!(session, |c| {
        branches::table
            .filter(
                any_of(branches::forked_from, messages.iter().copied()).and(branches::deleted_at.is_null()),
            )
            .order((branches::forked_from, branches::created_at, branches::branch_id))
            .select((branches::forked_from, branches::branch_id))
            .load(c)
            .await
    })?;
    let mut forks = HashMap::<_, Vec<_>>::new();
    for (message, branch) in rows {
        let Some(message) = message else { continue };
        forks.entry(message).or_default().push(branch);
    }
    Ok(forks)
}

async fn oldest_of(session: &mut Session, message: ResponseId) -> Result<Vec<BranchId>, Error> {
    let query = branches::table
        .filter(branches::forked_from.eq(message).and(branches::deleted_at.is_null()))
        .order((branches::created_at, branches::branch_id))
        .limit(MAX_LISTED_FORKS)
        .select(branches::branch_id);
    Ok(on!(session, |c| query.load(c).await)?)
}
