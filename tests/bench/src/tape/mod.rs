//! What a function asks of its stores, written down at the wire and played again.
