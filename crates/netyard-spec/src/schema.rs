//! The JSON schema of the file, from the table of keys, so that editors complete and check it.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::json::Json;
use crate::key::allowable_codes;
use crate::{Format, Key, Shape, Table};

/// The JSON schema of the file (draft 2020-12), as text. It says which keys and values there are; what only the whole file
/// shows (an address used twice) it cannot say.
#[must_use]
pub fn schema() -> String {
    let mut definitions: Vec<(&'static str, Json)> = Table::ALL
        .iter()
        .filter(|table| **table != Table::File)
        .map(|table| (word(*table), object(*table)))
        .collect();
    definitions.push(("settings", settings()));
    definitions.extend(Format::ALL.iter().map(|format| (format.as_str(), text(*format))));

    let mut top = vec![
        ("$schema", Json::text("https://json-schema.org/draft/2020-12/schema")),
        ("title", Json::text("Netyard")),
        ("description", Json::text("A network that Netyard builds on one Linux machine.")),
    ];
    let Json::Object(file) = object(Table::File) else { unreachable!("a table is an object") };
    top.extend(file);
    top.push(("$defs", Json::Object(definitions)));
    Json::Object(top).pretty()
}

/// The name of a table among the definitions.
fn word(table: Table) -> &'static str {
    match table {
        Table::File => "file",
        Table::Names => "names",
        Table::Records => "records",
        Table::View => "view",
        Table::Trouble => "trouble",
        Table::Switch => "switch",
        Table::Host => "host",
        Table::Router => "router",
        Table::Port => "port",
        Table::Route => "route",
        Table::Cable => "cable",
    }
}

fn object(table: Table) -> Json {
    let properties = table.keys().map(|key| (key.name, property(key))).collect();
    let required: Vec<&str> = table.keys().filter(|key| key.required).map(|key| key.name).collect();
    let mut object = vec![
        ("type", Json::text("object")),
        ("properties", Json::Object(properties)),
        ("additionalProperties", Json::Bool(false)),
    ];
    if !required.is_empty() {
        object.push(("required", Json::texts(required)));
    }
    Json::Object(object)
}

fn property(key: &Key) -> Json {
    let mut property = vec![("description", Json::text(key.doc))];
    match key.shape {
        Shape::Text(format) => property.push(reference(format.as_str())),
        Shape::OneOrMore(format) => {
            property.push(one_or_more(Json::Object(vec![reference(format.as_str())])))
        }
        Shape::Codes => {
            property.push(one_or_more(Json::Object(vec![("enum", Json::texts(allowable_codes()))])))
        }
        Shape::Word(words) => property.push(("enum", Json::texts(words.iter().copied()))),
        Shape::Exactly(count, format) => {
            let count = i64::try_from(count).expect("the table of keys counts to two");
            property.extend([
                ("type", Json::text("array")),
                ("items", Json::Object(vec![reference(format.as_str())])),
                ("minItems", Json::Number(count)),
                ("maxItems", Json::Number(count)),
            ]);
        }
        Shape::Boolean => property.push(("type", Json::text("boolean"))),
        Shape::Integer(min, max) => property.extend([
            ("type", Json::text("integer")),
            ("minimum", Json::Number(min)),
            ("maximum", Json::Number(max)),
        ]),
        Shape::Settings => property.push(reference("settings")),
        Shape::One(table) => property.push(reference(word(table))),
        Shape::Named(format, table) => {
            property.extend(named(format, Json::Object(vec![reference(word(table))])));
        }
        Shape::NamedOrWord(format, table, words) => property.extend(named(
            format,
            // Not "one of both": an editor says then which of both is wrong.
            Json::Object(vec![
                ("if", Json::Object(vec![("type", Json::text("string"))])),
                ("then", Json::Object(vec![("enum", Json::texts(words.iter().copied()))])),
                ("else", Json::Object(vec![reference(word(table))])),
            ]),
        )),
        Shape::List(table) => property
            .extend([("type", Json::text("array")), ("items", Json::Object(vec![reference(word(table))]))]),
    }
    Json::Object(property)
}

