//! `pod-template-hash`, equal to the real one, and the hash of a ControllerRevision.
//!
//! Real: FNV-32a over a dump of the Go struct (every field in declaration order with its Go type, pointers followed), its
//! decimal text written in 27 letters. Modelled: the same bytes, made from the object tree and the table of Go types of
//! v1.36 in `pod_template_types.txt`. Differs: creationTimestamp and managedFields inside a template count as absent, and a
//! quantity that Go keeps as a big decimal (over 18 digits) is dumped by its text. Such a template has a stable hash, but
//! not the real one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::object::Value;

/// One line per struct (`v1.PodSpec`) with its fields below (Go name, JSON name or `-` for inline, Go type), or per named
/// type (`v1.DNSPolicy = string`). Facts of k8s.io/api v0.36.
const TABLE: &str = include_str!("pod_template_types.txt");

/// The letters of k8s.io/apimachinery/pkg/util/rand `SafeEncodeString`.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// The hash of a `PodTemplateSpec`, with the owner's `collisionCount` if it has one.
pub(crate) fn pod_template_hash(template: &Value, collisions: Option<i64>) -> String {
    let mut hash = Fnv::new();
    TYPES.typed(TYPES.template, Some(template), &mut hash);
    if let Some(collisions) = collisions {
        let count = u32::try_from(collisions).unwrap_or(0);
        hash.write(&count.to_le_bytes());
        hash.write(&[0; 4]);
    }
    letters(hash.0)
}

/// A hash as it stands in names (`SafeEncodeString`).
pub(crate) fn letters(hash: u32) -> String {
    let letter = |digit: u8| char::from(LETTERS[usize::from(digit) % LETTERS.len()]);
    hash.to_string().bytes().map(letter).collect()
}

/// The hash of a controller revision's data (pkg/controller/history `HashControllerRevision`): FNV-32, not 32a, over the
/// JSON that Go writes, and the number of collisions so far.
pub(crate) fn revision_hash(data: &Value, collisions: i64) -> u32 {
    let mut text = Vec::new();
    data.write_json(&mut text);
    let text = String::from_utf8(text).expect("JSON is UTF-8");
    let mut hash: u32 = 0x811c_9dc5;
    let mut write = |bytes: &[u8]| {
        for byte in bytes {
            hash = hash.wrapping_mul(0x0100_0193) ^ u32::from(*byte);
        }
    };
    let mut buffer = [0; 4];
    for letter in text.chars() {
        // encoding/json writes these so that the text is safe inside HTML and JavaScript.
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                write(format!("\\u{:04x}", u32::from(letter)).as_bytes());
            }
            _ => write(letter.encode_utf8(&mut buffer).as_bytes()),
        }
    }
    write(collisions.to_string().as_bytes());
    hash
}

/// A running FNV-32a.
struct Fnv(u32);

impl Fnv {
    fn new() -> Self {
        Self(0x811c_9dc5)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    }

    fn text(&mut self, text: &str) {
        self.write(text.as_bytes());
    }
}

/// An index in the table.
type TypeId = usize;

/// One Go type.
struct GoType {
    name: String,
    shape: GoShape,
}

enum GoShape {
    Text,
    Bool,
    Int,
    Quantity,
    IntOrString,
    /// A type that counts as absent.
    Absent,
    Same(TypeId),
    Pointer(TypeId),
    Slice(TypeId),
    Map(TypeId, TypeId),
    Struct(Vec<GoField>),
}

struct GoField {
    go_name: &'static str,
    /// The JSON name; `None` for an inlined struct.
    json_name: Option<&'static str>,
    of: TypeId,
}

struct GoTypes {
    all: Vec<GoType>,
    template: TypeId,
}

static TYPES: LazyLock<GoTypes> = LazyLock::new(|| {
    let mut types = GoTypes { all: Vec::new(), template: 0 };
    let mut ids = BTreeMap::new();
    let mut open = None;
    for line in TABLE.lines() {
        let words: Vec<&'static str> = line.split_whitespace().collect();
        match words[..] {
            [name] => open = Some(types.named(name, &mut ids)),
            [name, "=", of] => {
                let (id, of) = (types.named(name, &mut ids), types.named(of, &mut ids));
                types.all[id].shape = GoShape::Same(of);
            }
            [go_name, json_name, of] => {
                let of = types.named(of, &mut ids);
                let json_name = Some(json_name).filter(|name| *name != "-");
                let id = open.expect("a field follows its struct");
                let field = GoField { go_name, json_name, of };
                match &mut types.all[id].shape {
                    GoShape::Struct(fields) => fields.push(field),
                    shape => *shape = GoShape::Struct(vec![field]),
                }
            }
            _ => unreachable!("the table has lines of one or three words"),
        }
    }
    types.template = types.named("v1.PodTemplateSpec", &mut ids);
    types
});

