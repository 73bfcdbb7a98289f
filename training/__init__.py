"""What makes the files in `engine/data` that are learned: pictures, edits, networks."""