/// Values by names of a form.
fn named(format: Format, value: Json) -> [(&'static str, Json); 3] {
    [
        ("type", Json::text("object")),
        ("propertyNames", Json::Object(vec![reference(format.as_str())])),
        ("additionalProperties", value),
    ]
}

fn reference(definition: &str) -> (&'static str, Json) {
    ("$ref", Json::Text(format!("#/$defs/{definition}")))
}

fn one_or_more(one: Json) -> (&'static str, Json) {
    let list = Json::Object(vec![("type", Json::text("array")), ("items", one.clone())]);
    ("anyOf", Json::List(vec![one, list]))
}

/// Settings by name. A name without quotes makes tables in tables.
fn settings() -> Json {
    let value = Json::List(vec![
        Json::Object(vec![("type", Json::texts(["string", "integer", "boolean"]))]),
        Json::Object(vec![reference("settings")]),
    ]);
    Json::Object(vec![
        ("type", Json::text("object")),
        ("additionalProperties", Json::Object(vec![("anyOf", value)])),
    ])
}

fn text(format: Format) -> Json {
    Json::Object(vec![
        ("type", Json::text("string")),
        ("pattern", Json::Text(pattern(format))),
        ("examples", Json::texts([format.example()])),
    ])
}

/// A pattern (ECMA-262) that every good value has. It is looser than the parser where a pattern cannot tell.
fn pattern(format: Format) -> String {
    const LABEL: &str = "(?![0-9]+(\\.|$))[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
    const INTERFACE: &str = "(?!(all|default|lo)$)[A-Za-z][A-Za-z0-9_.-]{0,14}";
    const OCTET: &str = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    // Hexadecimal groups and at least two colons; an IPv4 address can stand at the end (RFC 4291 section 2.2).
    const IPV6: &str = "(?=[^:]*:[^:]*:)[0-9A-Fa-f:]{2,39}([0-9.]{0,15})";
    const DOMAIN: &str = "[A-Za-z0-9_-]{1,63}(\\.[A-Za-z0-9_-]{1,63})*";
    const NUMBER: &str = "[0-9]{1,5}";
    let ipv4 = format!("{OCTET}(\\.{OCTET}){{3}}");
    let address = format!("({ipv4}|{IPV6})");
    let subnet = format!("({ipv4}/(3[0-2]|[12]?[0-9])|{IPV6}/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))");
    match format {
        Format::Comment => String::from("^[^\\u0000-\\u001f\\u007f-\\u009f]*$"),
        Format::Name => format!("^{LABEL}$"),
        Format::Interface => format!("^{INTERFACE}$"),
        Format::CableEnd => format!("^{LABEL}(\\.{INTERFACE})?$"),
        Format::Address => format!("^{address}(/[0-9]{{1,3}})?$"),
        Format::Subnet => format!("^{subnet}$"),
        Format::Mac => String::from("^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$"),
        Format::Duration | Format::Lateness => String::from("^[0-9]+(ms|s|min|h)$"),
        Format::TimeToLive => String::from("^([0-9]+(s|min|h)|([0-9]*000|0+)ms)$"),
        Format::Gateway | Format::NextHop | Format::NodeOrAddress => format!("^({LABEL}|{address})$"),
        Format::Destination => format!("^(default|{subnet})$"),
        Format::Ipv4 => format!("^{ipv4}$"),
        Format::Ipv6 => format!("^{IPV6}$"),
        Format::Upstream => format!("^({address}|{ipv4}:[0-9]{{1,5}}|\\[{IPV6}\\]:[0-9]{{1,5}})$"),
        Format::Domain => format!("^{DOMAIN}\\.?$"),
        Format::Owner => format!("^(@|\\*\\.?|(\\*\\.)?{DOMAIN}\\.?)$"),
        Format::Target => format!("^(@|{DOMAIN}\\.?)$"),
        Format::Troubled => format!("^(@|\\*|{DOMAIN}\\.?)$"),
        Format::Txt => String::from("^[^\\u0000-\\u001f\\u007f-\\u009f]{0,4000}$"),
        Format::Srv => format!("^{NUMBER} +{NUMBER} +{NUMBER} +(@|{DOMAIN}\\.?)$"),
        Format::Mx => format!("^{NUMBER} +(@|{DOMAIN}\\.?)$"),
    }
}
