//! The variables of a program, as `--help` prints them. The tables in the READMEs are their one document.

use std::fmt;

/// The README whose table has the variables of every program.
const OF_EVERY_PROGRAM: &str = include_str!("../../../../deploy/README.md");
/// The longest line that is printed, as clap's own.
const MAX_LINE_CHARACTERS: usize = 100;
/// The column of the meaning begins so far behind the longest name.
const COLUMN_GAP: usize = 2;

/// Variables with their meaning and default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables(Vec<Row>);

/// A row of a table: variables that are documented together.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    names: Vec<String>,
    meaning: String,
}

impl Variables {
    /// The variables of every program.
    pub fn of_every_program() -> Self {
        Self::in_table(OF_EVERY_PROGRAM, "### Of every program")
    }

    /// The variables in the table "Variables" of a README.
    pub fn of_readme(readme: &str) -> Self {
        Self::in_table(readme, "## Variables")
    }

    /// The rows of the table below a heading: names, meaning and default.
    fn in_table(readme: &str, heading: &str) -> Self {
        let below = readme.lines().skip_while(|line| *line != heading).skip(1);
        let rows = below.take_while(|line| !line.starts_with('#')).filter(|line| line.starts_with("| `"));
        Self(rows.filter_map(Row::parse).collect())
    }

    /// These and `others`. What is documented here is left out of those.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        let names: Vec<_> = self.0.iter().flat_map(|row| &row.names).cloned().collect();
        self.0.extend(others.without(&names).0);
        self
    }

    /// These without some.
    #[must_use]
    pub fn without(mut self, names: &[impl AsRef<str>]) -> Self {
        for row in &mut self.0 {
            row.names.retain(|name| names.iter().all(|other| other.as_ref() != name));
        }
        self.0.retain(|row| !row.names.is_empty());
        self
    }
}

impl Row {
    fn parse(line: &str) -> Option<Self> {
        let line = plain(line);
        let mut cells = line.trim_matches('|').split(" | ").map(str::trim);
        let (names, meaning, default) = (cells.next()?, cells.next()?, cells.next()?);
        let names = names.split(", ").map(str::to_owned).collect();
        Some(Self { names, meaning: format!("{meaning} [default: {default}]") })
    }
}

/// The text of a line of Markdown, without its code spans and the targets of its links.
fn plain(markdown: &str) -> String {
    let mut text = markdown.replace('`', "");
    while let Some((before, rest)) = text.split_once("](") {
        let (Some((before, label)), Some((_, after))) = (before.rsplit_once('['), rest.split_once(')'))
        else {
            break;
        };
        text = format!("{before}{label}{after}");
    }
    text
}

/// Lines of at most so many characters, unless a word is longer.
fn wrap(text: &str, max_characters: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > max_characters {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

impl fmt::Display for Variables {
    /// Two columns: a line for each name, and the meaning beside.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().flat_map(|row| &row.names);
        let width = names.map(String::len).max().unwrap_or_default() + COLUMN_GAP;
        for Row { names, meaning } in &self.0 {
            let lines = wrap(meaning, MAX_LINE_CHARACTERS.saturating_sub(COLUMN_GAP + width));
            for number in 0..names.len().max(lines.len()) {
                let name = names.get(number).map_or("", String::as_str);
                let line = lines.get(number).map_or("", String::as_str);
                writeln!(f, "{}", format!("{:COLUMN_GAP$}{name:width$}{line}", "").trim_end())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# a\n\n## Variables\n\nThose of [all](x.md), and:\n\n\
        | variable | meaning | default |\n|---|---|---|\n\
        | `A_URL`, `B_URL` | where they are, see [ports](x.md#ports) and `C` | none |\n\
        | `SIZE` | one of | `1MiB` |\n\n## Data\n\n| `rows` | in tables | 1 |\n";

    #[test]
    fn a_table_is_printed_in_two_columns_of_plain_text() {
        let printed = Variables::of_readme(README).to_string();
        let lines = "  A_URL  where they are, see ports and C [default: none]\n  B_URL\n  SIZE   one of [default: 1MiB]\n";
        assert_eq!(printed, lines);
    }

    #[test]
    fn a_variable_is_printed_once_with_its_first_meaning() {
        let own = Variables::in_table("## Variables\n| `B_URL` | mine | none |", "## Variables");
        let all = own.and(Variables::of_readme(README)).without(&["SIZE"]);
        assert_eq!(
            all.to_string(),
            "  B_URL  mine [default: none]\n  A_URL  where they are, see ports and C [default: none]\n"
        );
    }

    #[test]
    fn a_long_meaning_is_wrapped_beside_its_name() {
        let printed = Variables::of_every_program().to_string();
        assert!(printed.lines().all(|line| line.chars().count() <= MAX_LINE_CHARACTERS), "{printed}");
        assert!(printed.contains("\n  SECRET_KEY ") && !printed.contains('`'), "{printed}");
    }
}
