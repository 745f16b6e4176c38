//! edits of the sync under test here.
