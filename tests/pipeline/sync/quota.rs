//! quota of the sync under test here.
