"""What the command line can do. Knows no Qt; each command gets its services handed in."""
