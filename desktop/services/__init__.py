"""Objects with signals and without widgets."""
