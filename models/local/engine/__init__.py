"""llama.cpp by its low-level interface: the only package that imports `llama_cpp`. Worker process only."""
