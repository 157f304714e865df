"""What every later part stands on: other people's floods, swaps and hangs, and eight writers at once."""
