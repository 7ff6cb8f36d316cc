//! Orders of a list of chats.

use std::fmt;

shared_store::text_enum! {
    /// The time by which a list of chats is ordered, newest first.
    #[derive(Default)]
    pub enum ChatOrder {
        /// When the chat was created.
        #[default]
        Created = "created",
        /// When something was last said in it, else when it was created.
        Activity = "activity",
    }
}

impl fmt::Display for ChatOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
