//! Facts about a file, as lines and as fields of a JSON object.

use std::path::Path;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use crate::args::Kind;
use crate::output::names::shown;

/// Facts in the order of output.
#[derive(Default)]
pub struct Facts(Vec<Fact>);

struct Fact {
    /// Label in text.
    label: &'static str,
    /// Value in text.
    text: String,
    /// Keys and values in JSON. Every value of a key has the same type.
    values: Vec<(&'static str, Value)>,
}

impl Facts {
    /// Adds a fact with one value.
    pub fn add(&mut self, key: &'static str, label: &'static str, value: impl Into<Value>) {
        let value = value.into();
        let text = match &value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        self.push(label, text, vec![(key, value)]);
    }

    /// Adds a fact with several values in JSON.
    pub fn push(
        &mut self,
        label: &'static str,
        text: impl Into<String>,
        values: Vec<(&'static str, Value)>,
    ) {
        let text = text.into();
        self.0.push(Fact {
            label,
            text,
            values,
        });
    }

    /// Returns the facts as text: a heading, and one line per fact.
    pub fn text(&self, path: &Path, kind: Kind, bytes: usize) -> String {
        let width = self.0.iter().map(|fact| fact.label.len()).max();
        let width = width.unwrap_or(0);
        let mut text = format!("{}: {}, {bytes} bytes", shown(path), kind.name());
        for fact in &self.0 {
            text.push_str(&format!("\n  {:width$}  {}", fact.label, fact.text));
        }
        text
    }
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.0.iter().flat_map(|fact| &fact.values) {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
