"""What a report tells of a session or a study, as figures and words."""
