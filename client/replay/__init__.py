"""A recorded episode shown again, by the drawing code of the client: true, or as one seat was shown it."""
