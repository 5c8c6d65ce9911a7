"""The conversation: transcript, composer, welcome."""
