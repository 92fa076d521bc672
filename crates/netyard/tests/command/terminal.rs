//! A person's terminal: the command on the node has it, and its keys reach it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};

use nix::pty::openpty;
use nix::sys::signal::Signal;

use crate::support::{Netyard, has_programs, is_ignored, wait_for};

const FILE: &str = "name = \"one\"\nhost.a = {}\nhost.b = {}\ncable = [{ between = [\"a\", \"b\"], subnet = \"10.0.0.0/30\" }]\n";

/// A program on a terminal of its own.
struct Terminal {
    child: Child,
    keys: File,
    screen: String,
}

impl Terminal {
    /// `setsid` makes the new terminal the controlling one, as a terminal window does.
    fn open(yard: &Netyard, args: &[&str]) -> Self {
        let pty = openpty(None, None).unwrap();
        let stream = File::from(pty.slave);
        let mut command =
            yard.program("setsid", ["--ctty", "--wait", crate::support::PROGRAM].iter().chain(args));
        command.env("TERM", "dumb").env("SHELL", "/bin/sh").env("PS1", "> ");
        command.stdin(stream.try_clone().unwrap()).stdout(stream.try_clone().unwrap()).stderr(stream);
        let child = command.spawn().unwrap();
        Self { child, keys: File::from(pty.master), screen: String::new() }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Reads until the screen shows `text`, and forgets what was shown before.
    fn wait_for(&mut self, text: &str) {
        let mut bytes = [0; 1024];
        wait_for("the screen shows what is to come", || {
            if let Some(at) = self.screen.find(text) {
                self.screen.drain(..at + text.len());
                return Some(());
            }
            // The terminal closes with its last program (EIO).
            let read = self.keys.read(&mut bytes).unwrap_or(0);
            assert!(read > 0, "closed before it showed {text:?}: {:?}", self.screen);
            self.screen.push_str(&String::from_utf8_lossy(&bytes[..read]));
            None
        });
    }

    fn status(mut self) -> ExitStatus {
        let mut rest = Vec::new();
        let _ = self.keys.read_to_end(&mut rest);
        self.child.wait().unwrap()
    }
}

#[test]
fn a_command_has_the_terminal() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    if !has_programs(&["setsid"]) {
        return;
    }
    for words in [&["exec", "a", "--"][..], &["enter", "--"], &["enter", "--empty", "--"]] {
        let script = "test -t 0 && test -t 1 && test -t 2 && echo 'it is one'; read line </dev/tty; echo \"read $line\"";
        let mut terminal = Terminal::open(&yard, &[words, &["sh", "-c", script]].concat());
        terminal.wait_for("it is one");
        terminal.press("words\n");
        terminal.wait_for("read words");
        assert_eq!(terminal.status().code(), Some(0));
    }
}

#[test]
fn the_interrupt_key_reaches_the_command_once() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    if !has_programs(&["setsid"]) || is_ignored(Signal::SIGINT) {
        return;
    }
    let script = "count=0; trap 'count=$((count+1)); echo interrupt $count' INT; echo ready; \
        read line; echo \"after $count\"; exit 9";
    for words in [&["exec", "a", "--"][..], &["enter", "--"], &["enter", "--empty", "--"]] {
        let mut terminal = Terminal::open(&yard, &[words, &["sh", "-c", script]].concat());
        terminal.wait_for("ready");
        terminal.press("\x03");
        terminal.wait_for("interrupt 1");
        terminal.press("\n");
        terminal.wait_for("after 1");
        assert_eq!(terminal.status().code(), Some(9));
    }
}

#[test]
fn the_interrupt_key_ends_a_command_that_does_not_mind_it() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    if !has_programs(&["setsid"]) || is_ignored(Signal::SIGINT) {
        return;
    }
    let mut terminal = Terminal::open(&yard, &["exec", "a", "--", "sh", "-c", "echo ready; exec sleep 1000"]);
    terminal.wait_for("ready");
    terminal.press("\x03");
    // `setsid --wait` ends as what it has waited for.
    assert_eq!(terminal.status().signal(), Some(Signal::SIGINT as i32));
}

/// The interrupt key ends a ping, which then tells what it has measured so far.
#[test]
fn an_interrupted_ping_gives_its_sums() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    if !has_programs(&["setsid"]) || is_ignored(Signal::SIGINT) {
        return;
    }
    let mut terminal = Terminal::open(&yard, &["ping", "a", "b", "-c", "60000", "-i", "0.01"]);
    terminal.wait_for("seq=3 ");
    terminal.press("\x03");
    terminal.wait_for(" 0.0 % lost");
    assert_eq!(terminal.status().code(), Some(0));
}

/// A shell with job control: a job is stopped and brought back, and the terminal is usable after the shell.
#[test]
fn a_shell_has_job_control() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    if !has_programs(&["setsid", "bash"]) {
        return;
    }
    let pty_shell = ["exec", "a", "--", "bash", "--norc", "--noprofile", "-i"];
    let mut terminal = Terminal::open(&yard, &pty_shell);
    terminal.wait_for("> ");
    terminal.press("sleep 1000\n");
    terminal.wait_for("sleep 1000");
    terminal.press("\x1a");
    terminal.wait_for("Stopped");
    terminal.press("kill %1; hostname; exit 4\n");
    terminal.wait_for("\r\na\r\n");
    assert_eq!(terminal.status().code(), Some(4));
}
