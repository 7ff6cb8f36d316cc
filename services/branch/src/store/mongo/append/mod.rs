//! Appending: one insert at the depths after the head, for all who wait for the line.

pub(super) mod queue;

use crate::domain::{Forks, Message};
use crate::error::Error;
use crate::store::NewMessage;
use crate::store::mongo::append::queue::{Appended, Head, Locked, Turn, Waiting};
use crate::store::mongo::client::errors::{Refusal, alike, refusal};
use crate::store::mongo::client::retry::Patience;
use crate::store::mongo::documents::fields::{Id, texts};
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::engine::Mongo;
use crate::store::mongo::read::head::{TICK, head_in_time};
use crate::store::mongo::read::lookup::{Line, line};
use futures_util::TryStreamExt as _;
use futures_util::future::join_all;
use mongodb::bson::doc;
use mongodb::error::Error as MongoError;
use shared::clock::Timestamp;
use shared::idempotency::Created;
use shared::ids::{BranchId, ResponseId};
use shared::store::StoreError;
use std::collections::HashSet;
use std::sync::Arc;

impl Mongo {
    pub(crate) async fn append(self: &Arc<Self>, new: &NewMessage) -> Appended {
        let new = new.clone();
        self.to_the_end(async move |mongo: Arc<Self>| append(&mongo, new).await).await
    }
}

async fn append(mongo: &Mongo, new: NewMessage) -> Appended {
    let mut patience = Patience::new();
    let mut place = mongo.turns.join(new)?;
    let mut locked = match place.wait(&patience).await {
        Turn::Answered(appended) => return appended,
        Turn::Leads(locked) => locked,
    };
    loop {
        if let Some(appended) = place.answered() {
            return appended;
        }
        locked.rest().await;
        let others = serve(mongo, &mut locked, &patience).await;
        if !others.is_empty() {
            // A replica was first.
            locked.put_back(others);
            if patience.pause().await.is_err() {
                return place.leave().await;
            }
        }
    }
}

/// Inserts what waits for a line, and gives back what another replica came before.
async fn serve(mongo: &Mongo, locked: &mut Locked<'_>, patience: &Patience) -> Vec<Waiting> {
    let batch = locked.batch();
    let Some(first) = batch.first() else { return batch };
    match begin(mongo, &first.new, locked).await {
        Ok(Begin::At(head)) => insert(mongo, locked, head, batch, patience).await,
        Ok(Begin::Replay(made)) => answer_all(batch, || Ok(Created::replayed(made.clone()))),
        Err(error) => fail(locked, batch, &error),
    }
}

fn answer_all(batch: Vec<Waiting>, answer: impl Fn() -> Appended) -> Vec<Waiting> {
    for waiting in batch {
        waiting.answer(answer());
    }
    Vec::new()
}

/// Answers a batch with an error, and where the store is not there all who wait for the line: one after the other they
/// would wait for seconds to hear the same.
fn fail(locked: &Locked<'_>, mut batch: Vec<Waiting>, error: &Error) -> Vec<Waiting> {
    if matches!(error, Error::Store(StoreError::Unavailable(_))) {
        batch.extend(locked.all());
    }
    answer_all(batch, || Err(alike(error)))
}

/// What the first message of a batch meets.
enum Begin {
    /// The head that it follows.
    At(Head),
    /// An equal request was there before.
    Replay(Message),
}

/// Where a batch begins. The head is taken from what is remembered, and is remembered again only after a success.
async fn begin(mongo: &Mongo, new: &NewMessage, locked: &mut Locked<'_>) -> Result<Begin, Error> {
    let remembered = locked.take(mongo.clock.now());
    let mut head = match remembered {
        Some(head) => head,
        None => read(mongo, new).await?,
    };
    if head.chat != new.chat || head.owner != new.owner {
        locked.remember(head);
        return Err(Error::BranchNotFound);
    }
    if !new.expected_head.allows(head.id) {
        // Before the head is compared, else the second of two equal requests would be told that it has moved.
        if let Some(made) = replay(mongo, new).await? {
            return Ok(Begin::Replay(made));
        }
        if remembered.is_some() {
            head = read(mongo, new).await?;
        }
        if !new.expected_head.allows(head.id) {
            return Err(Error::HeadMoved { head: head.id });
        }
    }
    Ok(Begin::At(head))
}

/// The head of the line as it is in the database.
async fn read(mongo: &Mongo, new: &NewMessage) -> Result<Head, Error> {
    let (branch, _) = line(mongo, new.owner, new.chat, new.branch).await?.both()?;
    let (depth, id, earliest) = head_in_time(mongo, &branch).await?;
    Ok(Head { at: mongo.clock.now(), earliest, chat: new.chat, owner: new.owner, depth, id })
}

async fn replay(mongo: &Mongo, new: &NewMessage) -> Result<Option<Message>, Error> {
    match &new.key {
        Some(key) => mongo.replay_message(key).await,
        None => Ok(None),
    }
}

