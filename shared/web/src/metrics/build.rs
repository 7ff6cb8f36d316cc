//! The metric `build_info`.

/// The commit of a release tarball, which `git archive` writes here (`export-subst` in `.gitattributes`).
const ARCHIVED_COMMIT: &str = include_str!("commit.txt");
/// The placeholder that `git archive` replaces.
const PLACEHOLDER: &str = "$Format:";
const UNKNOWN: &str = "unknown";

/// The labels of `build_info`.
pub(super) fn labels() -> Vec<(&'static str, &'static str)> {
    vec![
        ("version", env!("CARGO_PKG_VERSION")),
        ("commit", commit(option_env!("BANYAN_COMMIT"), ARCHIVED_COMMIT)),
    ]
}

/// The commit of the variable `BANYAN_COMMIT`, else that of the tarball.
fn commit(told: Option<&'static str>, archived: &'static str) -> &'static str {
    let archived = Some(archived.trim()).filter(|commit| !commit.starts_with(PLACEHOLDER));
    told.filter(|commit| !commit.is_empty()).or(archived).unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commit_comes_from_the_variable_or_else_from_the_tarball() {
        let archived = concat!("$", "Format:%H$\n");
        assert_eq!(commit(None, archived), "unknown");
        assert_eq!(commit(Some(""), archived), "unknown");
        assert_eq!(commit(None, "0123abcd\n"), "0123abcd");
        assert_eq!(commit(Some("4567"), "0123abcd\n"), "4567");
    }
}
