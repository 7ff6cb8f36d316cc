//! Previews of texts, for lists that read no texts.

/// The characters (Unicode scalar values) of a preview. The migrations of SQL have this number, too.
pub const PREVIEW_CHARACTERS: usize = 80;

/// The first [`PREVIEW_CHARACTERS`] of a text.
pub fn preview(text: &str) -> &str {
    let end = text.char_indices().nth(PREVIEW_CHARACTERS).map(|(end, _)| end);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// The previews of both texts of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previews {
    /// Of the question.
    pub question: String,
    /// Of the response.
    pub response: String,
}

impl Previews {
    /// The previews of these texts.
    pub fn of(question: &str, response: &str) -> Self {
        Self { question: preview(question).to_owned(), response: preview(response).to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_has_the_first_80_characters() {
        for text in ["", "x", &"é".repeat(80)] {
            assert_eq!(preview(text), text);
        }
        assert_eq!(preview(&"😀".repeat(81)), "😀".repeat(80));
        assert_eq!(preview(&format!("{}e\u{301}", "x".repeat(79))), format!("{}e", "x".repeat(79)));
    }
}
