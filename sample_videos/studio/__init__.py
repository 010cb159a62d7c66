"""The film studio: draws figures and places with OpenGL on EGL, and sees them through a cheap camera."""
