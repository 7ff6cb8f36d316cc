//! What the Dockerfiles must have in common.
#![expect(clippy::unwrap_used, reason = "a test ends where something is amiss")]

const DOCKERFILES: [(&str, &str); 4] = [
    ("gateway", include_str!("../../../gateway/Dockerfile")),
    ("auth", include_str!("../../../services/auth/Dockerfile")),
    ("chat", include_str!("../../../services/chat/Dockerfile")),
    ("branch", include_str!("../../../services/branch/Dockerfile")),
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
