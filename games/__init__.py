"""What is played: pure, headless games of integers. No clock, no file, no pygame, no `random`."""
