//! The schema and the parser agree: both come from the table of keys, and these tests try each key in both.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use netyard_spec::{Code, Format, Key, Shape, Table, ValueType, keys, parse, schema};
use serde_json::{Value, json};
use toml::de::{DeTable, DeValue};

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is a schema");
    jsonschema::draft202012::new(&schema).unwrap()
}

/// A TOML text as an editor hands it to a schema.
fn as_json(text: &str) -> Value {
    table(DeTable::parse(text).unwrap().get_ref())
}

fn table(entries: &DeTable<'_>) -> Value {
    entries
        .iter()
        .map(|(key, value)| (String::from(key.get_ref().as_ref()), value_of(value.get_ref())))
        .collect()
}

fn value_of(toml: &DeValue<'_>) -> Value {
    match toml {
        DeValue::String(text) => json!(text.as_ref()),
        DeValue::Integer(number) => json!(i64::from_str_radix(number.as_str(), number.radix()).unwrap()),
        DeValue::Float(number) => json!(number.as_str().parse::<f64>().unwrap()),
        DeValue::Boolean(value) => json!(value),
        // JSON has no dates, and no key takes nothing.
        DeValue::Datetime(_) => Value::Null,
        DeValue::Array(items) => items.iter().map(|item| value_of(item.get_ref())).collect(),
        DeValue::Table(entries) => table(entries),
    }
}

/// A file in which `key` of `table` has this value, beside the keys that must be there.
fn file_with(table: Table, key: &Key, value: &str) -> String {
    let heading = match table {
        Table::File => "",
        Table::Names => "[names]\n",
        Table::Records => "[names.records.a]\n",
        Table::View => "[names.view.a]\n",
        Table::Trouble => "[names.trouble.a]\n",
        Table::Switch => "[switch.a]\n",
        Table::Host => "[host.a]\n",
        Table::Router => "[router.a]\n",
        Table::Port => "[host.a.ports.eth0]\n",
        Table::Route => "[[host.a.routes]]\n",
        Table::Cable => "[[cable]]\n",
    };
    let mut text = format!("{heading}{} = {value}\n", key.name);
    for other in table.keys().filter(|other| other.required && other.name != key.name) {
        text += &format!("{} = {}\n", other.name, good_value(other.shape));
    }
    // A route goes somewhere.
    if table == Table::Route && !["via", "dev", "type"].contains(&key.name) {
        text += "via = \"192.168.1.1\"\n";
    }
    text
}

fn good_value(shape: Shape) -> String {
    match shape {
        Shape::Text(format) => format!("{:?}", format.example()),
        Shape::OneOrMore(format) => format!("[{:?}]", format.example()),
        Shape::Exactly(count, format) => format!("{:?}", vec![format.example(); count]),
        Shape::Word(words) => format!("{:?}", words.last().unwrap()),
        Shape::Codes => String::from("[\"wrong-prefix\"]"),
        Shape::Boolean => String::from("true"),
        Shape::Integer(_, max) => max.to_string(),
        Shape::Settings => String::from("{ \"net.ipv4.ip_forward\" = 1, net.ipv4.tcp_ecn = true }"),
        Shape::One(_) | Shape::Named(..) | Shape::NamedOrWord(..) => String::from("{}"),
        Shape::List(_) => String::from("[]"),
    }
}

fn each_key() -> impl Iterator<Item = (Table, &'static Key)> {
    keys().iter().flat_map(|key| key.tables.iter().map(move |table| (*table, key)))
}

#[test]
fn every_key_is_taken_by_parser_and_schema() {
    let validator = validator();
    for (table, key) in each_key() {
        let text = file_with(table, key, &good_value(key.shape));
        assert_eq!(parse(&text).1, [], "{text}");
        let errors: Vec<String> =
            validator.iter_errors(&as_json(&text)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}\n{text}");
    }
}

#[test]
fn a_value_of_the_wrong_type_is_refused_by_parser_and_schema() {
    let validator = validator();
    for (table, key) in each_key() {
        let text = file_with(table, key, "1979-05-27");
        let refused = parse(&text).1.into_iter().any(|finding| match finding.problem {
            netyard_spec::Problem::WrongType { key: named, found, .. } => {
                named == key.name && found == ValueType::Date
            }
            _ => false,
        });
        assert!(refused, "{text}");
        let instance = as_json(&text);
        let path = format!("/{}", key.name);
        let refused =
            validator.iter_errors(&instance).any(|error| error.instance_path().to_string().ends_with(&path));
        assert!(refused, "{text}");
    }
}

