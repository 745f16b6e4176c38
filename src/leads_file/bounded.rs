//! A reader that stops when one row alone is larger than any honest row.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// The largest row, in bytes, with all its cells and what separates them.
pub(super) const ROW_BYTES_MAX: u64 = 4_000_000;

/// How much may still be read before the next row must have ended.
#[derive(Clone, Debug)]
pub(super) struct Allowance(Rc<Cell<u64>>);

impl Allowance {
    /// A row has ended: the next one may be as large again.
    pub(super) fn renew(&self) {
        self.0.set(ROW_BYTES_MAX);
    }
}

/// Wraps a reader; the parser behind it grows its buffers with what it reads, so that bounding the
/// bytes read within a row bounds its memory.
pub(super) struct Bounded<R> {
    inner: R,
    left: Allowance,
}

impl<R: Read> Bounded<R> {
    pub(super) fn new(inner: R) -> (Bounded<R>, Allowance) {
        let left = Allowance(Rc::new(Cell::new(ROW_BYTES_MAX)));
        (
            Bounded {
                inner,
                left: left.clone(),
            },
            left,
        )
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n_read = self.inner.read(buf)?;
        let left = self.left.0.get().checked_sub(n_read as u64);
        self.left
            .0
            .set(left.ok_or_else(|| io::Error::other(RowTooLong))?);
        Ok(n_read)
    }
}

/// One row took more than [`ROW_BYTES_MAX`].
#[derive(Debug, thiserror::Error)]
#[error("expected a row of at most {} MB, found a larger one", ROW_BYTES_MAX / 1_000_000)]
pub(super) struct RowTooLong;

/// Whether a read failed because of [`RowTooLong`].
pub(super) fn is_too_long(err: &io::Error) -> bool {
    err.get_ref().is_some_and(|inner| inner.is::<RowTooLong>())
}
