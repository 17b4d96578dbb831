"""The three-way proof of every check: it passes, it fails on its own fault, and it says that it could not look."""
