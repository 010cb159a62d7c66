"""Settings files: YAML in, typed settings out, and one clear line for each fault with its file, line and setting."""
