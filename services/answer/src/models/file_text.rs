//! The text of the file of models, of which errors name the line.

use shared::env::ConfigError;
use std::ops::Range;

/// The variable that names the file.
pub(super) const VARIABLE: &str = "MODELS_FILE";

/// The text of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileText<'a>(pub(super) &'a str);

impl FileText<'_> {
    /// An error of what is at this place.
    pub(super) fn wrong(self, span: &Range<usize>, problem: &str) -> ConfigError {
        let before = self.0.bytes().take(span.start);
        let line = before.filter(|byte| *byte == b'\n').count() + 1;
        ConfigError::new(VARIABLE, format!("line {line}: {}", problem.replace('\n', " ")))
    }
}
