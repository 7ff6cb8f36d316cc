//! The engines that messages and branches are kept on.

use crate::database::TestDatabase;
use std::fmt;

/// What keeps the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Is always there.
    Sqlite,
    /// Is there where `TEST_DATABASE_URL` says.
    Postgres,
    /// Is there where `TEST_MONGO_URL` says.
    Mongo,
}

impl Engine {
    /// All engines.
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Mongo];

    /// Its name in arguments and in the names of tests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mongo => "mongo",
        }
    }

    /// Whether the tests were told where one is.
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
    /// Makes an empty database on an engine.
    ///
    /// # Panics
    /// Where the engine is not there, or that fails.
    pub async fn on(engine: Engine) -> Self {
        let database = match engine {
            Engine::Sqlite => Some(Self::sqlite()),
            Engine::Postgres => Self::postgres().await,
            Engine::Mongo => Self::mongo(),
        };
        database.unwrap_or_else(|| panic!("the variable for {engine} is not set"))
    }
}