#[test]
fn an_unknown_key_is_refused_by_parser_and_schema() {
    let validator = validator();
    for table in Table::ALL {
        let some_key = Key { name: "qqq", tables: &[], shape: Shape::Boolean, required: false, doc: "" };
        let text = file_with(*table, &some_key, "true");
        let codes: Vec<Code> = parse(&text).1.iter().map(netyard_spec::Finding::code).collect();
        assert_eq!(codes, [Code::UnknownKey], "{text}");
        assert!(!validator.is_valid(&as_json(&text)), "{text}");
    }
}

#[test]
fn integers_out_of_range_are_refused_by_parser_and_schema() {
    let validator = validator();
    for (table, key) in each_key() {
        let Shape::Integer(min, max) = key.shape else { continue };
        for (value, good) in [(min, true), (max, true), (min - 1, false), (max + 1, false)] {
            let text = file_with(table, key, &value.to_string());
            assert_eq!(parse(&text).1.is_empty(), good, "{text}");
            assert_eq!(validator.is_valid(&as_json(&text)), good, "{text}");
        }
    }
}

/// Texts that have a form, and texts that do not.
type Tries = (Format, &'static [&'static str], &'static [&'static str]);

const LABEL_63: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
const LABEL_64: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

const TRIES: &[Tries] = &[
    (Format::Comment, &["", "서울, 48.21° N", "\\\"\\\\"], &["\\n", "\\u0000", "\\u001b", "\\u0085"]),
    (
        Format::Name,
        &["a", "web1", "a-b", "0x", "1-2", LABEL_63],
        &["", "-a", "a-", "A", "a_b", "12", "é", LABEL_64],
    ),
    (
        Format::Interface,
        &["eth0", "v_1.2-x", "A", "low", "allx"],
        &["x%d", "0a", "lo", "all", "default", "sixteen-bytes-xx", ""],
    ),
    (
        Format::CableEnd,
        &["a", "a.eth0", "a.eth0.5", "0x.y"],
        &["a.", ".a", "A.eth0", "a.lo", "a b", "1.eth0"],
    ),
    (
        Format::Address,
        &[
            "192.168.1.1",
            "10.0.0.255/8",
            "fd00::1",
            "fd00::1/64",
            "::ffff:192.0.2.1",
            "1:2:3:4:5:6:7:8",
            "FE80::A",
        ],
        &["", "192.168.1", "192.168.1.256", "192.168.01.1", "a", "fd00", "10.0.0.1/", "10.0.0.1/x"],
    ),
    (
        Format::Subnet,
        &["192.168.1.0/24", "10.0.0.0/8", "fd00::/64", "::ffff:0:0/96", "10.0.0.1/32", "fd00::1/128"],
        &["", "192.168.1.0", "192.168.1.0/33", "fd00::/129", "lan"],
    ),
    (Format::Mac, &["02:00:00:00:00:09", "02-AB-cd-00-00-09"], &["", "02:00:00:00:00", "02:00:00:00:00:0g"]),
    (Format::Duration, &["300s", "5min", "1h", "20ms", "0s"], &["", "300", "5 s", "1.5s", "-1s", "1d"]),
    (Format::TimeToLive, &["60s", "0s", "5min", "2000ms", "0ms"], &["", "60", "20ms", "1500ms", "5 s", "1d"]),
    (Format::Lateness, &["1ms", "800ms", "60s", "1min"], &["", "800", "1.5s", "-1s", "1d"]),
    (
        Format::Gateway,
        &["gw", "192.168.1.1", "fd00::1", "none"],
        &["", "Gw", "192.168.1.300", "192.168.1.1/24"],
    ),
    (Format::NextHop, &["gw", "192.168.1.1", "fd00::1"], &["", "Gw", "192.168.1.1/24"]),
    (
        Format::Destination,
        &["default", "10.0.0.0/8", "::/0", "0.0.0.0/0"],
        &["", "any", "10.0.0.0", "10.0.0.0/33"],
    ),
    (Format::NodeOrAddress, &["gw", "10.0.0.1", "fd00::1"], &["", "Gw", "10.0.0.1/24", "none."]),
    (Format::Ipv4, &["10.0.0.1", "0.0.0.0", "127.0.0.1"], &["", "10.0.0", "fd00::1", "10.0.0.1/24", "a"]),
    (Format::Ipv6, &["fd00::1", "::", "::ffff:10.0.0.1"], &["", "10.0.0.1", "fd00", "fd00::1/64"]),
    (
        Format::Upstream,
        &["10.0.0.1", "10.0.0.2:5353", "[fd00::1]:53", "fd00::1", "127.0.0.1:54"],
        &["", "gw", "10.0.0.1:", "10.0.0.1:x", "[fd00::1]", "[10.0.0.1]:53", "10.0.0.1:100000"],
    ),
    (
        Format::Domain,
        &["office.test", "office.test.", "x", "A-b_c.9"],
        &["", ".", "a..b", ".a", "@", "*.a", "a b", "é", LABEL_64],
    ),
    (
        Format::Owner,
        &["@", "www", "_http._tcp", "*", "*.apps", "www.lab.test.", "*.lab.test.", LABEL_63],
        &["", ".", "a..b", "a.*", "*a", "@.a", "a b", LABEL_64],
    ),
    (
        Format::Target,
        &["@", "web1", "a.b", "elsewhere.example.", "_x"],
        &["", "*", "*.apps", "a..b", "a b", "@."],
    ),
    (Format::Troubled, &["*", "@", "db", "a.b", "elsewhere.example."], &["", "*.apps", "a..b", "*."]),
    (Format::Txt, &["", "v=spf1 -all", "서울", "a\\\"b"], &["\\n", "\\u0000", "\\t", "\\u0085"]),
    (
        Format::Srv,
        &["0 5 80 web1", "0  0 65535 @", "1 2 3 a.b."],
        &["", "0 5 80", "0 5 80 web1 x", "0 5 x web1", "0 5 80 *", "-1 5 80 web1", "0 5 100000 web1"],
    ),
    (Format::Mx, &["10 mail", "0 @"], &["", "mail", "10", "10 mail x", "x mail", "10 *"]),
];

