//! Sharing work between threads. No thread is woken for work too small to share.
