//! What a registry says in `WWW-Authenticate` (RFC 9110, section 11).

use reqwest::Url;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// A Bearer challenge as registries use it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    realm: String,
    service: Option<String>,
    scope: Option<String>,
}

impl Challenge {
    /// The first Bearer challenge with a realm among the headers.
    pub(super) fn find(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(challenges).find_map(|(scheme, parameters)| {
            scheme.eq_ignore_ascii_case("bearer").then(|| Self::of(parameters)).flatten()
        })
    }

    /// Where to get the token for pulling from `repository`.
    pub(super) fn request(&self, repository: &str) -> Option<Url> {
        let mut url = Url::parse(&self.realm).ok()?;
        let scope = self.scope.clone().unwrap_or_else(|| format!("repository:{repository}:pull"));
        let mut query = url.query_pairs_mut();
        if let Some(service) = &self.service {
            query.append_pair("service", service);
        }
        query.append_pair("scope", &scope);
        drop(query);
        Some(url)
    }

    fn of(parameters: Vec<(String, String)>) -> Option<Self> {
        let mut challenge = Self::default();
        for (name, value) in parameters {
            match name.to_ascii_lowercase().as_str() {
                "realm" => challenge.realm = value,
                "service" => challenge.service = Some(value),
                "scope" => challenge.scope = Some(value),
                _ => {}
            }
        }
        (!challenge.realm.is_empty()).then_some(challenge)
    }
}

/// The challenges of one header: each a scheme with its parameters.
fn challenges(header: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if word.is_empty() {
            return found;
        }
        match (after.strip_prefix('='), found.last_mut()) {
            (Some(value), Some((_, parameters))) => {
                let (value, after) = parameter_value(value);
                parameters.push((word.to_owned(), value));
                rest = after;
            }
            (Some(value), None) => rest = parameter_value(value).1,
            (None, _) => {
                found.push((word.to_owned(), Vec::new()));
                rest = after;
            }
        }
    }
}

/// A parameter's value, quoted or not, and what follows it.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '\t', ',']).unwrap_or(text.len());
        let (value, rest) = text.split_at(end);
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            _ => value.push(letter),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(headers: &[&str]) -> Option<Challenge> {
        Challenge::find(&headers.iter().map(|value| (WWW_AUTHENTICATE, value.parse().unwrap())).collect())
    }

    #[test]
    fn the_bearer_challenge_is_found_among_others() {
        let bearer = r#"Basic realm="x, y", bearer Realm="https://auth.example/token?a=b",service="the \"one\"",scope=s"#;
        let expected = Challenge {
            realm: "https://auth.example/token?a=b".into(),
            service: Some(r#"the "one""#.into()),
            scope: Some("s".into()),
        };
        assert_eq!(find(&[bearer]), Some(expected));
        assert!(find(&["Basic realm=x", r#"Bearer realm="https://a.example/""#]).is_some());
        for none in ["", "Basic realm=x", "Bearer", "Bearer service=x", "realm=x", "=", "Bearer realm=\""] {
            assert_eq!(find(&[none]), None, "{none}");
        }
    }

    #[test]
    fn the_request_carries_service_and_scope_and_keeps_the_realms_query() {
        let challenge = find(&[r#"Bearer realm="https://auth.example/token?a=b",service="r e""#]).unwrap();
        let url = challenge.request("shop/cart").unwrap();
        assert_eq!(
            url.as_str(),
            "https://auth.example/token?a=b&service=r+e&scope=repository%3Ashop%2Fcart%3Apull"
        );
    }
}
