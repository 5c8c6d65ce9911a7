"""Paths, settings file, crash reports; knows no Qt."""
