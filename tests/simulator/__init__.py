"""Two real sessions on simulated machines and a simulated link, in virtual time. One seed is one run."""
