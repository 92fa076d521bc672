//! A line that shows how far a long work is, on a terminal and nowhere else.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use netyard_plan::Progress;

/// The line. It is drawn at most some times a second, and not at all for work that is done before anybody could read it.
pub(crate) struct Bar {
    is_terminal: bool,
    begun: Instant,
    drawn: Option<Instant>,
}

const BEFORE_FIRST: Duration = Duration::from_millis(300);
const BETWEEN: Duration = Duration::from_millis(80);

impl Bar {
    /// A line that is not drawn yet.
    pub(crate) fn new() -> Self {
        Self { is_terminal: std::io::stderr().is_terminal(), begun: Instant::now(), drawn: None }
    }

    /// Shows how far a plan is.
    pub(crate) fn step(&mut self, progress: &Progress) {
        let (done, total) = (progress.done, progress.total);
        self.draw(|| format!("{done} of {total} steps"));
    }

    /// Shows how many nodes carry packets.
    pub(crate) fn wait(&mut self, ready: usize, of: usize) {
        self.draw(|| format!("{ready} of {of} nodes ready"));
    }

    fn draw(&mut self, text: impl FnOnce() -> String) {
        let due = match self.drawn {
            None => self.begun.elapsed() >= BEFORE_FIRST,
            Some(last) => last.elapsed() >= BETWEEN,
        };
        if self.is_terminal && due {
            let mut stderr = std::io::stderr().lock();
            let _ = write!(stderr, "\r\x1b[K{}", text());
            let _ = stderr.flush();
            self.drawn = Some(Instant::now());
        }
    }

    /// Takes the line away.
    pub(crate) fn clear(&mut self) {
        if self.drawn.take().is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
