//! Whatever ends at whatever moment: the next command is right, and `down` leaves nothing.

use std::fs;
use std::io::Read;
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Netyard, assert_same, holders_named, is_holder, own_name, wait_until};

fn file(name: &str, count: u32) -> String {
    format!(
        "name = \"{name}\"\n[switch.lan]\nsubnet = [\"10.0.0.0/24\", \"fd00::/64\"]\n[switch.dmz]\nsubnet = \"10.1.0.0/24\"\n\
        [router.gw]\non = [\"lan\", \"dmz\"]\n[host.a]\non = \"lan\"\n[host.b]\non = \"dmz\"\n[host.web]\non = \"lan\"\ncount = {count}\n"
    )
}

#[test]
fn taking_away_twice_is_fine() {
    let Some(yard) = Netyard::with_lab(&file("twice", 1)) else { return };
    assert_eq!(yard.ok("down"), "took the lab `twice` away\n");
    assert_eq!(yard.ok("down"), "the lab `twice` is not running\n");
    assert_eq!(yard.ok("down --all"), "");
    assert!(fs::read_dir(yard.run_dir()).unwrap().next().is_none());
}

#[test]
fn a_killed_holder_takes_all_with_it() {
    let name = own_name("holder");
    let Some(yard) = Netyard::with_lab(&file(&name, 1)) else { return };
    let mut sleeper = start(&yard, &["exec", "a", "--", "sh", "-c", "echo; exec sleep 1000"]);
    kill_holder(&name);
    assert!(!sleeper.wait().unwrap().success(), "nothing of the lab lives on");
    assert!(yard.ok("up").contains("6 nodes added"));
    yard.assert_reaches("a", ["b", "web1"]);
    let is_empty = || fs::read_dir(yard.run_dir()).unwrap().next().is_none();
    kill_holder(&name);
    assert_eq!(yard.ok("down"), format!("the lab `{name}` was not running; removed what it had left\n"));
    assert!(is_empty());
    // The next command of whatever kind cleans the directory.
    for (line, code) in [("show nodes", 1), ("ls", 0)] {
        yard.ok("up");
        kill_holder(&name);
        assert!(!is_empty());
        yard.run(line).expect_code(code);
        assert!(is_empty(), "{line}");
    }
    assert_eq!(yard.ok("down"), format!("the lab `{name}` is not running\n"));
}

/// What a command is at work on is not cleaned away.
#[test]
fn a_lab_that_is_worked_on_is_left_alone() {
    let name = own_name("worked");
    let Some(yard) = Netyard::with_lab(&file(&name, 1)) else { return };
    let lock = yard.run_dir().join(&name).join("lock");
    let file = fs::OpenOptions::new().write(true).open(&lock).unwrap();
    let lock_held = nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusive).unwrap();
    kill_holder(&name);
    assert_eq!(yard.ok("ls"), "no lab is running\n");
    assert!(lock.exists());
    drop(lock_held);
    yard.ok("ls");
    assert!(!lock.exists());
}

/// A command that is under way: it has printed something.
fn start(yard: &Netyard, args: &[&str]) -> Child {
    let mut child = yard.command(args).stdout(Stdio::piped()).spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    child
}

fn kill_holder(name: &str) {
    let [holder] = holders_named(name)[..] else { panic!("one lab has one holder") };
    kill(Pid::from_raw(holder.try_into().unwrap()), Signal::SIGKILL).unwrap();
    wait_until("the kernel has taken all of it away", || !is_holder(holder));
}

#[test]
fn the_end_of_a_lab_is_the_end_of_its_commands() {
    let Some(yard) = Netyard::with_lab(&file("ends", 1)) else { return };
    let children = [
        start(&yard, &["exec", "a", "--", "sh", "-c", "echo; exec sleep 1000"]),
        start(&yard, &["enter", "--", "sh", "-c", "echo; exec sleep 1000"]),
        start(&yard, &["ping", "a", "b", "-c", "60000", "-i", "0.01"]),
    ];
    yard.ok("down");
    for mut child in children {
        assert!(!child.wait().unwrap().success());
    }
}

