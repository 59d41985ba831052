"""What comes in as bytes, held against hostile storage on real sockets."""
