//! Raw bytes through the real gateway before the real services: what one user sends, however it is framed, changes nothing of
//! what others are answered, on the same connection and on others.

mod bodies;
mod case;
mod fields;
mod framing;
mod lines;
mod person;
mod pipelines;

use crate::app::{TestStack, spawn_stack_with};
use case::{Case, try_case};
use person::{Ids, Person};

/// The stack without limits, which hundreds of requests of one user would meet.
async fn spawn_unlimited() -> TestStack {
    spawn_stack_with(|config| config.rate_limits = None).await
}

/// Tries cases one after the other, each as one user, with the requests of two others behind it and beside it.
async fn try_all(cases: impl FnOnce(&Person) -> Vec<Case>) {
    let (stack, ids) = (spawn_unlimited().await, Ids::default());
    let mut mallory = Person::of(&stack, "mallory", &ids).await;
    let mut others = [Person::of(&stack, "ann", &ids).await, Person::of(&stack, "bob", &ids).await];
    let mut faults = Vec::new();
    let cases = cases(&mallory);
    assert!(!cases.is_empty());
    for case in &cases {
        let tried = try_case(&stack.url, case, &mut mallory, &mut others).await;
        faults.extend(tried.err().map(|fault| format!("{}: {fault}", case.name)));
    }
    // What is stored is what each of them was told, and nothing that came from another.
    for person in [&mallory].into_iter().chain(&others) {
        faults.extend(person.check_stored().await.err());
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