/// `up` is killed at one moment after another; the next `up` comes to the same end, and `down` leaves nothing.
#[test]
fn an_up_killed_at_any_moment() {
    let name = own_name("killed");
    let Some(yard) = Netyard::new() else { return };
    let text = file(&name, 20);
    yard.write("netyard.toml", &text);
    let begun = std::time::Instant::now();
    yard.ok("up");
    let whole = begun.elapsed();
    let expected = yard.state();
    yard.ok("down");
    for tenth in 0..10 {
        let mut up = yard.command(["up"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let moment = std::time::Instant::now() + whole * tenth / 10;
        wait_until("the moment comes", || std::time::Instant::now() >= moment);
        kill(Pid::from_raw(up.id().cast_signed()), Signal::SIGKILL).unwrap();
        up.wait().unwrap();
        wait_until("at most one holder is left", || holders_named(&name).len() < 2);
        yard.ok("up");
        assert_same(&yard.state(), &expected, &format!("killed after {tenth} tenths of the time"));
        assert!(yard.ok("up").contains("nothing to do"));
        if tenth % 2 == 0 {
            yard.ok("down");
            assert!(holders_named(&name).is_empty(), "a holder is left");
        }
    }
    yard.assert_reaches("a", ["b", "web1", "web20"]);
}

/// The same while a running lab is changed: killed, then taken away at once.
#[test]
fn a_change_killed_at_any_moment() {
    let name = own_name("changed");
    let Some(yard) = Netyard::new() else { return };
    for tenth in 0..6_u32 {
        yard.change(&file(&name, 2));
        yard.write("netyard.toml", file(&name, 20).replace("10.1.0.0/24", "10.2.0.0/24"));
        let mut up = yard.command(["up"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let moment = std::time::Instant::now() + std::time::Duration::from_millis(u64::from(tenth) * 30);
        wait_until("the moment comes", || std::time::Instant::now() >= moment);
        kill(Pid::from_raw(up.id().cast_signed()), Signal::SIGKILL).unwrap();
        up.wait().unwrap();
        if tenth % 2 == 0 {
            yard.ok("up");
            yard.run("plan --check").expect_code(0);
            yard.assert_reaches("a", ["b", "web20"]);
        }
        yard.ok("down");
        assert!(holders_named(&name).is_empty(), "a holder is left");
    }
}

/// Killed before it has written down who the holder is: no holder is left behind that nobody knows.
#[test]
fn a_holder_that_nobody_knows_ends() {
    let name = own_name("orphan");
    let Some(yard) = Netyard::new() else { return };
    yard.write("netyard.toml", file(&name, 1));
    for _ in 0..20 {
        let mut up = yard.command(["up"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_until("a holder begins", || {
            !holders_named(&name).is_empty() || up.try_wait().unwrap().is_some()
        });
        let _ = up.kill();
        up.wait().unwrap();
        yard.ok("down");
        wait_until("no holder is left", || holders_named(&name).is_empty());
    }
}

/// Whoever reads a pipe to its end would wait for the lab, if the lab kept the other end.
#[test]
fn a_holder_keeps_no_file_of_who_started_it() {
    let Some(yard) = Netyard::new() else { return };
    yard.write("netyard.toml", file("files", 1));
    let program = env!("CARGO_BIN_EXE_netyard");
    let usual = yard.command(["up"]);
    let mut up = std::process::Command::new("/bin/sh");
    up.args(["-c", "exec 7>/dev/null; exec \"$0\" up", program]).stdout(Stdio::null());
    up.current_dir(usual.get_current_dir().unwrap()).env_clear();
    up.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
    assert!(up.status().unwrap().success());
    let holder = &yard.json("ls --json")["labs"][0]["holder_pid"];
    let open = std::fs::read_dir(format!("/proc/{holder}/fd")).unwrap();
    let mut open: Vec<_> = open.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    open.sort();
    assert_eq!(open, ["0", "1", "2"]);
}

#[test]
fn a_record_that_cannot_be_read_is_told_and_can_be_removed() {
    let yard = Netyard::without_kernel();
    let lab = yard.run_dir().join("odd");
    fs::create_dir_all(&lab).unwrap();
    for (text, complaint) in
        [("half a rec", "does not hold the record of a lab"), ("{\"version\": 99}", "another version")]
    {
        fs::write(lab.join("lab.json"), text).unwrap();
        yard.run("show nodes -l odd").expect_code(1).expect_complaint(complaint).expect_complaint("hint: ");
        assert!(yard.ok("ls").contains("odd"));
        yard.run("down odd").expect_code(1).expect_complaint("hint: ");
    }
    fs::remove_dir_all(lab).unwrap();
}
