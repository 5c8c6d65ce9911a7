"""What answers can be told to be like: fields, a form of them, and where the form stands."""
