//! `netyard ls`.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::{print, print_json};
use crate::args::Json;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::render::table::Table;
use crate::world;

/// Lists the labs that run.
pub(super) fn run(json: Json) -> Result<Exit, CommandError> {
    let labs = world::run_dir()?.labs()?;
    if json.json {
        let labs: Vec<_> = labs
            .iter()
            .map(|lab| match &lab.record {
                Ok(record) => json!({
                    "name": lab.name,
                    "file": record.file,
                    "holder_pid": record.holder_pid,
                    "created": record.created,
                }),
                Err(error) => json!({ "name": lab.name, "error": error.to_string() }),
            })
            .collect();
        return print_json(&json!({ "schema_version": 1, "labs": labs }));
    }
    let mut table = Table::new(&["lab", "up for", "holder", "file"]);
    for lab in &labs {
        match &lab.record {
            Ok(record) => table.row([
                lab.name.to_string(),
                age(record.created, SystemTime::now()),
                record.holder_pid.to_string(),
                record.file.as_ref().map_or_else(String::new, |file| file.display().to_string()),
            ]),
            Err(error) => table.row([lab.name.to_string(), String::new(), String::new(), error.to_string()]),
        }
    }
    if table.is_empty() { print("no lab is running\n") } else { print(&table.render()) }
}

/// How long before `now` that was, in the largest unit that fits; no time at all where the clock has been set back since, and
/// nothing where nobody knows.
fn age(created: u64, now: SystemTime) -> String {
    if created == 0 {
        return String::new();
    }
    let now = now.duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let seconds = now.saturating_sub(created);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86400),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_age_is_told_whatever_the_clock_says() {
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(age(1000, at(1059)), "59 s");
        assert_eq!(age(1000, at(1000 + 3599)), "59 min");
        assert_eq!(age(1000, at(1000 + 86_400)), "1 d");
        assert_eq!(age(1000, at(5)), "0 s");
        assert_eq!(age(1000, UNIX_EPOCH - Duration::from_secs(5)), "0 s");
        assert_eq!(age(1, at(u64::MAX >> 2)), format!("{} d", (u64::MAX >> 2) / 86_400));
        assert_eq!(age(0, at(1000)), "");
    }
}