impl GoTypes {
    /// The type with this Go name, added on first use.
    fn named(&mut self, name: &'static str, ids: &mut BTreeMap<&'static str, TypeId>) -> TypeId {
        if let Some(id) = ids.get(name) {
            return *id;
        }
        let shape = if let Some(of) = name.strip_prefix("[]") {
            GoShape::Slice(self.named(of, ids))
        } else if let Some(of) = name.strip_prefix('*') {
            GoShape::Pointer(self.named(of, ids))
        } else if let Some((key, of)) = name.strip_prefix("map[").and_then(|rest| rest.split_once(']')) {
            GoShape::Map(self.named(key, ids), self.named(of, ids))
        } else {
            match name {
                "string" => GoShape::Text,
                "bool" => GoShape::Bool,
                "int32" | "int64" => GoShape::Int,
                "resource.Quantity" => GoShape::Quantity,
                "intstr.IntOrString" => GoShape::IntOrString,
                _ => GoShape::Absent,
            }
        };
        let id = self.all.len();
        self.all.push(GoType { name: name.to_owned(), shape });
        ids.insert(name, id);
        id
    }

    /// Dumps `(type)value`.
    fn typed(&self, id: TypeId, value: Option<&Value>, hash: &mut Fnv) {
        hash.text("(");
        hash.text(&self.all[id].name);
        hash.text(")");
        self.plain(id, value.filter(|value| !value.is_null()), hash);
    }

    /// Dumps a value without its type.
    fn plain(&self, id: TypeId, value: Option<&Value>, hash: &mut Fnv) {
        match &self.all[id].shape {
            GoShape::Text => hash.text(value.and_then(Value::as_str).unwrap_or_default()),
            GoShape::Bool => {
                hash.text(if value.and_then(Value::as_bool).unwrap_or(false) { "true" } else { "false" });
            }
            GoShape::Int => hash.text(&value.and_then(Value::as_i64).unwrap_or(0).to_string()),
            GoShape::Quantity => quantity(value, hash),
            GoShape::IntOrString => int_or_string(value, hash),
            // metav1.Time embeds time.Time.
            GoShape::Absent if self.all[id].name == "v1.Time" => {
                hash.text("{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}");
            }
            GoShape::Absent => hash.text("<nil>"),
            GoShape::Same(of) => self.plain(*of, value, hash),
            GoShape::Pointer(of) => match value.filter(|_| !matches!(self.all[*of].shape, GoShape::Absent)) {
                Some(value) => self.plain(*of, Some(value), hash),
                None => hash.text("<nil>"),
            },
            GoShape::Slice(of) => self.slice(*of, value, hash),
            GoShape::Map(key, of) => self.map(*key, *of, value, hash),
            GoShape::Struct(fields) => self.fields(fields, value, hash),
        }
    }

    fn slice(&self, of: TypeId, value: Option<&Value>, hash: &mut Fnv) {
        let items = value.map(Value::items).unwrap_or_default();
        // Stored objects are decoded from protobuf, which has no empty slices.
        if items.is_empty() || matches!(self.all[of].shape, GoShape::Absent) {
            return hash.text("<nil>");
        }
        hash.text("[");
        for (i, item) in items.iter().enumerate() {
            hash.text(if i > 0 { " " } else { "" });
            self.plain(of, Some(item), hash);
        }
        hash.text("]");
    }

    fn map(&self, key: TypeId, of: TypeId, value: Option<&Value>, hash: &mut Fnv) {
        let Some(map) = value.and_then(Value::as_map).filter(|map| !map.is_empty()) else {
            return hash.text("<nil>");
        };
        hash.text("map[");
        for (i, (name, value)) in map.iter().enumerate() {
            hash.text(if i > 0 { " " } else { "" });
            self.plain(key, Some(&Value::from(name.as_str())), hash);
            hash.text(":");
            self.plain(of, Some(value), hash);
        }
        hash.text("]");
    }

    fn fields(&self, fields: &[GoField], value: Option<&Value>, hash: &mut Fnv) {
        hash.text("{");
        for (i, field) in fields.iter().enumerate() {
            hash.text(if i > 0 { " " } else { "" });
            hash.text(field.go_name);
            hash.text(":");
            let value = match field.json_name {
                Some(name) => value.and_then(|value| value.get(name)),
                None => value,
            };
            self.typed(field.of, value, hash);
        }
        hash.text("}");
    }
}

fn int_or_string(value: Option<&Value>, hash: &mut Fnv) {
    let (kind, number, text) = match value {
        Some(Value::Str(text)) => (1, 0, text.as_str()),
        other => (0, other.and_then(Value::as_i64).unwrap_or(0), ""),
    };
    hash.text(&format!("{{Type:(intstr.Type){kind} IntVal:(int32){number} StrVal:(string){text}}}"));
}

/// `resource.Quantity` as Go parses the canonical text: amount, scale, the text itself where parsing keeps it, format.
fn quantity(value: Option<&Value>, hash: &mut Fnv) {
    let text = match value {
        Some(Value::Str(text)) => text.to_string(),
        Some(Value::Int(number)) => number.to_string(),
        _ => String::new(),
    };
    let (amount, scale, kept, format) = parse_quantity(&text);
    hash.text(&format!(
        "{{i:(resource.int64Amount){{value:(int64){amount} scale:(resource.Scale){scale}}} \
         d:(resource.infDecAmount){{Dec:(*inf.Dec)<nil>}} s:(string){kept} Format:(resource.Format){format}}}"
    ));
}

