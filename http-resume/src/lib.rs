//! http-resume
