use super::*;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

/// An instruction to a batch.
#[derive(Debug, Clone, Copy)]
enum Command {
    Answer,
    Panic,
    Outage,
}

/// A batch that was begun, and the way to end it.
type Begun = (Vec<u32>, Sender<Command>);

/// Doubles numbers, in batches that end when the test says so.
#[derive(Debug)]
struct Double(UnboundedSender<Begun>);

impl BatchOperation for Double {
    type Item = u32;
    type Answer = Result<u32, Error>;

    const MAX_ITEMS: usize = 4;
    const MAX_WEIGHT: usize = 1_000;

    fn weight(item: &u32) -> usize {
        usize::try_from(*item).unwrap()
    }

    async fn execute(&self, items: &[u32]) -> Vec<Result<u32, Error>> {
        let (end, ended) = oneshot::channel();
        self.0.send((items.to_vec(), end)).unwrap();
        let command = ended.await.unwrap();
        items.iter().map(|item| answer(command, *item)).collect()
    }

    fn outage(answer: &Result<u32, Error>) -> Option<&Error> {
        answer.as_ref().err()
    }
}

fn answer(command: Command, item: u32) -> Result<u32, Error> {
    match command {
        Command::Answer => Ok(2 * item),
        Command::Panic => panic!("as told"),
        Command::Outage => Err(unavailable("as told")),
    }
}

struct Kit {
    batcher: Batcher<Double>,
    begun: UnboundedReceiver<Begun>,
}

type Submitted<'a> = Pin<Box<dyn Future<Output = Answered<Double>> + Send + 'a>>;

impl Kit {
    fn new() -> Self {
        let (begin, begun) = mpsc::unbounded_channel();
        Self { batcher: Batcher::new(Double(begin), &Tasks::default()), begun }
    }

    /// Fills both slots, with the items 1 and 2.
    async fn busy(&mut self) -> [(Submitted<'static>, Sender<Command>); 2] {
        [self.alone(1).await, self.alone(2).await]
    }

    async fn alone(&mut self, item: u32) -> (Submitted<'static>, Sender<Command>) {
        let mut submitted = submit(&self.batcher, item);
        assert!(poll(&mut submitted).is_pending());
        let (items, end) = self.begun.recv().await.unwrap();
        assert_eq!(items, [item]);
        (submitted, end)
    }

    /// Submits items that have to wait.
    fn waiting<const N: usize>(&mut self, items: [u32; N]) -> [Submitted<'static>; N] {
        let waiting = items.map(|item| {
            let mut submitted = submit(&self.batcher, item);
            assert!(poll(&mut submitted).is_pending());
            submitted
        });
        assert!(self.begun.try_recv().is_err(), "no slot is free");
        waiting
    }
}

fn submit(batcher: &Batcher<Double>, item: u32) -> Submitted<'static> {
    let batcher = Batcher(Arc::clone(&batcher.0));
    Box::pin(async move { batcher.submit(item, &RetryDeadline::new()).await })
}

fn poll(submitted: &mut Submitted<'_>) -> Poll<Answered<Double>> {
    submitted.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop()))
}

#[tokio::test]
async fn what_comes_while_batches_are_in_flight_goes_together_in_the_next() {
    let mut kit = Kit::new();
    let [(first, end_first), (second, end_second)] = kit.busy().await;
    let [third, fourth, fifth] = kit.waiting([3, 4, 5]);
    end_second.send(Command::Answer).unwrap();
    assert_eq!(second.await.unwrap().unwrap(), 4);
    let (items, end) = kit.begun.recv().await.unwrap();
    assert_eq!(items, [3, 4, 5]);
    // It came after the batch was sent.
    let [late] = kit.waiting([6]);
    end.send(Command::Answer).unwrap();
    for (submitted, doubled) in [(third, 6), (fourth, 8), (fifth, 10)] {
        assert_eq!(submitted.await.unwrap().unwrap(), doubled);
    }
    let (items, end) = kit.begun.recv().await.unwrap();
    assert_eq!(items, [6]);
    end.send(Command::Answer).unwrap();
    assert_eq!(late.await.unwrap().unwrap(), 12);
    end_first.send(Command::Answer).unwrap();
    assert_eq!(first.await.unwrap().unwrap(), 2);
    assert_eq!(kit.batcher.0.queue().held_slots, 0);
}

#[tokio::test]
async fn a_batch_has_bounds_but_one_item_at_least() {
    let mut kit = Kit::new();
    let [(_first, _end_first), (second, end)] = kit.busy().await;
    let _waiting = kit.waiting([3, 4, 5, 6, 7, 990, 2_000, 8]);
    end.send(Command::Answer).unwrap();
    second.await.unwrap().unwrap();
    for expected in [&[3, 4, 5, 6][..], &[7, 990], &[2_000], &[8]] {
        let (items, end) = kit.begun.recv().await.unwrap();
        assert_eq!(items, expected);
        end.send(Command::Answer).unwrap();
    }
}

#[tokio::test]
async fn a_caller_that_is_dropped_takes_nobody_along() {
    let mut kit = Kit::new();
    let [(first, _), (_second, _end)] = kit.busy().await;
    let [third, fourth, fifth] = kit.waiting([3, 4, 5]);
    drop(fourth);
    // The caller whose item is in flight.
    drop(first);
    let (items, end) = kit.begun.recv().await.unwrap();
    assert_eq!(items, [3, 5]);
    drop(third);
    end.send(Command::Answer).unwrap();
    assert_eq!(fifth.await.unwrap().unwrap(), 10);
    assert_eq!(kit.batcher.0.queue().held_slots, 1);
}

#[tokio::test]
async fn an_outage_and_a_panic_reach_all_who_wait_for_the_batch() {
    let mut kit = Kit::new();
    let [(_first, _end_first), (second, end)] = kit.busy().await;
    let [third, fourth] = kit.waiting([3, 4]);
    end.send(Command::Answer).unwrap();
    second.await.unwrap().unwrap();
    let (_, end) = kit.begun.recv().await.unwrap();
    let waiting = kit.waiting([5, 6]);
    end.send(Command::Panic).unwrap();
    for submitted in [third, fourth] {
        assert!(matches!(submitted.await, Err(Unanswered::Unknown(_))));
    }
    let (items, end) = kit.begun.recv().await.unwrap();
    assert_eq!(items, [5, 6], "the slot is not lost");
    let [seventh] = kit.waiting([7]);
    end.send(Command::Outage).unwrap();
    for submitted in waiting {
        assert!(submitted.await.unwrap().is_err());
    }
    assert!(matches!(seventh.await, Err(Unanswered::NotExecuted(_))));
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_that_could_not_end_by_its_deadline() {
    let mut kit = Kit::new();
    let deadline = RetryDeadline::new();
    deadline.last_start().await;
    // Both slots are free.
    assert!(matches!(kit.batcher.submit(1, &deadline).await, Err(Unanswered::NotExecuted(_))));
    assert!(kit.begun.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_wait_and_a_batch_are_bounded() {
    let mut kit = Kit::new();
    let [(first, _end_first), (second, _end_second)] = kit.busy().await;
    let [third] = kit.waiting([3]);
    assert!(matches!(third.await, Err(Unanswered::NotExecuted(_))));
    assert!(matches!(first.await, Err(Unanswered::Unknown(_))));
    assert!(matches!(second.await, Err(Unanswered::Unknown(_))));
    assert_eq!(kit.batcher.0.queue().held_slots, 0);
}