#[test]
fn forms_agree_with_their_patterns() {
    let validator = validator();
    assert_eq!(TRIES.len(), Format::ALL.len());
    for (format, good, bad) in TRIES {
        let (table, key) = each_key().find(|(_, key)| has_format(key.shape, *format)).unwrap();
        for (text, is_good) in
            good.iter().map(|text| (text, true)).chain(bad.iter().map(|text| (text, false)))
        {
            let file = match key.shape {
                Shape::Exactly(..) => file_with(table, key, &format!("[\"{text}\", \"b\"]")),
                Shape::Named(..) if *format == Format::Interface => {
                    format!("[host.a]\nports.\"{text}\" = {{}}\n")
                }
                Shape::Named(..) => format!("[names]\nrecords.\"{text}\" = {{ A = \"10.0.0.1\" }}\n"),
                Shape::NamedOrWord(..) => format!("[names]\ntrouble.\"{text}\" = \"drop\"\n"),
                _ => file_with(table, key, &format!("\"{text}\"")),
            };
            assert_eq!(parse(&file).1.is_empty(), is_good, "the parser of {file}");
            assert_eq!(validator.is_valid(&as_json(&file)), is_good, "the schema of {file}");
        }
    }
}

fn has_format(shape: Shape, format: Format) -> bool {
    match shape {
        Shape::Text(own) | Shape::OneOrMore(own) | Shape::Exactly(_, own) => own == format,
        Shape::Named(own, _) => own == format && own != Format::Name,
        Shape::NamedOrWord(own, ..) => own == format,
        _ => false,
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().join("netyard.toml")).collect();
    files.retain(|file| file.exists());
    files.sort();
    files
}

#[test]
fn the_examples_fit_parser_and_schema() {
    let validator = validator();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let examples = files(&root.join("../../examples"));
    assert!(examples.len() >= 3, "{examples:?}");
    for file in examples.iter().chain([&root.join("tests/cases/good/netyard.toml")]) {
        let text = std::fs::read_to_string(file).unwrap();
        assert_eq!(parse(&text).1, [], "{}", file.display());
        let errors: Vec<String> =
            validator.iter_errors(&as_json(&text)).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", file.display());
    }
}

/// What the schema refuses, the parser refuses; the parser may know more.
#[test]
fn the_schema_refuses_no_file_that_the_parser_takes() {
    let validator = validator();
    let mut refused = 0;
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")) {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let (_, found) = parse(&text);
        // Neither what is no TOML nor integers beyond JSON's reach an editor's schema.
        if DeTable::parse(&text).is_err()
            || text.contains("99999999999999999999")
            || text.contains("= inf")
            || text.contains("nan")
        {
            continue;
        }
        if !validator.is_valid(&as_json(&text)) {
            refused += 1;
            assert!(!found.is_empty(), "{}", file.display());
        }
    }
    assert!(refused >= 8, "{refused}");
}

#[test]
fn the_schema_is_the_same_each_time() {
    assert_eq!(schema(), schema());
    assert!(schema().starts_with("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"));
}
