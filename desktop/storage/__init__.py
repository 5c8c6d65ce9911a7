"""SQLite through apsw; knows no Qt."""
