//! The literature of multi-producer single-consumer queues, made runnable. Still to
//! come: see the README.
