//! Reads by key that many requests share, as in facebook/dataloader: the keys that gather while queries are on their way go
//! together in the next one (`batcher` draws how).

use crate::error::Error;
use crate::store::mongo::batcher::{BatchOperation, Batcher};
use crate::store::mongo::client::errors::{clone_error, is_unavailable};
use crate::store::mongo::client::retry::RetryDeadline;
use shared::tasks::Tasks;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::hash::Hash;

/// Keys of one query, unless one request alone has more.
const MAX_KEYS: usize = 256;

/// A query by keys.
pub(crate) trait Loader: Debug + Send + Sync + 'static {
    type Key: Copy + Ord + Hash + Debug + Send + Sync + 'static;
    type Value: Clone + Debug + Send + Sync + 'static;

    /// Reads what has these keys. What is not there is absent.
    fn load(&self, keys: &BTreeSet<Self::Key>) -> impl Future<Output = LoadResult<Self>> + Send;
}

/// The values that were found, by key.
pub(crate) type LoadResult<L> = Result<HashMap<<L as Loader>::Key, <L as Loader>::Value>, Error>;

/// Batches the reads of a loader, for this process.
#[derive(Debug)]
pub(crate) struct DataLoader<L: Loader>(Batcher<Load<L>>);

impl<L: Loader> DataLoader<L> {
    pub(crate) fn new(loader: L, tasks: &Tasks) -> Self {
        Self(Batcher::new(Load(loader), tasks))
    }

    /// Reads what has these keys, by a query that is sent after this call.
    pub(crate) async fn load_many(&self, keys: BTreeSet<L::Key>) -> LoadResult<L> {
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        self.0.submit(keys, &RetryDeadline::new()).await?
    }

    /// Reads what has this key.
    pub(crate) async fn load_one(&self, key: L::Key) -> Result<Option<L::Value>, Error> {
        Ok(self.load_many(BTreeSet::from([key])).await?.remove(&key))
    }
}

/// A query for the keys of many requests.
#[derive(Debug)]
struct Load<L: Loader>(L);

impl<L: Loader> BatchOperation for Load<L> {
    type Item = BTreeSet<L::Key>;
    type Answer = LoadResult<L>;

    const MAX_ITEMS: usize = MAX_KEYS;
    const MAX_WEIGHT: usize = MAX_KEYS;

    fn weight(keys: &BTreeSet<L::Key>) -> usize {
        keys.len()
    }

    async fn execute(&self, requests: &[BTreeSet<L::Key>]) -> Vec<LoadResult<L>> {
        if let [keys] = requests {
            return Vec::from([self.0.load(keys).await]);
        }
        let found = self.0.load(&requests.iter().flatten().copied().collect()).await;
        let part = |keys: &BTreeSet<L::Key>| {
            let found = found.as_ref().map_err(clone_error)?;
            Ok(keys.iter().filter_map(|key| Some((*key, found.get(key)?.clone()))).collect())
        };
        requests.iter().map(part).collect()
    }

    fn outage(loaded: &LoadResult<L>) -> Option<&Error> {
        // The driver has tried twice.
        loaded.as_ref().err().filter(|error| is_unavailable(error))
    }
}

#[cfg(test)]
mod tests;
