"""Answers from OpenAI-compatible servers elsewhere."""
