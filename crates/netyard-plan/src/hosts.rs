//! The hosts file of a node: the lines it begins with, and the block of lines in it that Netyard keeps.

use alloc::string::String;

/// What a fresh hosts file holds.
pub const HOSTS_BASE: &str = "127.0.0.1 localhost\n\
    ::1 localhost ip6-localhost ip6-loopback\n\
    ff02::1 ip6-allnodes\n\
    ff02::2 ip6-allrouters\n";

/// The line before Netyard's lines.
pub const HOSTS_BEGIN: &str = "# netyard: begin, written by netyard up";

/// The line behind Netyard's lines.
pub const HOSTS_END: &str = "# netyard: end";

/// Where Netyard's block stands in a hosts file, in bytes.
struct Block {
    /// The start of the opening line.
    start: usize,
    /// The lines between the marks.
    lines: core::ops::Range<usize>,
    /// Behind the closing line, its newline included.
    end: usize,
}

/// Finds the first whole block. A mark without its partner is a line like any other.
fn find_block(file: &str) -> Option<Block> {
    let mut at = 0;
    let mut open: Option<(usize, usize)> = None;
    for line in file.split_inclusive('\n') {
        let next = at + line.len();
        match (line.trim_end(), open) {
            // Of two opening lines the later one counts: the text between them is not Netyard's for sure.
            (HOSTS_BEGIN, _) => open = Some((at, next)),
            (HOSTS_END, Some((start, first))) => return Some(Block { start, lines: first..at, end: next }),
            _ => {}
        }
        at = next;
    }
    None
}

/// The lines that Netyard keeps in `file`; `None` if it keeps none there.
#[must_use]
pub fn netyard_lines(file: &str) -> Option<&str> {
    find_block(file).map(|block| &file[block.lines])
}

/// `file` with `lines` in the place of the lines that Netyard kept there, or at its end if it kept none; `None` takes them out.
/// All other lines stay as they are.
#[must_use]
pub fn splice_hosts(file: &str, lines: Option<&str>) -> String {
    let (before, behind) = match find_block(file) {
        Some(block) => (&file[..block.start], &file[block.end..]),
        None => (file, ""),
    };
    let mut spliced = String::with_capacity(file.len() + lines.map_or(0, str::len) + 64);
    spliced.push_str(before);
    if let Some(lines) = lines {
        end_line(&mut spliced);
        push_block(&mut spliced, lines);
    }
    spliced.push_str(behind);
    spliced
}

/// Netyard's lines between their marks.
pub(crate) fn push_block(text: &mut String, lines: &str) {
    text.push_str(HOSTS_BEGIN);
    text.push('\n');
    text.push_str(lines);
    end_line(text);
    text.push_str(HOSTS_END);
    text.push('\n');
}

/// Closes the last line, if it is open.
fn end_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    const LINES: &str = "10.0.0.1 a\n10.0.0.2 b db\n";

    #[test]
    fn what_is_written_is_read_again() {
        let file = splice_hosts(HOSTS_BASE, Some(LINES));
        assert!(file.starts_with(HOSTS_BASE));
        assert_eq!(netyard_lines(&file), Some(LINES));
        assert_eq!(splice_hosts(&file, Some(LINES)), file);
        assert_eq!(splice_hosts(&file, None), HOSTS_BASE);
        assert_eq!(netyard_lines(HOSTS_BASE), None);
        assert_eq!(netyard_lines(&splice_hosts("", Some(""))), Some(""));
    }

    #[test]
    fn the_lines_of_a_person_stay_where_they_are() {
        let file = format!("10.9.9.9 mine\n{}10.9.9.8 later", splice_hosts("", Some(LINES)));
        let spliced = splice_hosts(&file, Some("10.0.0.7 c\n"));
        assert_eq!(spliced, format!("10.9.9.9 mine\n{HOSTS_BEGIN}\n10.0.0.7 c\n{HOSTS_END}\n10.9.9.8 later"));
        assert_eq!(splice_hosts(&spliced, None), "10.9.9.9 mine\n10.9.9.8 later");
        assert_eq!(splice_hosts("no newline", Some(LINES)).lines().next(), Some("no newline"));
    }

    #[test]
    fn half_a_block_is_no_block() {
        let open = format!("{HOSTS_BEGIN}\n10.9.9.9 mine\n");
        assert_eq!(netyard_lines(&open), None);
        assert_eq!(splice_hosts(&open, None), open);
        let spliced = splice_hosts(&open, Some(LINES));
        assert!(spliced.starts_with(&open));
        assert_eq!(netyard_lines(&spliced), Some(LINES));
        let closed = format!("{HOSTS_END}\n").to_string();
        assert_eq!(netyard_lines(&closed), None);
    }
}
