//! A service that follows a script for one request, and serves all others well.

/// How the one request is answered.
#[derive(Debug, Clone, Default)]
pub struct Script {
    pub steps: Vec<Step>,
    /// Whether it begins before the request's body has come.
    pub ignores_body: bool,
}

#[derive(Debug, Clone)]
pub enum Step {
    Say(Vec<u8>),
    /// A write for each byte.
    Trickle(Vec<u8>),
    /// The same again until nobody listens any more.
    Repeat(Vec<u8>),
    /// Goes on once the user has been told.
    AwaitAnswer,
    /// Ends the connection: with what was not read, or after [`Step::Reset`], with a reset.
    Close,
    Reset,
    /// Reads until the other side ends the connection.
    Listen,
}

/// Answers with these bytes, and serves on.
pub fn says(bytes: impl AsRef<[u8]>) -> Script {
    Script::default().with(Step::Say(bytes.as_ref().to_vec()))
}

/// Answers 200 with these header fields, each with the end of its line, and what follows them.
pub fn answers(fields: &str, rest: &str) -> Script {
    says(format!("HTTP/1.1 200 OK\r\n{fields}\r\n{rest}"))
}

/// Answers nothing.
pub fn is_silent() -> Script {
    Script::default().with(Step::Listen)
}

impl Script {
    fn with(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Says this next.
    pub fn then(self, bytes: impl AsRef<[u8]>) -> Self {
        self.with(Step::Say(bytes.as_ref().to_vec()))
    }

    /// Says this when the user has been told the answer, and the connection is idle.
    pub fn late(self, bytes: impl AsRef<[u8]>) -> Self {
        self.with(Step::AwaitAnswer).then(bytes)
    }

    /// Says this again and again.
    pub fn endlessly(self, bytes: &str) -> Self {
        self.with(Step::Repeat(bytes.into()))
    }

    /// Says all of it byte by byte.
    pub fn trickled(mut self) -> Self {
        for step in &mut self.steps {
            if let Step::Say(bytes) = step {
                *step = Step::Trickle(std::mem::take(bytes));
            }
        }
        self
    }

    pub fn closes(self) -> Self {
        self.with(Step::Close)
    }

    pub fn closes_late(self) -> Self {
        self.with(Step::AwaitAnswer).with(Step::Close)
    }

    pub fn resets(self) -> Self {
        self.with(Step::Reset).with(Step::Close)
    }

    pub fn resets_late(self) -> Self {
        self.with(Step::AwaitAnswer).resets()
    }

    /// Says no more, and waits for the other side to end the connection.
    pub fn listens(self) -> Self {
        self.with(Step::Listen)
    }

    /// Answers as soon as the head of the request has come.
    pub fn at_once(self) -> Self {
        Self { ignores_body: true, ..self }
    }
}
