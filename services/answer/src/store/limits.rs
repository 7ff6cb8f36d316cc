//! The limits of a user, counted in the transaction that inserts a run.

use super::database_time::{before, now};
use super::run::is_live;
use super::schema::{runs, token_usage};
use crate::domain::RunState;
use crate::error::Error;
use diesel::prelude::*;
use shared::clock::Timestamp;
use shared::ids::UserId;
use shared_store::{RunQueryDsl, Session, StoreError, on};
use std::time::Duration;

/// So many times as many runs as a user may have under way may wait for being stored.
const SEALED_FACTOR: i64 = 4;
const MINUTE: Duration = Duration::from_secs(60);
/// A day in microseconds.
const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;
/// After which a user with too many answers may look again: one may end at any time.
const RETRY_AFTER_AN_ANSWER: u64 = 2;

/// The limits of a user.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most runs at once.
    pub runs: i64,
    /// The most questions in a minute.
    pub questions_per_minute: i64,
    /// The most tokens in a day (UTC); none is no limit. It is checked before a run, so that the last one may exceed it.
    pub tokens_per_day: Option<i64>,
}

/// The day of a time, counted from 1970.
pub(super) const fn day_of(time: Timestamp) -> i64 {
    time.as_micros().div_euclid(DAY_MICROS)
}

/// Checks all limits of a user. Requests of one user wait for each other from here to the end of the transaction.
pub(super) async fn check_limits(session: &mut Session, owner: UserId, limits: Limits) -> Result<(), Error> {
    let (time, tokens) = lock_tokens(session, owner).await?;
    if limits.tokens_per_day.is_some_and(|most| tokens >= most) {
        let left = DAY_MICROS - time.as_micros().rem_euclid(DAY_MICROS);
        return Err(Error::TooManyTokens { retry_after: seconds(left) });
    }
    let own = runs::table.filter(runs::owner.eq(owner));
    // Sealed ones are but to be stored; there are many only where that fails.
    let all = own.filter(is_live());
    let answering = all.filter(runs::state.ne(RunState::Sealed));
    let answering: i64 = on!(session, |c| answering.count().get_result(c).await)?;
    let all: i64 = on!(session, |c| all.count().get_result(c).await)?;
    if answering >= limits.runs || all >= limits.runs.saturating_mul(SEALED_FACTOR) {
        return Err(Error::TooManyAnswers { retry_after: RETRY_AFTER_AN_ANSWER });
    }
    let recent = own.filter(runs::created_at.gt(before(MINUTE))).order(runs::created_at.desc());
    let recent = recent.offset(limits.questions_per_minute - 1).limit(1).select(runs::created_at);
    let first: Option<Timestamp> = on!(session, |c| recent.get_result(c).await.optional())?;
    match first {
        None => Ok(()),
        Some(first) => {
            let left = first.plus(MINUTE).as_micros() - time.as_micros();
            Err(Error::TooManyQuestions { retry_after: seconds(left) })
        }
    }
}

fn seconds(micros: i64) -> u64 {
    u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000).max(1)
}

/// Locks the tokens of a user, and returns the time and those of the day.
pub(super) async fn lock_tokens(session: &mut Session, owner: UserId) -> Result<(Timestamp, i64), StoreError> {
    let time: Timestamp = on!(session, |c| diesel::select(now()).get_result(c).await)?;
    Ok((time, add_tokens(session, owner, time, 0).await?))
}

/// Adds tokens of a user on the day of `time`, and returns all of that day. Locks the row.
pub(super) async fn add_tokens(
    session: &mut Session,
    owner: UserId,
    time: Timestamp,
    tokens: i64,
) -> Result<i64, StoreError> {
    let day = day_of(time);
    let row = (token_usage::owner.eq(owner), token_usage::day.eq(day), token_usage::tokens.eq(tokens));
    on!(session, |c| {
        let insert = diesel::insert_into(token_usage::table).values(row);
        let add = insert
            .on_conflict((token_usage::owner, token_usage::day))
            .do_update()
            .set(token_usage::tokens.eq(token_usage::tokens + tokens));
        add.returning(token_usage::tokens).get_result(c).await
    })
}
