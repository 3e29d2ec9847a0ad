//! Image references, normalised as the kubelet does.

use std::fmt;
use std::str::FromStr;

use wit_graph::Digest;

/// The registry of references that name none.
const DEFAULT_REGISTRY: &str = "docker.io";
/// The folder of references to the default registry that name none.
const DEFAULT_FOLDER: &str = "library/";
/// The tag of references that name neither tag nor digest.
const DEFAULT_TAG: &str = "latest";
/// The longest registry and repository together, as the distribution project has it.
const MAX_NAME: usize = 255;
/// The longest tag.
const MAX_TAG: usize = 128;

/// Where an image is: registry, repository, and a tag or digest.
///
/// The grammar and the defaults are those of the distribution project's `reference` package, which the kubelet and
/// containerd use, with SHA-256 as the one algorithm of digests.
///
/// ```
/// use wit_sources::images::Reference;
///
/// let reference: Reference = "shop/cart".parse()?;
/// assert_eq!(reference.to_string(), "docker.io/shop/cart:latest");
/// # Ok::<(), wit_sources::images::ReferenceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an image reference: {problem}")]
pub struct ReferenceError {
    /// What was given, cut when it is very long.
    text: String,
    /// What is wrong with it, and what to write instead.
    problem: String,
}

impl Reference {
    /// The registry, `host` or `host:port`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository within the registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag; `None` only beside a digest.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest that pins the reference. It wins over the tag.
    pub const fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// Registry and repository.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// What the registry is asked for: the digest or the tag.
    pub fn version(&self) -> String {
        match (self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.as_deref().unwrap_or(DEFAULT_TAG).to_owned(),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        self.tag.iter().try_for_each(|tag| write!(f, ":{tag}"))?;
        self.digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        parse(text).map_err(|problem| ReferenceError { text: text.chars().take(300).collect(), problem })
    }
}

fn parse(text: &str) -> Result<Reference, String> {
    if text.is_empty() {
        return Err("it is empty".into());
    }
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(
            "64 hexadecimal digits alone are an image's id; write the repository before `@sha256:`".into()
        );
    }
    let (rest, digest) = split_digest(text)?;
    let (name, tag) = split_tag(rest)?;
    let (registry, repository) = split_registry(name);
    check_registry(&registry)?;
    check_repository(&repository)?;
    if registry.len() + 1 + repository.len() > MAX_NAME {
        return Err(format!("registry and repository have more than {MAX_NAME} characters"));
    }
    let tag = tag.or_else(|| digest.is_none().then(|| DEFAULT_TAG.to_owned()));
    Ok(Reference { registry, repository, tag, digest })
}

/// What is after `@`, read as a digest.
fn split_digest(text: &str) -> Result<(&str, Option<Digest>), String> {
    match text.split_once('@') {
        None => Ok((text, None)),
        Some((name, digest)) => digest
            .parse()
            .map(|digest| (name, Some(digest)))
            .map_err(|problem| format!("what follows `@` cannot be used: {problem}")),
    }
}

/// What is after the last `:`, unless a `/` shows that it is a port.
fn split_tag(text: &str) -> Result<(&str, Option<String>), String> {
    let Some((name, tag)) = text.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) else {
        return Ok((text, None));
    };
    let mut bytes = tag.bytes();
    let starts = bytes.next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !starts || !bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte)) {
        return Err(format!(
            "the tag `{tag}` is not letters, digits, `_`, `.` and `-` with a letter, digit or `_` first"
        ));
    }
    if tag.len() > MAX_TAG {
        return Err(format!("the tag has more than {MAX_TAG} characters"));
    }
    Ok((name, Some(tag.to_owned())))
}