fn parse_quantity(text: &str) -> (i64, i32, &str, &'static str) {
    if text == "0" {
        return (0, 0, text, "DecimalSI");
    }
    let digits_end =
        text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits_end);
    let binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].iter().position(|s| *s == suffix);
    let decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"].iter().position(|s| *s == suffix);
    let Ok(digits) = number.parse::<i64>() else { return (0, 0, text, "DecimalSI") };
    let unsigned = number.trim_start_matches(['-', '+']);
    match (binary, decimal) {
        (Some(power), _) => {
            let amount = digits.checked_shl(10 * (u32::try_from(power).unwrap_or(0) + 1)).unwrap_or(0);
            (amount, 0, if digits & 7 != 0 { text } else { "" }, "BinarySI")
        }
        (None, Some(power)) => {
            let scale = (i32::try_from(power).unwrap_or(3) - 3) * 3;
            let kept = !unsigned.ends_with("000") && !unsigned.starts_with('0');
            (digits, scale, if kept { text } else { "" }, "DecimalSI")
        }
        (None, None) => {
            let scale = suffix.trim_start_matches(['e', 'E']).parse().unwrap_or(0);
            (digits, scale, if scale % 3 == 0 { text } else { "" }, "DecimalExponent")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    fn template(image: &str, pull: &str, more: &[(&str, Value)]) -> Value {
        let mut template = value!({
            "metadata": {"labels": {"app": "d"}},
            "spec": {
                "containers": [{
                    "image": image, "imagePullPolicy": pull, "name": "c", "resources": {},
                    "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"
                }],
                "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
                "securityContext": {}, "terminationGracePeriodSeconds": 30
            }
        });
        for (field, value) in more {
            template.set_at(&["spec", field], value.clone());
        }
        template
    }

    #[test]
    fn hashes_are_those_that_a_real_server_recorded() {
        let hash = |image, pull, more: &[_]| pod_template_hash(&template(image, pull, more), None);
        assert_eq!(hash("nginx:1", "IfNotPresent", &[]), "76b46755f4");
        assert_eq!(hash("nginx:2", "IfNotPresent", &[]), "7fb4c554f7");
        assert_eq!(hash("nginx:3", "IfNotPresent", &[]), "6d5d97fc84");
        assert_eq!(hash("broken:1", "IfNotPresent", &[]), "5c8659d94c");
        assert_eq!(hash("i", "Always", &[("nodeSelector", value!({"role": "db"}))]), "96c5958d9");
    }

    #[test]
    fn revisions_are_named_as_a_real_server_recorded() {
        let mut template = template("nginx:1", "IfNotPresent", &[]);
        template.set_at(&["metadata", "labels", "app"], "s");
        template.set_at(&["$patch"], "replace");
        let mut data = value!({"spec": {"template": template}});
        assert_eq!(letters(revision_hash(&data, 0)), "7877749d74");
        assert_ne!(letters(revision_hash(&data, 1)), "7877749d74");
        // Go hashes the escaped text, which is the one below.
        data.set_at(&["spec"], "<&>");
        let escaped = value!({"spec": "\\u003c\\u0026\\u003e"});
        assert_ne!(revision_hash(&data, 0), revision_hash(&escaped, 0), "a backslash is escaped itself");
        assert_eq!(revision_hash(&data, 0), fnv(br#"{"spec":"\u003c\u0026\u003e"}0"#));
    }

    fn fnv(bytes: &[u8]) -> u32 {
        bytes.iter().fold(0x811c_9dc5, |hash: u32, b| hash.wrapping_mul(0x0100_0193) ^ u32::from(*b))
    }

    #[test]
    fn every_field_of_a_template_counts_and_so_do_collisions() {
        let plain = template("nginx:1", "IfNotPresent", &[]);
        let volumes = value!([{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}]);
        let fields = [("volumes", volumes), ("hostNetwork", value!(true)), ("priority", value!(7))];
        let mut seen = vec![pod_template_hash(&plain, None), pod_template_hash(&plain, Some(1))];
        for field in fields {
            let hash = pod_template_hash(&template("nginx:1", "IfNotPresent", &[field]), None);
            assert!(!seen.contains(&hash), "{hash} appears twice");
            seen.push(hash);
        }
    }

    #[test]
    fn quantities_are_parsed_as_go_does() {
        assert_eq!(parse_quantity("100m"), (100, -3, "100m", "DecimalSI"));
        assert_eq!(parse_quantity("64Mi"), (64 << 20, 0, "", "BinarySI"));
        assert_eq!(parse_quantity("1Gi"), (1 << 30, 0, "1Gi", "BinarySI"));
        assert_eq!(parse_quantity("2"), (2, 0, "2", "DecimalSI"));
    }
}
