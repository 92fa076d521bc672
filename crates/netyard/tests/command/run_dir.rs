//! The run directory: what others may have put there is not believed, and what another version wrote is not guessed at.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;

use nix::sys::stat::Mode;
use nix::unistd::{geteuid, mkfifo};
use serde_json::{Value, json};

use crate::support::{Netyard, is_holder};

const PAIR: &str = "name = \"pair\"\n[switch.lan]\nsubnet = \"10.0.0.0/24\"\n[host.a]\non = \"lan\"\n[host.b]\non = \"lan\"\n";

/// Commands that read or write what the run directory says of the lab `pair`.
const COMMANDS: [&str; 6] = [
    "up",
    "plan -l pair",
    "show nodes -l pair",
    "exec -l pair a -- true",
    "enter -l pair -- true",
    "down pair",
];

/// Every one of these commands says this, with what to do, and ends with 1.
#[track_caller]
fn assert_refused(yard: &Netyard, commands: &[&str], complaint: &str) {
    for line in commands {
        let outcome = yard.run(line).expect_code(1);
        outcome.expect_complaint(complaint).expect_complaint("hint: ");
    }
}

fn place() -> Netyard {
    let yard = Netyard::without_kernel();
    yard.write("netyard.toml", PAIR);
    yard
}

#[test]
fn a_run_directory_that_is_a_link_is_refused() {
    let yard = place();
    let elsewhere = yard.folder().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, yard.run_dir()).unwrap();
    assert_refused(&yard, &COMMANDS, "cannot trust [place]/run: it is a symbolic link");
    assert_refused(&yard, &["ls", "down --all"], "it is a symbolic link");
    assert!(fs::read_dir(&elsewhere).unwrap().next().is_none(), "something was written there");
    fs::remove_file(yard.run_dir()).unwrap();
}

#[test]
fn a_run_directory_that_others_can_write_to_is_refused() {
    let yard = place();
    fs::create_dir(yard.run_dir()).unwrap();
    for mode in [0o777, 0o770, 0o702] {
        fs::set_permissions(yard.run_dir(), Permissions::from_mode(mode)).unwrap();
        assert_refused(&yard, &COMMANDS, &format!("other users can write to it (mode {mode:04o})"));
        assert_refused(&yard, &["ls", "down --all"], "other users can write to it");
    }
    fs::set_permissions(yard.run_dir(), Permissions::from_mode(0o755)).unwrap();
    assert_eq!(yard.ok("ls"), "no lab is running\n");
}

#[test]
fn a_run_directory_that_is_a_file_is_refused() {
    let yard = place();
    fs::write(yard.run_dir(), "").unwrap();
    assert_refused(&yard, &COMMANDS, "cannot trust [place]/run: it is no directory");
    fs::remove_file(yard.run_dir()).unwrap();
}

/// Only root can make one: in `/tmp` it would be the other who does.
#[test]
fn a_run_directory_of_another_user_is_refused() {
    if !geteuid().is_root() {
        eprintln!("skipped: only root can give a directory away");
        return;
    }
    let yard = place();
    let lab = yard.run_dir().join("pair");
    fs::create_dir_all(&lab).unwrap();
    for (dir, name) in [(yard.run_dir(), "run"), (lab, "run/pair")] {
        chown(&dir, Some(65534), Some(65534)).unwrap();
        let complaint = format!("cannot trust [place]/{name}: it belongs to another user (uid 65534)");
        assert_refused(&yard, &COMMANDS, &complaint);
        chown(&dir, Some(0), Some(0)).unwrap();
    }
    yard.ok("down pair");
}

/// `down` removes what is in a lab's directory: a link must not lead it elsewhere.
#[test]
fn a_labs_directory_that_is_a_link_is_refused() {
    let yard = place();
    let elsewhere = yard.folder().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("dear"), "to somebody").unwrap();
    fs::create_dir(yard.run_dir()).unwrap();
    let lab = yard.run_dir().join("pair");
    for target in [elsewhere.as_path(), Path::new("nowhere")] {
        symlink(target, &lab).unwrap();
        assert_refused(&yard, &COMMANDS, "cannot trust [place]/run/pair: it is a symbolic link");
        fs::remove_file(&lab).unwrap();
    }
    assert_eq!(fs::read_to_string(elsewhere.join("dear")).unwrap(), "to somebody");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1);
}

/// Puts each kind of thing that is no file of one's own where `path` is, and has `check` look.
fn plant(yard: &Netyard, path: &Path, mut check: impl FnMut(&str)) {
    let target = yard.folder().join("target");
    fs::write(&target, "{\"version\": 1}").unwrap();
    symlink(&target, path).unwrap();
    check("it is a symbolic link");
    fs::remove_file(path).unwrap();
    symlink(yard.folder().join("nowhere"), path).unwrap();
    check("it is a symbolic link");
    fs::remove_file(path).unwrap();
    assert!(!yard.folder().join("nowhere").exists(), "a link was written through");
    assert_eq!(fs::read_to_string(&target).unwrap(), "{\"version\": 1}");
    mkfifo(path, Mode::from_bits_truncate(0o600)).unwrap();
    check("it is no regular file");
    fs::remove_file(path).unwrap();
    fs::create_dir(path).unwrap();
    check("it is no regular file");
    fs::remove_dir(path).unwrap();
    fs::write(path, "{\"version\": 1}").unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o666)).unwrap();
    check("other users can write to it (mode 0666)");
    fs::remove_file(path).unwrap();
}

