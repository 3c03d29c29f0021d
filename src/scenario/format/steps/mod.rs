//! Steps: the table of verbs. A row has both the format of a verb's value and the function that reads it, so that no file can
//! have a verb which is accepted but not read.
//!
//! - `objects`, `patches`, `nodes`, `waits`: the verbs, by what they act on
//! - `targets`: the objects that a step acts on
//!
//! To add a verb: a row in the file of its group. `sim/src/scenario/step.rs` lists the other places.

use wavetank_sim::object::{Key, Map, Value};
use wavetank_sim::scenario::Action;
use wavetank_sim::value;

use super::faults;
use super::leaf::TEXT;
use crate::scenario::read::Reader;
use crate::scenario::schema::field;
use crate::scenario::shape::{Field, Fields, Shape, may};
use crate::scenario::yaml::Node;

mod nodes;
mod objects;
mod patches;
mod targets;
mod waits;

/// Reads the value of a verb. Returns nothing if the value is malformed, which the check of the format has noted.
type Read = fn(&mut Reader<'_, '_>, &Node) -> Option<Action>;

/// A verb of a step.
#[derive(Clone, Copy)]
pub(crate) struct Verb {
    /// Its word, the format of its value and what it does.
    pub(crate) field: Field,
    /// An example of its value.
    #[cfg_attr(
        not(any(test, feature = "cli")),
        expect(dead_code, reason = "the reference and tests read it")
    )]
    pub(crate) example: &'static str,
    /// Reads its value.
    pub(in crate::scenario) read: Read,
}

const GROUPS: [&[Verb]; 4] = [objects::VERBS, patches::VERBS, nodes::VERBS, waits::VERBS];
const COUNT: usize = GROUPS[0].len() + GROUPS[1].len() + GROUPS[2].len() + GROUPS[3].len();

/// Every verb, in the order in which messages list them.
pub(crate) const VERBS: [Verb; COUNT] = {
    let mut verbs = [objects::VERBS[0]; COUNT];
    let (mut group, mut at, mut n) = (0, 0, 0);
    while n < COUNT {
        if at == GROUPS[group].len() {
            (group, at) = (group + 1, 0);
        }
        verbs[n] = GROUPS[group][at];
        (at, n) = (at + 1, n + 1);
    }
    verbs
};

/// A step, of `setup` or of `steps`.
pub(super) const STEP: Shape = Shape::Branches(&FIELDS_OF_STEP, branches);

/// Its fields: of the verbs there is one.
static FIELDS_OF_STEP: Fields = Fields { what: "a step", one_of: &WORDS, fields: &FIELDS };

/// The JSON Schema for each verb: a closed map.
fn branches() -> Value {
    Value::list(VERBS.iter().map(|verb| {
        let fields = FIELDS[..2].iter().chain([&verb.field]);
        let properties: Map = fields.map(|it| (Key::new(it.name), field(it))).collect();
        let mut branch = value!({"type": "object", "additionalProperties": false});
        branch.set_at(&["description"], verb.field.about);
        branch.set_at(&["properties"], Value::from(properties));
        branch.set_at(&["required"], Value::list([Value::from(verb.field.name)]));
        branch
    }))
}

const WORDS: [&str; COUNT] = {
    let mut words = [""; COUNT];
    let mut n = 0;
    while n < COUNT {
        words[n] = VERBS[n].field.name;
        n += 1;
    }
    words
};

const FIELDS: [Field; COUNT + 2] = {
    const NAME: Field = may("name", TEXT, "the name in reports");
    const WHEN: Field = may(
        "when",
        Shape::Fields(&faults::WHEN),
        "when the step runs, once and outside the order of the others (not in `setup`)",
    );
    let mut fields = [NAME; COUNT + 2];
    fields[1] = WHEN;
    let mut n = 0;
    while n < COUNT {
        fields[n + 2] = VERBS[n].field;
        n += 1;
    }
    fields
};
