//! The resolver file of a node, resolv.conf(5): Netyard's as a whole, or a person's.

use netyard_types::NodeState;

/// The first line of a resolver file that says what the lab's own does. A node has it from the start, so that a command that
/// runs already, with the file bound over its `/etc/resolv.conf`, sees it become another.
pub const RESOLV_COPY: &str = "# the lab's own, copied by netyard up";

/// Whether Netyard wrote a resolver file.
pub(crate) fn is_our_resolv(text: &str) -> bool {
    text.lines().next().is_some_and(|line| line.trim_end() == NodeState::RESOLV_MARK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_line_says_whose_a_file_is() {
        assert!(is_our_resolv("# written by netyard up\nnameserver 127.0.0.53\n"));
        assert!(is_our_resolv("# written by netyard up \r\nnameserver 10.9.9.9"));
        assert!(!is_our_resolv("nameserver 10.9.9.9\n# written by netyard up\n"));
        assert!(!is_our_resolv("# written by netyard up and me\n"));
        assert!(!is_our_resolv(""));
    }
}
