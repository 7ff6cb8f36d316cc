//! Which build this is.

/// The commit of a release tarball, which `git archive` writes here (`export-subst` in `.gitattributes`).
const ARCHIVED_COMMIT: &str = include_str!("commit.txt");
/// What `git archive` replaces.
const PLACEHOLDER: &str = "$Format:";
const UNKNOWN: &str = "unknown";

/// The labels of `build_info`.
pub(super) fn labels() -> Vec<(&'static str, &'static str)> {
    vec![
        ("version", env!("CARGO_PKG_VERSION")),
        ("commit", commit(option_env!("BANYAN_COMMIT"), ARCHIVED_COMMIT)),
    ]
}

/// The commit that the build was told, else that of the tarball.
fn commit(told: Option<&'static str>, archived: &'static str) -> &'static str {
    let archived = Some(archived.trim()).filter(|commit| !commit.starts_with(PLACEHOLDER));
    told.filter(|commit| !commit.is_empty()).or(archived).unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commit_is_what_the_build_was_told_or_the_tarball_says() {
        let archived = concat!("$", "Format:%H$\n");
        assert_eq!(commit(None, archived), "unknown");
        assert_eq!(commit(Some(""), archived), "unknown");
        assert_eq!(commit(None, "0123abcd\n"), "0123abcd");
        assert_eq!(commit(Some("4567"), "0123abcd\n"), "4567");
    }
}
