//! The grammars of the texts in a file: names, interfaces, registries. Syntax only; nothing is looked up.

/// Which texts a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// Anything with a visible character in it.
    Text,
    /// What can be a node label's value and a `RuntimeClass` handler: `spin-v2`.
    Name,
    /// `namespace:package/interface`, with or without `@version`.
    Interface,
    /// An interface, or a package for all interfaces in it.
    PackageOrInterface,
    /// `host` or `host:port`.
    Registry,
}

impl Syntax {
    /// Whether the text is one of them.
    pub(crate) fn accepts(self, text: &str) -> bool {
        match self {
            Self::Text => !text.trim().is_empty(),
            Self::Name => is_name(text),
            Self::Interface => text.contains('/') && is_package_or_interface(text),
            Self::PackageOrInterface => is_package_or_interface(text),
            Self::Registry => is_registry(text),
        }
    }

    /// What a message and the reference page call one of them.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Text => "a text that is not empty",
            Self::Name => "a name of at most 63 lower-case letters, digits and inner hyphens",
            Self::Interface => "an interface such as `wasi:http/incoming-handler` or `wasi:cli/run@0.2.2`",
            Self::PackageOrInterface => {
                "a package or an interface such as `wasi:cli@0.2.2` or `wasi:cli/run@0.2.2`"
            }
            Self::Registry => "a registry as `host` or `host:port`, without a scheme or a path",
        }
    }

    /// The plural for lists.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Text => "texts",
            Self::Name => "names of at most 63 lower-case letters, digits and inner hyphens",
            Self::Interface => "interfaces such as `wasi:http/incoming-handler`",
            Self::PackageOrInterface => {
                "packages and interfaces such as `wasi:cli@0.2.2`, `wasi:cli/run@0.2.2`"
            }
            Self::Registry => "registries as `host` or `host:port`",
        }
    }
}

fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty()
        && text.len() <= 63
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// The names of the component model's imports and exports, without nested namespaces.
fn is_package_or_interface(text: &str) -> bool {
    let (path, version) = text.split_once('@').map_or((text, None), |(path, version)| (path, Some(version)));
    let Some((namespace, rest)) = path.split_once(':') else { return false };
    let (package, interface) = rest.split_once('/').map_or((rest, None), |(name, inner)| (name, Some(inner)));
    is_kebab(namespace)
        && is_kebab(package)
        && interface.is_none_or(is_kebab)
        && version.is_none_or(is_semantic_version)
}

/// Words of letters and digits that start with a letter, joined by single hyphens.
fn is_kebab(text: &str) -> bool {
    text.split('-').enumerate().all(|(index, word)| {
        word.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && !word.is_empty()
            // Only the first word must start with a letter: `p3-2026` is written in the wild.
            && (index > 0 || word.starts_with(|first: char| first.is_ascii_alphabetic()))
    })
}

fn is_semantic_version(text: &str) -> bool {
    let (core, rest) = text.find(['-', '+']).map_or((text, None), |at| {
        let (core, rest) = text.split_at(at);
        (core, rest.get(1..))
    });
    let numbers: Vec<&str> = core.split('.').collect();
    let label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
    numbers.len() == 3
        && numbers.iter().all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        && rest.is_none_or(|rest| !rest.is_empty() && rest.bytes().all(label))
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let host_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let address_byte = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b'[' | b']' | b':' | b'.');
    !host.is_empty()
        && host.bytes().all(|byte| if bracketed { address_byte(byte) } else { host_byte(byte) })
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(syntax: Syntax, accepted: &[&str], refused: &[&str]) {
        for text in accepted {
            assert!(syntax.accepts(text), "{text}");
        }
        for text in refused {
            assert!(!syntax.accepts(text), "{text}");
        }
    }

    #[test]
    fn packages_and_interfaces_are_told_from_other_texts() {
        let both =
            ["wasi:cli@0.2.6", "wasi:http/outgoing-handler@0.2.2", "wasi:http", "wasi:keyvalue@0.2.0-draft2"];
        let refused =
            ["wasi", "wasi:", ":cli", "wasi:cli/", "wasi:cli@", "wasi:cli@0.2", "wasi:cli/run/x", "a b:c"];
        check(Syntax::PackageOrInterface, &both, &refused);
        check(
            Syntax::Interface,
            &["wasi:cli/run", "wasi:http/handler@0.3.0-rc-2026-01-06"],
            &["wasi:cli@0.2.6"],
        );
    }

    #[test]
    fn names_fit_a_node_label() {
        check(
            Syntax::Name,
            &["spin", "spin-v2", "2"],
            &["", "-spin", "spin-", "Spin", "a.b", &"x".repeat(64)],
        );
    }

    #[test]
    fn registries_have_neither_scheme_nor_path() {
        let refused =
            ["", "http://127.0.0.1:5000", "example.org/apps", "example.org:", "example.org:0", "a b"];
        check(Syntax::Registry, &["127.0.0.1:5000", "registry.example.org", "[::1]:5000"], &refused);
    }
}
