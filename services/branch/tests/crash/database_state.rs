//! The state of the database: all documents of a chat, visible or not.

use crate::snapshot::find_all;
use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};
use std::collections::{BTreeSet, HashMap};

/// The documents of one chat.
pub struct DatabaseState {
    branches: HashMap<String, Document>,
    messages: Vec<Document>,
}

impl DatabaseState {
    pub async fn of(database: &Database, chat: &str) -> Self {
        let branches = find_all(database, "branches", doc! {"root": chat}).await;
        let branches = branches.into_iter().map(|branch| (text(&branch, "_id"), branch)).collect();
        Self { branches, messages: find_all(database, "messages", doc! {"chat": chat}).await }
    }

    fn is_alive(&self, id: &str) -> bool {
        self.branches.get(id).is_some_and(|branch| branch.get_bool("alive").unwrap())
    }

    /// After a sweep: nothing is under way, and nothing hangs on what is gone.
    pub fn is_sound(&self) {
        for (id, branch) in self.branches.iter().filter(|(id, _)| self.is_alive(id)) {
            assert!(!branch.contains_key("state") && !branch.contains_key("due"), "under way: {branch}");
            assert!(self.is_alive(&text(branch, "root")), "its chat is gone: {branch}");
            match branch.get_str("active") {
                Ok(active) => assert!(self.is_alive(active), "its active branch is gone: {branch}"),
                Err(_) => assert_ne!(*id, text(branch, "root"), "no active branch: {branch}"),
            }
            if let Ok(parent) = branch.get_str("parent") {
                assert!(self.is_alive(parent), "its parent is gone: {branch}");
            }
            if let Ok(from) = branch.get_str("forked_from") {
                let from = self.messages.iter().find(|message| text(message, "_id") == from);
                let from = from.unwrap_or_else(|| panic!("its origin is gone: {branch}"));
                let place = (from.get("branch"), from.get("depth"));
                assert_eq!(place, (branch.get("parent"), branch.get("fork_depth")));
            }
            let fork_depth = branch.get_i64("fork_depth").unwrap();
            let depths: BTreeSet<_> = self.own(id).map(|message| message.get_i64("depth").unwrap()).collect();
            assert!(depths.into_iter().eq((fork_depth + 1..).take(self.own(id).count())), "gaps: {branch}");
        }
        for branch in self.branches.values() {
            let is_at_rest = branch.get_str("undo").is_ok_and(|state| state == "deleted");
            assert!(is_at_rest || !branch.contains_key("undo"), "under way: {branch}");
            let is_restorable = is_at_rest && !branch.get_bool("alive").unwrap();
            assert_eq!(branch.contains_key("purge_at"), is_restorable, "{branch}");
        }
        for message in &self.messages {
            assert!(!message.contains_key("due"), "under way: {message}");
        }
        for message in self.messages.iter().filter(|message| !self.is_alive(&text(message, "branch"))) {
            let branch = self.branches.get(&text(message, "branch"));
            let branch = branch.unwrap_or_else(|| panic!("its branch is not there: {message}"));
            if branch.contains_key("undo") {
                continue;
            }
            let state = branch.get_str("state");
            assert!(matches!(state, Ok("cleared" | "swept")), "{state:?}");
            assert!(message.contains_key("key_id"), "it should be gone: {message}");
            assert!(
                ["question", "response"].iter().all(|field| text(message, field).is_empty()),
                "{message}"
            );
        }
    }

    /// Nothing of these branches can be restored.
    pub fn is_destroyed(&self, branches: &[&String]) {
        for branch in branches.iter().filter_map(|id| self.branches.get(*id)) {
            assert!(!branch.get_bool("alive").unwrap() && !branch.contains_key("undo"), "{branch}");
        }
    }

    /// After a day: no tombstone is left, nor anything behind it.
    pub fn is_clean(&self) {
        self.is_sound();
        let gone: Vec<_> = self.branches.keys().filter(|id| !self.is_alive(id)).collect();
        assert_eq!(gone, Vec::<&String>::new());
    }

    fn own(&self, branch: &str) -> impl Iterator<Item = &Document> {
        self.messages.iter().filter(move |message| text(message, "branch") == branch)
    }
}

fn text(document: &Document, field: &str) -> String {
    match document.get(field) {
        Some(Bson::String(text)) => text.clone(),
        other => panic!("{field} is {other:?}"),
    }
}
