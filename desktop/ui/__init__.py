"""Widgets: they show values and say what the user did."""
