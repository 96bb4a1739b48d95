"""Two real sessions on simulated machines and a simulated link, in virtual time. One seed is one run.

    python -m tests.simulator --seeds 1000 --start 0           every law, and everything must really have happened
    python -m tests.simulator --seeds 1 --start 4711           one run again, exactly
    python -m tests.simulator --mutant keep-tail               a broken rule, which must be caught (exit code 1)

How to read it, in the order of one run:

`plan`      what goes wrong, as values; also what may be expected of such a run (`is_calm`, `time_limit`)
`faults`    draws the plan of a seed; every fault class is one function
`world`     two machines and a network in one virtual time, until both are done or time is up
`machine`   a clock of its own (offset, skew), stalls, crashes, restarts; the same loop as the client: drain, run, send
`person`    who makes the inputs: keys, focus, a bot; `tampering`: a game that goes wrong on one machine
`network`   loss, bursts, duplicates, delay, damage, outages; packets of another session, old ones, forged ones
`witness`   what one machine recorded, the rules of every tick, and what really happened to it
`oracle`    what must be true of every run; each broken law is one sentence
`campaign`  many seeds on both cores, and the coverage counters: green is worth nothing where nothing happened
`mutants`   deliberately broken rules, patched into the real classes for the length of a block
`shrink`    the smallest plan that still fails; `corpus`: such plans, kept for ever and played by a test

Nothing here sleeps or reads a clock, so a run of a minute takes some milliseconds. The sessions, the pulse, the packets
and the games are the real ones; what is simulated is only what surrounds them.
"""
