//! The engines of content: messages and branches.

use crate::database::TestDatabase;
use std::fmt;

/// An engine of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, which is always available.
    Sqlite,
    /// The PostgreSQL of `TEST_DATABASE_URL`.
    Postgres,
    /// The MongoDB of `TEST_MONGO_URL`.
    Mongo,
}

impl Engine {
    /// All engines.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Mongo];

    /// The name in arguments and in the names of tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mongo => "mongo",
        }
    }

    /// Whether its variable is set.
    pub fn is_there(self) -> bool {
        match self {
            Self::Sqlite => true,
            Self::Postgres => TestDatabase::has_postgres(),
            Self::Mongo => TestDatabase::has_mongo(),
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TestDatabase {
    /// Creates an empty database on an engine.
    ///
    /// # Panics
    /// If the engine is not available, or that fails.
    pub async fn on(engine: Engine) -> Self {
        let database = match engine {
            Engine::Sqlite => Some(Self::sqlite()),
            Engine::Postgres => Self::postgres().await,
            Engine::Mongo => Self::mongo(),
        };
        database.unwrap_or_else(|| panic!("the variable for {engine} is not set"))
    }
}
