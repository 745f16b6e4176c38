//! soak of the sync under test here.
