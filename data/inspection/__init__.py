"""Both seats' local records of an episode, frame by frame and in sum."""
