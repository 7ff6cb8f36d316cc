//! Kinds of chats.

shared_store::text_enum! {
    /// What kind of chat it is. The service makes no difference.
    pub enum ChatType {
        /// Of one person.
        Personal = "personal",
        /// Of several people.
        Group = "group",
    }
}
