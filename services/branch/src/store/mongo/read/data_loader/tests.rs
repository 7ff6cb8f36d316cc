use super::*;
use crate::store::mongo::client::errors::unavailable;
use futures_util::future::join_all;
use tokio::task::yield_now;

/// Reads the squares of odd numbers, and fails at 13.
#[derive(Debug)]
struct Squares;

impl Loader for Squares {
    type Key = u32;
    type Value = u32;

    async fn load(&self, keys: &BTreeSet<u32>) -> LoadResult<Self> {
        assert!(!keys.is_empty());
        yield_now().await;
        if keys.contains(&13) {
            return Err(unavailable("unlucky"));
        }
        Ok(squares(keys))
    }
}

fn squares(keys: &BTreeSet<u32>) -> HashMap<u32, u32> {
    keys.iter().filter(|key| *key % 2 == 1).map(|key| (*key, key * key)).collect()
}

fn loader() -> DataLoader<Squares> {
    DataLoader::new(Squares, &Tasks::default())
}

#[tokio::test]
async fn each_request_gets_what_it_has_asked_for() {
    let loader = loader();
    let requests = [&[1, 2][..], &[3], &[3, 5], &[5, 4], &[6], &[]];
    let requests = requests.map(|keys| keys.iter().copied().collect::<BTreeSet<u32>>());
    let loaded = join_all(requests.iter().map(|keys| loader.load_many(keys.clone()))).await;
    for (keys, loaded) in requests.iter().zip(loaded) {
        assert_eq!(loaded.unwrap(), squares(keys));
    }
    assert_eq!(loader.load_one(7).await.unwrap(), Some(49));
    assert_eq!(loader.load_one(8).await.unwrap(), None);
}

#[tokio::test]
async fn an_outage_is_told_to_all_who_wait() {
    let loader = loader();
    // The first two take a slot each.
    let loaded = join_all([13, 3, 5, 7].map(|key| loader.load_one(key))).await;
    assert_eq!(loaded.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true, false, false]);
    assert_eq!(loader.load_one(5).await.unwrap(), Some(25));
}

#[tokio::test]
async fn an_error_reaches_all_who_share_the_query_and_no_other() {
    let loader = loader();
    let loaded = join_all([1, 3, 13, 5].map(|key| loader.load_one(key))).await;
    // The first two take a slot each.
    assert_eq!(loaded.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false, false]);
    assert_eq!(loader.load_one(5).await.unwrap(), Some(25));
}
