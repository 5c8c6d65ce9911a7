"""The rooms of the program: each builds its objects once and connects them, for the composition root."""
