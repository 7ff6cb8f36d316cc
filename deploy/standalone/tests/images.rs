//! What the Dockerfiles must have in common.
#![expect(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};

const DOCKERFILES: [(&str, &str); 5] = [
    ("gateway", include_str!("../../../gateway/Dockerfile")),
    ("auth", include_str!("../../../services/auth/Dockerfile")),
    ("chat", include_str!("../../../services/chat/Dockerfile")),
    ("branch", include_str!("../../../services/branch/Dockerfile")),
    ("answer", include_str!("../../../services/answer/Dockerfile")),
];
const MANIFEST: &str = include_str!("../../../Cargo.toml");
const CONTEXT: &str = include_str!("../../../.dockerignore");

/// The stages before the last, and the last.
fn halves(dockerfile: &str) -> (&str, &str) {
    dockerfile.split_at(dockerfile.rfind("\nFROM ").unwrap())
}

#[test]
fn the_workspace_is_built_once_for_all_images() {
    let (_, first) = DOCKERFILES[0];
    for (name, dockerfile) in DOCKERFILES {
        assert_eq!(halves(dockerfile).0, halves(first).0, "{name} has a builder of its own");
    }
}

#[test]
fn an_image_has_one_program_a_non_root_user_and_a_health_check() {
    for (name, dockerfile) in DOCKERFILES {
        let (_, image) = halves(dockerfile);
        let copies: Vec<_> = image.lines().filter(|line| line.starts_with("COPY")).collect();
        assert_eq!(copies, [format!("COPY --from=builder /out/{name} /usr/local/bin/{name}")]);
        assert!(image.contains("\nUSER 65532:65532\n"), "{name}");
        assert!(image.contains(&format!(" CMD [\"{name}\", \"healthcheck\"]\n")), "{name}");
        assert!(image.ends_with(&format!("ENTRYPOINT [\"{name}\"]\n")), "{name}");
    }
}

#[test]
fn the_build_sees_every_member_of_the_workspace() {
    let members = MANIFEST.lines().find(|line| line.starts_with("members = ")).unwrap();
    for member in members.split('"').skip(1).step_by(2) {
        let is_there = CONTEXT.lines().any(|line| {
            let shown = line.strip_prefix('!').unwrap_or_default();
            !shown.is_empty() && (member == shown || member.starts_with(&format!("{shown}/")))
        });
        assert!(is_there, "{member} is not in .dockerignore");
    }
}

/// Whether `.dockerignore` shows a file to the build: the last line that matches decides.
fn is_in_context(path: &str) -> bool {
    CONTEXT.lines().filter(|line| !line.starts_with('#')).fold(false, |is_shown, line| {
        let pattern = line.strip_prefix('!').unwrap_or(line);
        let matches = match (pattern.strip_prefix("**/"), pattern.split_once('*')) {
            (Some(name), _) => path.split('/').any(|segment| segment == name),
            (None, Some((before, after))) => {
                let middle = path.strip_prefix(before).and_then(|path| path.strip_suffix(after));
                middle.is_some_and(|middle| before.is_empty() || !middle.contains('/'))
            }
            (None, None) => path == pattern || path.starts_with(&format!("{pattern}/")),
        };
        if matches { line.starts_with('!') } else { is_shown }
    })
}

/// The documents that the sources of a folder compile in.
fn compiled_in(folder: &Path) -> Vec<PathBuf> {
    let mut documents = Vec::new();
    for entry in read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            documents.append(&mut compiled_in(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = read_to_string(&path).unwrap();
            let names = source.split("include_str!(\"").skip(1).filter_map(|rest| rest.split('"').next());
            let included = names.map(|name| folder.join(name).canonicalize().unwrap());
            documents.extend(included.filter(|path| path.extension().is_some_and(|kind| kind == "md")));
        }
    }
    documents
}

#[test]
fn the_build_sees_every_document_that_is_compiled_in() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let sources = [
        "gateway/src",
        "services/auth/src",
        "services/chat/src",
        "services/branch/src",
        "services/answer/src",
        "shared/web/src",
    ];
    let documents: Vec<_> = sources.iter().flat_map(|source| compiled_in(&top.join(source))).collect();
    assert!(documents.contains(&top.join("deploy/README.md")), "{documents:?}");
    for document in documents {
        let path = document.strip_prefix(&top).unwrap().to_str().unwrap();
        assert!(is_in_context(path), "{path} is not in .dockerignore");
    }
    assert!(!is_in_context("gateway/API.md") && !is_in_context("README.md"));
}
