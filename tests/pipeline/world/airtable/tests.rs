//! The base itself, asked as any client asks it.
