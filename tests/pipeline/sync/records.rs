//! records of the sync under test here.
