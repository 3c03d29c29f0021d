//! The rules for names, label keys and label values, with the messages of the real server
//! (k8s.io/apimachinery/pkg/util/validation). Each check returns all its messages; none if the text is valid.
//! Also the namespaces that every cluster has.

/// The namespace of objects that name none (`corev1.NamespaceDefault`).
pub const DEFAULT_NAMESPACE: &str = "default";
/// The namespace of the nodes' Leases (`corev1.NamespaceNodeLease`).
pub const NODE_LEASE_NAMESPACE: &str = "kube-node-lease";
/// The namespace that everybody may read (`metav1.NamespacePublic`).
pub const PUBLIC_NAMESPACE: &str = "kube-public";
/// The namespace of the cluster's own components (`metav1.NamespaceSystem`).
pub const SYSTEM_NAMESPACE: &str = "kube-system";
/// The namespaces that the API server makes itself (kube-apiserver, package `systemnamespaces`).
pub const SYSTEM_NAMESPACES: [&str; 4] =
    [DEFAULT_NAMESPACE, NODE_LEASE_NAMESPACE, PUBLIC_NAMESPACE, SYSTEM_NAMESPACE];

const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
    alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
    '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
    must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
    validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
    and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
    start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
    alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
    validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

/// Label and annotation keys, finalizers: `name` or `example.com/name`.
pub fn qualified_name(text: &str) -> Vec<String> {
    let (prefix, name) = match text.split_once('/') {
        None => (None, text),
        Some((prefix, name)) if !name.contains('/') => (Some(prefix), name),
        Some(_) => {
            let rest = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {QUALIFIED}{rest}")];
        }
    };
    let mut errors = Vec::new();
    match prefix {
        Some("") => errors.push("prefix part must be non-empty".into()),
        Some(prefix) => errors.extend(subdomain(prefix).into_iter().map(|e| format!("prefix part {e}"))),
        None => (),
    }
    if name.is_empty() {
        errors.push("name part must be non-empty".into());
    } else if name.len() > 63 {
        errors.push("name part must be no more than 63 bytes".into());
    }
    if !is_qualified(name) {
        errors.push(format!("name part {QUALIFIED}"));
    }
    errors
}

/// Label values.
pub fn label_value(text: &str) -> Vec<String> {
    check(text, 63, text.is_empty() || is_qualified(text), VALUE)
}

/// Most object names: DNS-1123 subdomains.
pub fn subdomain(text: &str) -> Vec<String> {
    check(text, 253, text.as_bytes().split(|b| *b == b'.').all(is_label), SUBDOMAIN)
}

/// Names of namespaces: DNS-1123 labels.
pub fn label(text: &str) -> Vec<String> {
    check(text, 63, is_label(text.as_bytes()), LABEL)
}

/// Names of services: DNS-1035 labels.
pub fn label_1035(text: &str) -> Vec<String> {
    check(text, 63, is_label(text.as_bytes()) && !text.starts_with(|c: char| c.is_ascii_digit()), LABEL_1035)
}

/// Names of roles and the like: segments of a path.
pub fn path_segment(text: &str) -> Vec<String> {
    match text {
        "." | ".." => vec![format!("may not be '{text}'")],
        _ => ["/", "%"]
            .iter()
            .filter(|c| text.contains(**c))
            .map(|c| format!("may not contain '{c}'"))
            .collect(),
    }
}

fn check(text: &str, most: usize, fits: bool, message: &str) -> Vec<String> {
    let long = (text.len() > most).then(|| format!("must be no more than {most} bytes"));
    long.into_iter().chain((!fits).then(|| message.to_owned())).collect()
}

fn is_qualified(text: &str) -> bool {
    ends_in(text.as_bytes(), |b| b.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn is_label(text: &[u8]) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    ends_in(text, plain) && text.iter().all(|b| plain(*b) || *b == b'-')
}

fn ends_in(text: &[u8], fits: impl Fn(u8) -> bool) -> bool {
    text.first().zip(text.last()).is_some_and(|(first, last)| fits(*first) && fits(*last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_names_have_no_messages_and_others_those_of_the_server() {
        for good in ["a", "A_b.c", "example.com/Name", "1"] {
            assert!(qualified_name(good).is_empty(), "{good}");
        }
        assert_eq!(qualified_name("/x"), ["prefix part must be non-empty"]);
        assert_eq!(qualified_name("a/b/c").len(), 1);
        assert_eq!(
            qualified_name(""),
            ["name part must be non-empty".into(), format!("name part {QUALIFIED}")]
        );
        assert!(label("0a-b").is_empty() && label_1035("0a-b") == [LABEL_1035]);
        assert!(subdomain("a.b-c.d").is_empty() && subdomain("a..b") == [SUBDOMAIN]);
        assert_eq!(label(&"a".repeat(64)), ["must be no more than 63 bytes"]);
        assert_eq!(path_segment("a/b"), ["may not contain '/'"]);
    }
}
