//! Numbers that nobody can guess (getrandom(2)): the kernel's, which needs no file for them.

use nix::errno::Errno;

/// Fills `bytes`. Waits, shortly after the machine's start, until the kernel has gathered enough.
///
/// # Errors
/// What the kernel answered: a filter of system calls may forbid it.
pub fn fill_random(bytes: &mut [u8]) -> Result<(), Errno> {
    let mut filled = 0;
    while filled < bytes.len() {
        let rest = &mut bytes[filled..];
        // SAFETY: the pointer and the length are those of a live buffer.
        let got = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match Errno::result(got) {
            Ok(got) => filled += usize::try_from(got).expect("a length is not negative"),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_filled_and_never_the_same() {
        let (mut one, mut other) = ([0; 5000], [0; 5000]);
        fill_random(&mut one).unwrap();
        fill_random(&mut other).unwrap();
        assert_ne!(one, other);
        // No run of sixteen zeros: that is one chance in 2^116.
        assert!(one.windows(16).all(|run| run != [0; 16]));
    }
}