#[test]
fn a_record_that_is_no_file_of_ones_own_is_refused() {
    let yard = place();
    let lab = yard.run_dir().join("pair");
    fs::create_dir_all(&lab).unwrap();
    let record = lab.join("lab.json");
    plant(&yard, &record, |why| {
        assert_refused(&yard, &COMMANDS, &format!("cannot trust [place]/run/pair/lab.json: {why}"));
        assert!(yard.ok("ls").contains(why));
    });
    yard.ok("down pair");
}

#[test]
fn a_lock_that_is_no_file_of_ones_own_is_refused() {
    let yard = place();
    let lab = yard.run_dir().join("pair");
    fs::create_dir_all(&lab).unwrap();
    plant(&yard, &lab.join("lock"), |why| {
        assert_refused(&yard, &["up", "down pair"], &format!("cannot trust [place]/run/pair/lock: {why}"));
        fs::create_dir_all(&lab).unwrap();
    });
    fs::remove_dir(&lab).unwrap();
}

/// What stands where the record is written first is not written through.
#[test]
fn a_planted_link_is_not_written_through() {
    let Some(yard) = Netyard::new() else { return };
    yard.write("netyard.toml", PAIR);
    let dear = yard.write("dear", "to somebody");
    let lab = yard.run_dir().join("pair");
    fs::create_dir_all(&lab).unwrap();
    symlink(&dear, lab.join("lab.json.new")).unwrap();
    yard.ok("up");
    fs::hard_link(&dear, lab.join("lab.json.new")).unwrap();
    yard.write("other.toml", PAIR);
    yard.ok("up other.toml");
    assert_eq!(fs::read_to_string(&dear).unwrap(), "to somebody");
    yard.ok("down pair");
    assert_eq!(fs::read_to_string(&dear).unwrap(), "to somebody");
}

#[test]
fn nobody_else_can_look_into_the_run_directory() {
    let Some(yard) = Netyard::with_lab(PAIR) else { return };
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&yard.run_dir()), 0o700);
    let lab = yard.run_dir().join("pair");
    assert_eq!(mode(&lab), 0o700);
    for file in ["lab.json", "lock"] {
        assert_eq!(mode(&lab.join(file)), 0o600, "{file}");
    }
}

fn record_of(yard: &Netyard) -> Value {
    serde_json::from_slice(&fs::read(yard.run_dir().join("pair/lab.json")).unwrap()).unwrap()
}

fn write_record(yard: &Netyard, record: &Value) {
    fs::create_dir_all(yard.run_dir().join("pair")).unwrap();
    fs::write(yard.run_dir().join("pair/lab.json"), record.to_string()).unwrap();
}

/// What a newer version has built is not touched, and can be taken away.
#[test]
fn a_lab_of_another_version_is_refused_and_can_be_taken_away() {
    let Some(yard) = Netyard::with_lab(PAIR) else { return };
    let record = record_of(&yard);
    let holder = record["holder_pid"].as_i64().unwrap();
    let mut newer = json!({ "version": 2, "what": ["nobody", "knows"] });
    for key in ["holder_pid", "holder_start"] {
        newer[key] = record[key].clone();
    }
    write_record(&yard, &newer);
    let refused = [COMMANDS[0], COMMANDS[1], COMMANDS[2], COMMANDS[3], COMMANDS[4]];
    assert_refused(&yard, &refused, "was made by another version of netyard (its state has version 2");
    assert!(yard.ok("ls").contains("another version"));
    assert!(is_holder(holder), "it still runs");
    assert_eq!(yard.ok("down pair"), "took the lab `pair` away\n");
    assert!(!is_holder(holder));
    yard.ok("up");
    yard.assert_reaches("a", ["b"]);
}

#[test]
fn a_record_of_another_version_that_names_no_holder_is_left_alone() {
    let yard = place();
    for record in [json!({ "version": 2 }), json!({ "version": 0, "holder_pid": 1, "holder_start": 1 })] {
        write_record(&yard, &record);
        assert_refused(&yard, &COMMANDS, "was made by another version of netyard");
        assert!(yard.run_dir().join("pair/lab.json").exists());
    }
    fs::remove_dir_all(yard.run_dir()).unwrap();
}

/// A number is no proof: the process must hold this very lab. After the machine was started anew, a record on a disk may have the
/// number and, by chance, the time of another process.
#[test]
fn a_process_that_is_no_holder_is_not_ended() {
    let yard = place();
    let mut other = Command::new("sleep").arg("1000").spawn().unwrap();
    let stat = fs::read_to_string(format!("/proc/{}/stat", other.id())).unwrap();
    let start: u64 = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap().parse().unwrap();
    for version in [1, 2] {
        write_record(
            &yard,
            &json!({ "version": version, "file": null, "holder_pid": other.id(), "holder_start": start, "created": 0 }),
        );
        assert_eq!(yard.ok("down pair"), "the lab `pair` was not running; removed what it had left\n");
        assert!(other.try_wait().unwrap().is_none(), "it was ended");
    }
    other.kill().unwrap();
    other.wait().unwrap();
}

/// Nor does a command that was started in a lab work on it if another version made it.
#[test]
fn inside_a_lab_of_another_version_nothing_is_guessed() {
    let Some(yard) = Netyard::with_lab(PAIR) else { return };
    for version in ["2", "", "x"] {
        let script = format!(
            "echo {version} >/run/netyard/.inside; cd /; {0} show nodes; test $? = 1 && {0} exec a -- true; test $? = 1",
            crate::support::PROGRAM
        );
        let outcome = yard.run_args(["enter", "-l", "pair", "--", "sh", "-c", &script]).expect_code(0);
        outcome.expect_complaint("was made by another version of netyard").expect_complaint("hint: ");
    }
}
