"""llama.cpp on this machine, in a process of its own."""
