//! Ids of containers and names of images, as a container runtime gives them. The digests are our choice, because they only
//! have to be equal for equal containers in every run.

use crate::object::{Digest, Str};

/// `containerID` of one start of a container.
pub(super) fn container_id(pod_uid: &str, container: &str, attempt: u32) -> Str {
    let mut digest = Digest::new();
    digest.bytes(pod_uid.as_bytes());
    digest.bytes(container.as_bytes());
    digest.word(u64::from(attempt));
    named("containerd://", digest)
}

/// `imageID` of an image with its registry and tag.
pub(super) fn image_id(full_image: &str) -> Str {
    let (repository, rest) = full_image.split_once('@').unwrap_or((full_image, ""));
    if !rest.is_empty() {
        return full_image.into();
    }
    let repository = match repository.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => repository,
    };
    let mut digest = Digest::new();
    digest.bytes(full_image.as_bytes());
    named(&format!("{repository}@sha256:"), digest)
}

/// The prefix and 64 hexadecimal digits.
fn named(prefix: &str, mut digest: Digest) -> Str {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(prefix.len() + 64);
    text.push_str(prefix);
    for round in 0..4 {
        digest.word(round);
        let bits = digest.finish();
        text.extend((0..16).rev().map(|i| char::from(DIGITS[(bits >> (4 * i) & 15) as usize])));
    }
    text.into()
}

/// The image's name as containerd reports it: with its registry and its tag.
pub(super) fn full_image(image: &str) -> Str {
    let host = image.split_once('/').map(|(host, _)| host);
    let has_host = host.is_some_and(|host| host.contains(['.', ':']) || host == "localhost");
    let prefix = match (has_host, host) {
        (true, _) => "",
        (false, Some(_)) => "docker.io/",
        (false, None) => "docker.io/library/",
    };
    let last = image.rsplit('/').next().unwrap_or(image);
    let tag = if last.contains([':', '@']) { "" } else { ":latest" };
    smol_str::format_smolstr!("{prefix}{image}{tag}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_get_registry_and_tag_and_keep_a_digest() {
        let full = ["nginx", "library/nginx:1", "localhost:5000/a", "quay.io/a/b:v1"].map(full_image);
        let wanted = [
            "docker.io/library/nginx:latest",
            "docker.io/library/nginx:1",
            "localhost:5000/a:latest",
            "quay.io/a/b:v1",
        ];
        assert_eq!(full, wanted);
        assert!(image_id("localhost:5000/a:latest").starts_with("localhost:5000/a@sha256:"));
        assert_eq!(image_id("quay.io/a/b@sha256:1"), "quay.io/a/b@sha256:1");
    }
}
