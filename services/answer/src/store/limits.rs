//! The limits of a user, counted in the transaction that inserts a run.

use super::database_time::now;
use super::run::is_live_sql;
use super::schema::{runs, token_usage};
use crate::domain::RunState;
use crate::error::Error;
use diesel::prelude::*;
use shared::clock::Timestamp;
use shared::ids::UserId;
use shared_store::{RunQueryDsl, Session, StoreError, on};

/// So many times as many runs as a user may have under way may wait for being stored.
const SEALED_FACTOR: i64 = 4;
/// A minute in microseconds.
const MINUTE_MICROS: i64 = 60 * 1_000_000;
/// A day in microseconds.
const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;
/// After which a user with too many answers may ask again: one may end at any time.
const RETRY_AFTER_AN_ANSWER: u64 = 2;

/// The limits of a user.
#[derive(Debug, Clone, Copy)]
pub struct UserLimits {
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

/// When a question was asked, and until when the user's questions last with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    time: Timestamp,
    questions_until: i64,
}

/// Checks all limits of a user. Requests of one user wait for each other from here to the end of the transaction.
pub(super) async fn check_limits(
    session: &mut Session,
    owner: UserId,
    limits: UserLimits,
) -> Result<Pace, Error> {
    let (time, tokens) = lock_tokens(session, owner).await?;
    if limits.tokens_per_day.is_some_and(|most| tokens >= most) {
        let left = DAY_MICROS - time.as_micros().rem_euclid(DAY_MICROS);
        return Err(Error::TooManyTokens { retry_after: seconds(left) });
    }
    let own = runs::table.filter(runs::owner.eq(owner));
    // Sealed ones are but to be stored; there are many only where that fails.
    let all = own.filter(is_live_sql());
    let answering = all.clone().filter(runs::state.ne(RunState::Sealed));
    let answering: i64 = on!(session, |c| answering.count().get_result(c).await)?;
    let all: i64 = on!(session, |c| all.count().get_result(c).await)?;
    if answering >= limits.runs || all >= limits.runs.saturating_mul(SEALED_FACTOR) {
        return Err(Error::TooManyAnswers { retry_after: RETRY_AFTER_AN_ANSWER });
    }
    check_pace(session, owner, time, limits.questions_per_minute).await
}

/// Checks how fast a user asks (GCRA): a minute's questions at once, then one in its share of a minute. It is counted in the user's row:
/// runs go with their chats.
async fn check_pace(
    session: &mut Session,
    owner: UserId,
    time: Timestamp,
    per_minute: i64,
) -> Result<Pace, Error> {
    let row = token_usage::table.find((owner, day_of(time))).select(token_usage::questions_until);
    let until: i64 = on!(session, |c| row.first(c).await)?;
    let (share, now) = (MINUTE_MICROS / per_minute.max(1), time.as_micros());
    let ahead = until.max(now) - now;
    let most = MINUTE_MICROS - share;
    if ahead > most {
        return Err(Error::TooManyQuestions { retry_after: seconds(ahead - most) });
    }
    Ok(Pace { time, questions_until: now + ahead + share })
}

/// Counts a question whose run was inserted.
pub(super) async fn count_question(
    session: &mut Session,
    owner: UserId,
    pace: Pace,
) -> Result<(), StoreError> {
    let row = token_usage::table.find((owner, day_of(pace.time)));
    let count = diesel::update(row).set(token_usage::questions_until.eq(pace.questions_until));
    on!(session, |c| count.execute(c).await).map(drop)
}

fn seconds(micros: i64) -> u64 {
    u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000).max(1)
}

/// Locks the tokens of a user, and returns the time and those of the day.
pub(super) async fn lock_tokens(
    session: &mut Session,
    owner: UserId,
) -> Result<(Timestamp, i64), StoreError> {
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
    let row = (
        token_usage::owner.eq(owner),
        token_usage::day.eq(day),
        token_usage::tokens.eq(tokens),
        token_usage::questions_until.eq(0_i64),
    );
    on!(session, |c| {
        let insert = diesel::insert_into(token_usage::table).values(row);
        let add = insert
            .on_conflict((token_usage::owner, token_usage::day))
            .do_update()
            .set(token_usage::tokens.eq(token_usage::tokens + tokens));
        add.returning(token_usage::tokens).get_result(c).await
    })
}
