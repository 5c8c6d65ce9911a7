"""The application people see; the only package that imports Qt."""
