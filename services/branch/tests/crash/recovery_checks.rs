//! The checks of the recovery after a crash.

use crate::crash_driver::CrashDriver;
use crate::database_state::DatabaseState;
use crate::kit::sweep;
use crate::operations::{Effect, Operation, Request};
use crate::tree::{View, text};
use serde_json::{Value, json};
use shared::clock::Clock;
use shared_test_kit::{Answer, TestClient};
use std::time::Duration;

/// Longer than a request is left to end what it began.
const GRACE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// What happens after the restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The sweep comes, and then the request once more.
    Sweep,
    /// The request comes once more, and then the sweep.
    Repeat,
    /// The owner does something else, and then the sweep comes.
    GoOn,
}

/// Checks of the recovery after one crash.
pub struct RecoveryChecks<'a> {
    pub driver: &'a CrashDriver,
    pub request: &'a Request<'a>,
    pub clock: Clock,
    pub client: TestClient,
    /// The answer that the client had, if it had one.
    pub answer: Option<&'a Answer>,
}

impl RecoveryChecks<'_> {
    /// Checks that the state after the crash is consistent, and agrees with the answer.
    pub async fn check_crashed(&self, seen: Option<&View>, nothing_was_done: bool) {
        self.read(seen).await;
        let effect = self.request.effect(seen);
        if nothing_was_done {
            assert_eq!(effect, Effect::None);
        }
        self.check_answer(seen, effect);
    }

    /// Lets this happen, and checks what it leads to, also a day later.
    pub async fn check_recovery(&self, then: Then, seen: Option<&View>) {
        let before = self.request.effect(seen);
        match then {
            Then::Sweep => self.go_by_itself(before).await,
            Then::Repeat => self.repeat_at_once(seen).await,
            Then::GoOn => self.go_on(seen, before).await,
        }
        let settled = self.look().await;
        self.read(settled.as_ref()).await;
        self.sweep(HOUR).await.is_sound();
        self.sweep(24 * HOUR).await.is_clean();
        assert_eq!(self.look().await, settled);
    }

    /// The sweep comes first, and then the client again.
    async fn go_by_itself(&self, before: Effect) {
        self.sweep(GRACE).await.is_sound();
        let seen = self.look().await;
        let after = self.request.effect(seen.as_ref());
        assert_ne!(after, Effect::Partly);
        // What a client has seen to be done stays so.
        assert!(before != Effect::Whole || after == Effect::Whole);
        self.check_active(seen.as_ref());
        self.repeat(seen.as_ref()).await;
        let state = self.sweep(GRACE).await;
        state.is_sound();
        if self.request.operation == Operation::Destroy {
            state.is_destroyed(&self.request.tree.with("b1"));
        }
        let seen = self.look().await;
        assert_eq!(self.request.effect(seen.as_ref()), self.goal());
        self.check_active(seen.as_ref());
    }

    /// The client comes first, and then the sweep.
    async fn repeat_at_once(&self, seen: Option<&View>) {
        self.repeat(seen).await;
        self.sweep(GRACE).await.is_sound();
        let seen = self.look().await;
        assert_eq!(self.request.effect(seen.as_ref()), self.goal());
        self.check_active(seen.as_ref());
    }

    fn check_active(&self, seen: Option<&View>) {
        if let Some(view) = seen.filter(|_| self.request.effect(seen) == self.goal()) {
            self.request.check_active(view);
        }
    }

    /// What is seen when all was done that was asked for.
    fn goal(&self) -> Effect {
        match self.request.operation {
            Operation::ForkOfTheDeleted | Operation::ForkOnHeadMovedOfTheDeleted => Effect::None,
            _ => Effect::Whole,
        }
    }

    pub async fn look(&self) -> Option<View> {
        self.request.tree.look(&self.client.as_user(self.request.tree.owner)).await
    }

    async fn read(&self, view: Option<&View>) {
        self.request.tree.read(&self.client.as_user(self.request.tree.owner), view).await;
    }

    /// What was answered is so.
    fn check_answer(&self, seen: Option<&View>, effect: Effect) {
        let Some(answer) = self.answer else { return };
        match self.request.operation {
            Operation::Fork { .. }
            | Operation::Edit { .. }
            | Operation::CherryPick { .. }
            | Operation::Answer { .. } => {
                let made = made_branch(answer);
                assert_eq!(seen.unwrap().new_in(self.request.tree), [&made]);
            }
            Operation::ForkOfTheDeleted | Operation::ForkOnHeadMovedOfTheDeleted => {
                drop(answer.clone().expect(404));
            }
            Operation::DeleteLeaf
            | Operation::Cascade
            | Operation::DeleteChat
            | Operation::DeleteForAWhile { .. }
            | Operation::Restore
            | Operation::Destroy => drop(answer.clone().expect(200)),
        }
        assert_eq!(effect, self.goal());
    }

    /// The client asks once more.
    async fn repeat(&self, seen: Option<&View>) {
        let effect = self.request.effect(seen);
        let made = seen.and_then(|view| view.new_in(self.request.tree).first().copied());
        let answer = self.request.send(&self.client).await.unwrap();
        match self.request.operation {
            Operation::Fork { keyed, with_id, .. } => {
                if with_id && !keyed && made.is_some() {
                    drop(answer.expect(409));
                    return;
                }
                self.check_repetition(&answer, keyed, made).await;
            }
            Operation::Edit { keyed, .. } | Operation::CherryPick { keyed } => {
                self.check_repetition(&answer, keyed, made).await;
            }
            // Its id is its key.
            Operation::Answer { .. } => self.check_repetition(&answer, true, made).await,
            Operation::ForkOfTheDeleted | Operation::ForkOnHeadMovedOfTheDeleted => {
                drop(answer.expect(404));
                let (request, tree) = (self.request, self.request.tree);
                let again = if request.operation == Operation::ForkOfTheDeleted {
                    request.fork_with_the_key(&self.client, &json!(tree.last)).await
                } else {
                    request.append_with_the_key(&self.client, &tree.id, &Value::Null).await
                };
                let again = again.unwrap();
                // If it was never answered, it may just as well have been made and then deleted.
                let reused = again.code() == "idempotency_key_reused" && self.answer.is_none();
                let kept = again.code() == "id_taken" && !self.driver.frees_keys;
                assert!(again.status == 201 || reused || kept, "{} {}", again.status, again.text);
                if again.status == 201 {
                    let made = text(&again.json()["branch_id"]);
                    let path = format!("/api/v1/branches/delete-branch/{made}");
                    self.client.as_user(self.request.tree.owner).delete(&path).await.expect(200);
                }
            }
            Operation::DeleteLeaf | Operation::DeleteForAWhile { cascade: false } => {
                drop(answer.expect(if effect == Effect::Whole { 404 } else { 200 }));
            }
            Operation::Cascade | Operation::DeleteForAWhile { cascade: true } | Operation::Destroy => {
                drop(answer.expect(if effect == Effect::None { 200 } else { 404 }));
            }
            Operation::DeleteChat | Operation::Restore => drop(answer.expect(200)),
        }
    }

    /// The answer to the same request for a branch, which was made before or not.
    async fn check_repetition(&self, answer: &Answer, keyed: bool, made: Option<&String>) {
        let again = made_branch(answer);
        if keyed && let Some(made) = made {
            assert_eq!(again, *made);
        }
        let now = self.look().await.unwrap().new_in(self.request.tree).len();
        assert_eq!(now, if keyed || made.is_none() { 1 } else { 2 });
    }

    /// The owner does something else: chooses a branch, and uses the new one, or that which was to be deleted. It is
    /// there, whatever is swept then.
    async fn go_on(&self, seen: Option<&View>, effect: Effect) {
        let tree = self.request.tree;
        let client = self.client.as_user(tree.owner);
        if let Some(view) = seen {
            let choice = json!({"chat_id": tree.id, "branch_id": tree.other});
            client.put("/api/v1/branches/set-active-branch", &choice).await.expect(200);
            let used = match self.request.operation {
                Operation::Fork { .. }
                | Operation::Edit { .. }
                | Operation::CherryPick { .. }
                | Operation::Answer { .. } => view.new_in(tree).first().copied(),
                Operation::DeleteLeaf | Operation::DeleteForAWhile { cascade: false } => {
                    Some(&tree.e).filter(|_| effect == Effect::None)
                }
                Operation::DeleteChat => Some(&tree.id),
                Operation::Restore => Some(&tree.b).filter(|_| effect == Effect::Whole),
                Operation::Cascade
                | Operation::DeleteForAWhile { cascade: true }
                | Operation::Destroy
                | Operation::ForkOfTheDeleted
                | Operation::ForkOnHeadMovedOfTheDeleted => None,
            };
            if let Some(used) = used {
                let more = json!({"chat_id": tree.id, "branch_id": used, "question": "more", "response": ""});
                let more = client.post("/api/v1/messages/add-message", &more).await.expect(201).json();
                let fork =
                    json!({"original_chat_id": tree.id, "branch_from_response_id": more["response_id"]});
                client.post("/api/v1/branches/create-branch", &fork).await.expect(201);
            }
            let before = self.look().await.unwrap();
            self.sweep(GRACE).await.is_sound();
            let after = self.look().await.unwrap();
            assert_eq!(after.active, tree.other);
            if used.is_some() {
                assert_eq!(after, before);
            }
        }
        self.sweep(GRACE).await.is_sound();
    }

    /// Lets time pass, and sweeps until there is nothing to do.
    async fn sweep(&self, later: Duration) -> DatabaseState {
        self.clock.advance(later);
        self.driver.with_store(&self.clock, async |store| sweep(&store).await).await;
        DatabaseState::of(&self.driver.raw, &self.request.tree.id).await
    }
}

/// The branch that was made, by the answer.
fn made_branch(answer: &Answer) -> String {
    assert!([200, 201].contains(&answer.status.as_u16()), "{} {}", answer.status, answer.text);
    let made = answer.json();
    // Of a cherry-pick: all copies are on it.
    let branch = made.get("branch").unwrap_or(&made);
    assert!(made.get("messages").is_none_or(|copies| copies.as_array().unwrap().len() == 3));
    text(&branch["branch_id"])
}
