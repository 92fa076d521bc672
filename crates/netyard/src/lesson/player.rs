//! Playing a page: every command is run, and its output shown.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, PipeReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::Lesson;
use super::page::{self, Part, Shell};
use crate::render::style::{DIM, ERROR, HEADING};

/// A lesson could not be played, or did not come out as its page says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlayError {
    /// A program that the lesson types is not installed.
    #[error("the lesson uses `{program}`, which is not installed")]
    Missing { program: String },
    /// The folder of the lesson could not be made.
    #[error("cannot write {}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    /// A shell could not be run.
    #[error("cannot run a shell")]
    Shell(#[source] io::Error),
    /// The answer could not be printed.
    #[error("cannot write the answer")]
    Output(#[source] io::Error),
    /// The page types into a shell that it has not opened.
    #[error("line {line} of the page types into a shell that is not open")]
    NoShell { line: usize },
    /// A command came out otherwise than the page says.
    #[error("{} came out otherwise than the page says", if *count == 1 { String::from("one command") } else { format!("{count} commands") })]
    Differs { count: usize },
}

/// Plays a lesson: prints its prose, its commands and what comes of them. With `check`, says where that is not what the page
/// says.
pub(crate) fn play(lesson: &Lesson, page: &str, check: bool) -> Result<(), PlayError> {
    let parts = page::parse(page);
    check_programs(&parts)?;
    let folder = Folder::make(lesson)?;
    let mut player = Player { folder: &folder, inner: None };
    let mut differing = 0;
    for part in &parts {
        match part {
            Part::Prose(text) => say(&format!("{DIM}{text}{DIM:#}\n"))?,
            Part::Command(command) => {
                let prompt = command.shell.prompt();
                say(&format!("{HEADING}{prompt} {}{HEADING:#}\n", command.text.replace('\n', "\n> ")))?;
                let output = player.run(command)?;
                for line in &output {
                    say(&format!("{line}\n"))?;
                }
                if check && !page::matches(&command.expected, &output) {
                    differing += 1;
                    let expected = command.expected.join("\n");
                    say(&format!("{ERROR}line {} of the page says{ERROR:#}:\n{expected}\n", command.line))?;
                }
            }
        }
    }
    if differing == 0 { Ok(()) } else { Err(PlayError::Differs { count: differing }) }
}

fn say(text: &str) -> Result<(), PlayError> {
    anstream::stdout().lock().write_all(text.as_bytes()).map_err(PlayError::Output)
}

/// The programs that the lessons type and that a machine may lack.
const PROGRAMS: [&str; 4] = ["ip", "bridge", "ping", "arp"];

/// Whether a program is where the lessons look for it.
pub(crate) fn has_program(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(SYSTEM_PATHS.map(PathBuf::from)).any(|dir| dir.join(program).is_file())
}

fn check_programs(parts: &[Part]) -> Result<(), PlayError> {
    for part in parts {
        let Part::Command(command) = part else { continue };
        let mut words =
            command.text.split(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '(' | ')'));
        let uses = |program: &&&str| words.any(|word| word == **program);
        let missing: Option<&&str> = PROGRAMS.iter().filter(uses).find(|program| !has_program(program));
        if let Some(program) = missing {
            return Err(PlayError::Missing { program: (*program).to_owned() });
        }
    }
    Ok(())
}

/// Where `ip` and `bridge` are, which the search path of an ordinary user often lacks.
const SYSTEM_PATHS: [&str; 2] = ["/usr/sbin", "/sbin"];

/// The folder in which a lesson is played: its files, `netyard` on the search path, and a directory for its labs, so that they
/// are nobody else's. All of it goes when the value does, and the labs with it.
struct Folder(PathBuf);

impl Folder {
    fn make(lesson: &Lesson) -> Result<Self, PlayError> {
        let template = env::temp_dir().join("netyard-lesson-XXXXXX");
        let failed = |path: &Path| {
            let path = path.to_owned();
            |source| PlayError::Folder { path, source }
        };
        let dir = nix::unistd::mkdtemp(&template).map_err(io::Error::from).map_err(failed(&template))?;
        let folder = Self(dir);
        let bin = folder.0.join("bin");
        fs::create_dir(&bin).map_err(failed(&bin))?;
        let program = env::current_exe().map_err(failed(&bin))?;
        std::os::unix::fs::symlink(program, bin.join("netyard")).map_err(failed(&bin))?;
        let place = folder.place();
        fs::create_dir(&place).map_err(failed(&place))?;
        for (name, text) in lesson.files {
            let path = place.join(name);
            fs::write(&path, text).map_err(failed(&path))?;
        }
        Ok(folder)
    }

