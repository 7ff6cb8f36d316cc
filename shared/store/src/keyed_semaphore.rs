//! A semaphore for each key: the writers of a row wait here, before they take a connection of the pool, or a place in a batch.
//!
//! A writer that waits for a row lock in the database holds a connection meanwhile. With one permit for each row, a row with many writers
//! holds one connection in each process. SQLite has no row locks, and one queue for all writers: a few permits for each row leave the
//! other rows a part of every batch.

use crate::error::StoreError;
use crate::pool_timeout::POOL_TIMEOUT;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A fair (FIFO) semaphore for each key. Keys that are neither held nor waited for take no memory. Cheap to clone.
#[derive(Debug)]
pub struct KeyedSemaphore<K> {
    permits_each: usize,
    entries: Arc<Mutex<HashMap<K, Entry>>>,
}

#[derive(Debug)]
struct Entry {
    semaphore: Arc<Semaphore>,
    /// How many tasks hold a permit or wait for one.
    users: usize,
}

/// A permit of a key within this process, until it is dropped.
#[derive(Debug)]
pub struct KeyPermit<K: Copy + Eq + Hash> {
    // Released before the entry is removed: a new task must not find another semaphore.
    _permit: OwnedSemaphorePermit,
    _user: User<K>,
}

/// A task that holds a permit of a key or waits for one. Dropping it, also while it waits, removes an unused entry.
#[derive(Debug)]
struct User<K: Copy + Eq + Hash> {
    all: KeyedSemaphore<K>,
    key: K,
    semaphore: Arc<Semaphore>,
}

impl<K: Copy + Eq + Hash> KeyedSemaphore<K> {
    /// A semaphore with so many permits for each key; with one, a mutex.
    pub fn new(permits_each: usize) -> Self {
        Self { permits_each, entries: Arc::default() }
    }

    /// Acquires a permit of a key, in the order of the calls. It fails with [`StoreError::Locked`] after the time-out of the pool.
    pub async fn acquire(&self, key: K) -> Result<KeyPermit<K>, StoreError> {
        let user = self.enter(key);
        let permit = Arc::clone(&user.semaphore).acquire_owned();
        match tokio::time::timeout(POOL_TIMEOUT, permit).await {
            Ok(Ok(permit)) => Ok(KeyPermit { _permit: permit, _user: user }),
            Ok(Err(_)) | Err(_) => Err(StoreError::Locked("others wrote the same row for too long".into())),
        }
    }

    fn enter(&self, key: K) -> User<K> {
        let mut entries = self.entries();
        let new = || Entry { semaphore: Arc::new(Semaphore::new(self.permits_each)), users: 0 };
        let entry = entries.entry(key).or_insert_with(new);
        entry.users += 1;
        User { all: self.clone(), key, semaphore: Arc::clone(&entry.semaphore) }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<K, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Clone for KeyedSemaphore<K> {
    fn clone(&self) -> Self {
        Self { permits_each: self.permits_each, entries: Arc::clone(&self.entries) }
    }
}

impl<K: Copy + Eq + Hash> Drop for User<K> {
    fn drop(&mut self) {
        let mut entries = self.all.entries();
        if let Some(entry) = entries.get_mut(&self.key) {
            entry.users -= 1;
            if entry.users == 0 {
                entries.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use std::pin::Pin;

    type Waiting = Pin<Box<dyn Future<Output = Result<KeyPermit<u8>, StoreError>>>>;

    fn waiting(mutex: &KeyedSemaphore<u8>, key: u8) -> Waiting {
        let mutex = mutex.clone();
        Box::pin(async move { mutex.acquire(key).await })
    }

    #[tokio::test]
    async fn a_locked_key_does_not_block_another_key() {
        let mutex = KeyedSemaphore::new(1);
        let one = mutex.acquire(1).await.unwrap();
        let mut second = waiting(&mutex, 1);
        assert!(second.as_mut().now_or_never().is_none());
        drop(mutex.acquire(2).await.unwrap());
        drop(one);
        drop(second.await.unwrap());
        assert!(mutex.entries().is_empty());
    }

    #[tokio::test]
    async fn a_key_has_as_many_holders_as_permits() {
        let semaphore = KeyedSemaphore::new(2);
        let (one, _two) = (semaphore.acquire(1).await.unwrap(), semaphore.acquire(1).await.unwrap());
        let mut third = waiting(&semaphore, 1);
        assert!(third.as_mut().now_or_never().is_none());
        drop(one);
        third.await.unwrap();
    }

    #[derive(Debug, Clone)]
    enum Step {
        Ask,
        Leave(usize),
        Unlock,
    }

    proptest! {
        /// Tasks get the lock in order, one at a time, while others give up; and no entry is left.
        #[test]
        fn waiting_is_fair_and_leaves_no_entry_behind(steps in prop::collection::vec(prop_oneof![
            4 => Just(Step::Ask),
            2 => any::<usize>().prop_map(Step::Leave),
            3 => Just(Step::Unlock),
        ], 1..60)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let _entered = runtime.enter();
            let mutex = KeyedSemaphore::new(1);
            let (mut queue, mut holder) = (VecDeque::<Waiting>::new(), None);
            for step in steps {
                match step {
                    Step::Ask => queue.push_back(waiting(&mutex, 7)),
                    Step::Leave(place) => drop(queue.remove(place % (queue.len() + 1))),
                    Step::Unlock => holder = None,
                }
                let mut left = VecDeque::new();
                while let Some(mut one) = queue.pop_front() {
                    match one.as_mut().now_or_never() {
                        Some(guard) => {
                            prop_assert!(holder.is_none() && left.is_empty());
                            holder = Some(guard.unwrap());
                        }
                        None => left.push_back(one),
                    }
                }
                queue = left;
                prop_assert!(holder.is_some() || queue.is_empty());
            }
            drop((queue, holder));
            prop_assert!(mutex.entries().is_empty());
        }
    }
}