/// Inserts a batch after this head, answers it, and gives back what another replica came before.
async fn insert(
    mongo: &Mongo,
    locked: &mut Locked<'_>,
    head: Head,
    batch: Vec<Waiting>,
    patience: &Patience,
) -> Vec<Waiting> {
    let now = mongo.clock.now();
    let documents = documents(&batch, head, now);
    // Whoever deletes the branch meanwhile is seen here, or sees the messages.
    let insert = mongo.messages.insert_many(&documents);
    let seen = line(mongo, head.owner, head.chat, locked.branch());
    let (inserted, seen) = futures_util::join!(insert.into_future(), seen);
    let stored = match inserted {
        Ok(_) => Stored { ids: ids(&documents), others: Others::None },
        Err(error) => settle(mongo, &documents, error, patience).await,
    };
    if let Err(error) = stay(mongo, locked.branch(), &stored, seen).await {
        return fail(locked, batch, &error);
    }
    if let Others::Failed(error) = &stored.others {
        fail(locked, Vec::new(), error);
    }
    if let Some(last) = documents.iter().rfind(|document| stored.ids.contains(&document.id)) {
        if matches!(stored.others, Others::None) {
            let earliest = last.created_at.plus(TICK);
            locked.remember(Head { at: now, earliest, depth: last.depth, id: Some(last.id), ..head });
        }
        mongo.behind.head(locked.branch(), last.depth, last.id);
    }
    answer(mongo, batch, documents, &stored).await
}

/// The documents of a batch, one after the other. Their times rise along the line, as the lists by time show them.
fn documents(batch: &[Waiting], head: Head, now: Timestamp) -> Vec<MessageDoc> {
    let (mut parent, mut at) = (head.id, now.max(head.earliest));
    let mut documents = Vec::with_capacity(batch.len());
    for (waiting, depth) in batch.iter().zip(head.depth + 1..) {
        documents.push(MessageDoc::new(&waiting.new, waiting.id, depth, parent, at));
        (parent, at) = (Some(waiting.id), at.plus(TICK));
    }
    documents
}

fn ids(documents: &[MessageDoc]) -> HashSet<ResponseId> {
    documents.iter().map(|document| document.id).collect()
}

/// What became of a batch.
struct Stored {
    /// The messages that are there: all of those before one that is not.
    ids: HashSet<ResponseId>,
    others: Others,
}

/// What became of the messages that are not there.
enum Others {
    /// There are none.
    None,
    /// Other messages were first, or equal requests.
    Raced,
    /// The store failed.
    Failed(Error),
}

/// Looks what became of an insert that was answered with an error: what is there may be our own write, made before the
/// connection died.
async fn settle(mongo: &Mongo, documents: &[MessageDoc], error: MongoError, patience: &Patience) -> Stored {
    let refusal = refusal(&error);
    let looked = match refusal {
        Refusal::Failed => Ok(HashSet::new()),
        _ => patience.wait_briefly(there(mongo, ids(documents))).await.flatten(),
    };
    match looked {
        Ok(ids) if ids.len() == documents.len() => Stored { ids, others: Others::None },
        Ok(ids) if refusal == Refusal::Duplicate => Stored { ids, others: Others::Raced },
        Ok(ids) => Stored { ids, others: Others::Failed(error.into()) },
        Err(_) => Stored { ids: HashSet::new(), others: Others::Failed(error.into()) },
    }
}

/// Those of these messages that are there.
async fn there(mongo: &Mongo, ids: HashSet<ResponseId>) -> Result<HashSet<ResponseId>, Error> {
    let typed = mongo.messages.clone_with_type::<Id<ResponseId>>();
    let found = typed.find(doc! {"_id": {"$in": texts(ids)}}).projection(doc! {"_id": 1});
    let found: Vec<_> = found.await?.try_collect().await?;
    Ok(found.into_iter().map(|found| found.id).collect())
}

/// Takes back what was stored where the branch was gone by then.
async fn stay(
    mongo: &Mongo,
    branch: BranchId,
    stored: &Stored,
    seen: Result<Line, Error>,
) -> Result<(), Error> {
    let Err(gone) = seen?.both() else { return Ok(()) };
    let stored = doc! {"_id": {"$in": texts(&stored.ids)}, "branch": branch.to_string()};
    mongo.messages.delete_many(stored).await?;
    Err(gone)
}

/// Answers each of a batch but those that another replica came before.
async fn answer(
    mongo: &Mongo,
    batch: Vec<Waiting>,
    documents: Vec<MessageDoc>,
    stored: &Stored,
) -> Vec<Waiting> {
    let mut raced = Vec::new();
    for (waiting, document) in batch.into_iter().zip(documents) {
        if stored.ids.contains(&waiting.id) {
            waiting.answer(Ok(Created::new(document.into_message(Forks::default()))));
        } else if let Others::Failed(error) = &stored.others {
            waiting.answer(Err(alike(error)));
        } else {
            raced.push(waiting);
        }
    }
    answer_replays(mongo, raced).await
}

/// Answers those of a batch whose key an equal request has used, and gives the others back. All are looked for at the
/// same time: they hold up the line.
async fn answer_replays(mongo: &Mongo, batch: Vec<Waiting>) -> Vec<Waiting> {
    let made = join_all(batch.iter().map(|waiting| replay(mongo, &waiting.new))).await;
    let mut others = Vec::new();
    for (waiting, made) in batch.into_iter().zip(made) {
        match made {
            Ok(None) => others.push(waiting),
            Ok(Some(made)) => waiting.answer(Ok(Created::replayed(made))),
            Err(error) => waiting.answer(Err(error)),
        }
    }
    others
}