    /// Where the commands are typed.
    fn place(&self) -> PathBuf {
        self.0.join("lesson")
    }

    fn command(&self, program: &str) -> Command {
        let mut path = vec![self.0.join("bin")];
        path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        path.extend(SYSTEM_PATHS.map(PathBuf::from));
        let path: OsString = env::join_paths(path).unwrap_or_default();
        let mut command = Command::new(program);
        command
            .current_dir(self.place())
            .env("PATH", path)
            .env("NETYARD_RUN_DIR", self.0.join("run"))
            .env("SHELL", "/bin/sh")
            .env("LC_ALL", "C")
            .env("NO_COLOR", "1")
            .env_remove("PS1")
            .env_remove("ENV");
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A page that was broken off may have left a lab.
        let _ = self
            .command("netyard")
            .args(["down", "--all"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Player<'a> {
    folder: &'a Folder,
    inner: Option<InnerShell>,
}

impl Player<'_> {
    /// Runs a command in its shell, and gives its output, line by line.
    fn run(&mut self, command: &page::Command) -> Result<Vec<String>, PlayError> {
        match command.shell {
            Shell::Outer => {
                if let Some(inner) = self.inner.take() {
                    inner.close()?;
                }
                if opens_shell(&command.text) {
                    self.inner = Some(InnerShell::open(self.folder, &command.text)?);
                    return Ok(Vec::new());
                }
                run_outer(self.folder, &command.text)
            }
            Shell::Inner => {
                if command.text == "exit" {
                    let inner = self.inner.take().ok_or(PlayError::NoShell { line: command.line })?;
                    return inner.close();
                }
                let inner = self.inner.as_mut().ok_or(PlayError::NoShell { line: command.line })?;
                inner.run(&command.text).map_err(PlayError::Shell)
            }
        }
    }
}

/// Whether a command opens a shell that the page types into.
fn opens_shell(command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    matches!(words.as_slice(), ["netyard", "enter" | "shell", rest @ ..] if !rest.contains(&"--"))
}

fn run_outer(folder: &Folder, command: &str) -> Result<Vec<String>, PlayError> {
    let run = || {
        let (reader, writer) = io::pipe()?;
        let mut shell = folder.command("/bin/sh");
        shell.args(["-c", command]).stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let mut child = shell.spawn()?;
        // The command holds the writing end until it is dropped, and the reader would wait for it.
        drop(shell);
        let lines = BufReader::new(reader).lines().collect::<io::Result<Vec<String>>>();
        child.wait()?;
        lines
    };
    run().map_err(PlayError::Shell)
}

/// A shell that stays open over several commands.
struct InnerShell {
    child: Child,
    stdin: ChildStdin,
    output: BufReader<PipeReader>,
}

/// Printed after every command of an inner shell, so that the end of its output is known.
const END_OF_OUTPUT: &str = "end-of-the-output-of-this-command";

impl InnerShell {
    fn open(folder: &Folder, command: &str) -> Result<Self, PlayError> {
        let open = || {
            let (reader, writer) = io::pipe()?;
            let mut words = command.split_whitespace();
            let mut shell = folder.command(words.next().unwrap_or("netyard"));
            shell.args(words).stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
            let mut child = shell.spawn()?;
            let stdin = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
            Ok(Self { child, stdin, output: BufReader::new(reader) })
        };
        open().map_err(PlayError::Shell)
    }

    fn run(&mut self, command: &str) -> io::Result<Vec<String>> {
        // In braces, so that `cd` and variables last; without our input, so that no command reads the next one.
        writeln!(self.stdin, "{{ {command}\n}} </dev/null 2>&1; printf '\\n%s\\n' {END_OF_OUTPUT}")?;
        self.stdin.flush()?;
        let mut lines = Vec::new();
        for line in (&mut self.output).lines() {
            let line = line?;
            if line == END_OF_OUTPUT {
                // The line break before the mark is ours, and an empty line where the output had ended its last one.
                if lines.last().is_some_and(String::is_empty) {
                    lines.pop();
                }
                return Ok(lines);
            }
            lines.push(line);
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    fn close(mut self) -> Result<Vec<String>, PlayError> {
        drop(self.stdin);
        let lines = self.output.lines().collect::<io::Result<Vec<String>>>();
        self.child.wait().map_err(PlayError::Shell)?;
        lines.map_err(PlayError::Shell)
    }
}
