//! `sysctl`: network settings of the kernel, on a node or on one interface.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use netyard_types::{IfName, SysctlKey, SysctlKeyError};
use toml::de::DeValue;

use super::item::{Item, entries};
use super::{Findings, note};
use crate::{Conflict, Finding, Problem, Span, Spanned, ValueError, ValueType};

/// Settings with their values, in the order of the file.
pub(super) type Settings = Vec<(Spanned<SysctlKey>, Spanned<String>)>;

/// Reads the settings of a node, or with `port` those of an interface, where `ipv4.NAME` and `ipv6.NAME` are short for those of
/// the interface.
///
/// A name without quotes is one key in sysctl(8) and several to TOML (`net.ipv4.ip_forward = 1` makes tables in tables), so
/// nested tables are joined again.
pub(super) fn settings(item: Item<'_, '_>, port: Option<&IfName>, found: &mut Findings) -> Settings {
    let mut settings = Settings::new();
    if item.table(found).is_some() {
        gather(item, &Name { text: String::new(), span: item.key_span() }, port, &mut settings, found);
    }
    settings
}

/// The name of a setting as far as it is known.
struct Name {
    text: String,
    span: Span,
}

impl Name {
    fn then(&self, item: Item<'_, '_>) -> Self {
        if self.text.is_empty() {
            return Self { text: String::from(item.key), span: item.key_span() };
        }
        // The parts of a bare key stand in one line, those of tables apart.
        let key = item.key_span();
        let joined = key.start == self.span.end + 1;
        let start = if joined { self.span.start } else { key.start };
        Self { text: format!("{}.{}", self.text, item.key), span: start..key.end }
    }
}

/// Gathers the settings in a table. Tables are at most as deep as the TOML parser allows.
fn gather(
    item: Item<'_, '_>,
    name: &Name,
    port: Option<&IfName>,
    settings: &mut Settings,
    found: &mut Findings,
) {
    let Some(table) = item.as_table() else { return };
    for entry in entries(table) {
        let name = name.then(entry);
        if entry.as_table().is_some() {
            gather(entry, &name, port, settings, found);
            continue;
        }
        let key = match read_key(&name.text, port) {
            Ok(key) => Some(key),
            Err(source) => {
                let problem = Problem::InvalidSysctl { text: name.text.clone(), source };
                note(found, problem, name.span.clone());
                None
            }
        };
        let value = value(entry.named(&name.text), found);
        let (Some(key), Some(value)) = (key, value) else { continue };
        if let Some((first, _)) = settings.iter().find(|(first, _)| first.value == key) {
            let problem = Problem::ConflictingKeys {
                key: name.text,
                with: format!("{}", first.value),
                reason: Conflict::SameSetting,
            };
            found.push(Finding::new(problem, name.span).with(first.span.clone()));
            continue;
        }
        settings.push((Spanned::new(key, name.span), value));
    }
}

fn read_key(text: &str, port: Option<&IfName>) -> Result<SysctlKey, SysctlKeyError> {
    let short = |family: &str| text.strip_prefix(family).and_then(|rest| rest.strip_prefix(['.', '/']));
    for family in ["ipv4", "ipv6"] {
        let (Some(port), Some(name)) = (port, short(family)) else { continue };
        if name.contains(['.', '/']) {
            return Err(SysctlKeyError::Malformed);
        }
        return SysctlKey::new(&format!("net/{family}/conf/{port}/{name}"));
    }
    SysctlKey::new(text)
}

/// The value as the kernel takes it: `true` and `false` are 1 and 0.
fn value(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<String>> {
    let text = match item.as_value() {
        DeValue::String(text) => {
            // Some settings are lists with tabs between their numbers.
            if let Some(control) = text.chars().find(|c| c.is_control() && *c != '\t') {
                item.invalid(ValueError::ControlCharacter { found: control }, found);
                return None;
            }
            String::from(text.as_ref())
        }
        DeValue::Integer(_) => match item.integer((i64::MIN, i64::MAX), found)? {
            Ok(number) => format!("{number}"),
            Err(text) => {
                item.invalid(ValueError::OutOfRange { found: text, min: i64::MIN, max: i64::MAX }, found);
                return None;
            }
        },
        DeValue::Boolean(on) => String::from(if *on { "1" } else { "0" }),
        _ => {
            item.wrong_type(&[ValueType::String, ValueType::Integer, ValueType::Boolean], found);
            return None;
        }
    };
    Some(Spanned::new(text, item.span()))
}
