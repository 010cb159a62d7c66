"""Settings that come with Levee: the demo's, examples to start from, schemas for editors, and other programs' files."""