/// The first part of a name is a registry when it looks like a host: it has a dot or a port, is `localhost`, or is not
/// in lower case, which no repository may be.
fn split_registry(name: &str) -> (String, String) {
    let host = name.split_once('/').filter(|(first, _)| {
        first.contains(['.', ':']) || *first == "localhost" || first.chars().any(char::is_uppercase)
    });
    let (registry, repository) = host.unwrap_or((DEFAULT_REGISTRY, name));
    let registry = if registry == "index.docker.io" { DEFAULT_REGISTRY } else { registry };
    let folder = if registry == DEFAULT_REGISTRY && !repository.contains('/') { DEFAULT_FOLDER } else { "" };
    (registry.to_owned(), format!("{folder}{repository}"))
}

fn check_registry(registry: &str) -> Result<(), String> {
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (registry, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().map_or(true, |number| number == 0)) {
        return Err(format!("the registry `{registry}` has no port between 1 and 65535 after `:`"));
    }
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let valid = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(label),
    };
    if valid {
        Ok(())
    } else {
        Err(format!("the registry `{registry}` is not a host with or without a port"))
    }
}

fn check_repository(repository: &str) -> Result<(), String> {
    if repository.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(format!("the repository `{repository}` has capital letters; write it in lower case"));
    }
    if repository.split('/').all(is_path_component) {
        return Ok(());
    }
    Err(format!(
        "the repository `{repository}` is not lower-case letters and digits, parted by `/`, or inside a part by `.`, \
         `_`, `__` or hyphens"
    ))
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(part: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let edges = [part.bytes().next(), part.bytes().next_back()];
    edges.iter().all(|edge| edge.is_some_and(alphanumeric))
        && part.split(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit()).all(|between| {
            matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn references_are_normalised_as_the_kubelet_does() {
        for (given, normalised) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.27", "docker.io/library/nginx:1.27"),
            ("shop/cart", "docker.io/shop/cart:latest"),
            ("docker.io/nginx", "docker.io/library/nginx:latest"),
            ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
            ("registry.example/cart", "registry.example/cart:latest"),
            ("registry.example:5000/shop/cart:v1", "registry.example:5000/shop/cart:v1"),
            ("localhost/cart", "localhost/cart:latest"),
            ("localhost:5000/cart:v1", "localhost:5000/cart:v1"),
            ("[::1]:5000/cart", "[::1]:5000/cart:latest"),
            ("Registry/cart", "Registry/cart:latest"),
            ("a.b/c__d/e--f.g:_x", "a.b/c__d/e--f.g:_x"),
        ] {
            assert_eq!(given.parse::<Reference>().unwrap().to_string(), normalised);
        }
    }

    #[test]
    fn a_digest_pins_and_wins_over_the_tag() {
        let pinned: Reference = format!("shop/cart@{DIGEST}").parse().unwrap();
        assert_eq!((pinned.tag(), pinned.version()), (None, DIGEST.to_owned()));
        let both: Reference = format!("shop/cart:v1@{DIGEST}").parse().unwrap();
        assert_eq!((both.tag(), both.version()), (Some("v1"), DIGEST.to_owned()));
        assert_eq!(both.to_string(), format!("docker.io/shop/cart:v1@{DIGEST}"));
    }

    #[test]
    fn errors_say_what_is_wrong_and_what_to_write() {
        for (given, hint) in [
            ("", "empty"),
            (&"a".repeat(64), "image's id"),
            ("shop/Cart", "lower case"),
            ("shop//cart", "parted by"),
            ("shop/cart_", "parted by"),
            ("shop/cart:", "tag"),
            ("shop/cart:-x", "tag"),
            ("registry.example:0/cart", "port"),
            ("registry.example:99999/cart", "port"),
            ("registry_.example/cart", "host"),
            ("shop/cart@sha256:00", "`@`"),
            ("shop/cart@sha512:00", "`@`"),
            ("shop/c art", "parted by"),
            (&format!("r.example/{}", "a/".repeat(150)), "parted by"),
            (&format!("r.example/{}", "a".repeat(250)), "255"),
            (&format!("cart:{}", "a".repeat(129)), "128"),
            ("[::g]/cart", "host"),
            ("../etc", "host"),
        ] {
            let error = given.parse::<Reference>().unwrap_err().to_string();
            assert!(error.contains(hint), "{given:?}: {error}");
        }
    }
}
