//! columns of the sync under test here.
